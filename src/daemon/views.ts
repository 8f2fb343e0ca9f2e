// The daemon's data as records for the API.
import { changeStatus, errText } from '../core/change.ts';
import type { Change, Task } from '../core/change.ts';
import type { ChangeRecord, TaskRecord } from './records.ts';

export function changeRecord(change: Change): ChangeRecord {
  const err = errText(change);
  return {
    id: change.id,
    kind: change.kind,
    summary: change.summary,
    status: changeStatus(change),
    tasks: change.tasks.map(taskRecord),
    ready: change.readyTime !== undefined,
    ...(err === undefined ? {} : { err }),
    spawnTime: change.spawnTime,
    ...(change.readyTime === undefined ? {} : { readyTime: change.readyTime }),
  };
}

function taskRecord(task: Task): TaskRecord {
  const { id, kind, summary, status, log, spawnTime, readyTime, data } = task;
  const unset = { label: '', done: status === 'Do' ? 0 : 1, total: 1 };
  return {
    id,
    kind,
    summary,
    status,
    log,
    progress: task.progress ?? unset,
    spawnTime,
    ...(readyTime === undefined ? {} : { readyTime }),
    ...(data === undefined ? {} : { data }),
  };
}
