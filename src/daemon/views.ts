// The daemon's data as records for the API.
import { changeStatus, errText } from '../core/change.ts';
import type { Change, Task } from '../core/change.ts';
import type { ServiceConfig } from '../core/config.ts';
import { describeExit } from '../core/exit.ts';
import type { Exit } from '../core/exit.ts';
import { currentOf } from '../core/service-text.ts';
import type { ServiceState } from '../core/service-state.ts';
import type { Clock } from '../ports.ts';
import type { ChangeRecord, ServiceRecord, TaskRecord } from './records.ts';

/** What the keeper of services knows of one. */
export interface ServiceFacts {
  readonly state: ServiceState;
  /** When its status for clients last changed. */
  readonly since: Date | undefined;
  /** Restarts by policy. */
  readonly restarts: number;
  /** How its latest run ended. */
  readonly lastExit: Exit | undefined;
  /** What that means for the program that was run. */
  readonly explanation: string | undefined;
  /** The last line that a task printed which failed. */
  readonly lastLine: string | undefined;
  readonly stoppedByUser: boolean;
  /** What its output says is wrong with it although it runs, and until when that counts (monotonic ms) if it is not said again. */
  readonly trouble: { readonly text: string; readonly until: number } | undefined;
}

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

export function serviceRecord(
  config: ServiceConfig,
  entry: ServiceFacts | undefined,
  /** Why it does not run although it is wanted. */
  standby: string | undefined,
  /** What else there is to say of it where nothing is wrong. */
  remark: string | undefined,
  clock: Pick<Clock, 'now' | 'wall'>,
): ServiceRecord {
  const { name, startup } = config;
  const waits = standby === undefined ? undefined : ({ current: 'standby', reason: standby } as const);
  if (entry === undefined)
    return { name, startup, current: 'inactive', state: 'idle', restarts: 0, ...waits };
  const { state, since, restarts, lastExit } = entry;
  const reason = reasonOf(entry) ?? troubleOf(entry, clock.now()) ?? remark;
  return {
    name,
    startup,
    current: currentOf(state),
    ...(since === undefined ? {} : { currentSince: since }),
    state: state.kind,
    ...('pid' in state ? { pid: state.pid } : {}),
    restarts,
    ...(lastExit === undefined ? {} : { lastExit: describeExit(lastExit) }),
    ...(reason === undefined ? {} : { reason }),
    ...(state.kind === 'backoff'
      ? { retryAt: new Date(clock.wall().getTime() + state.until - clock.now()) }
      : {}),
    ...waits,
  };
}

function troubleOf({ trouble }: ServiceFacts, now: number): string | undefined {
  return trouble !== undefined && now < trouble.until ? trouble.text : undefined;
}

function reasonOf(entry: ServiceFacts): string | undefined {
  const { state } = entry;
  switch (state.kind) {
    case 'backoff':
    case 'exited': {
      const why =
        'spawnFailure' in state.cause ? state.cause.spawnFailure : `exited with ${describeExit(state.cause)}`;
      const meaning = entry.explanation ?? entry.lastLine;
      return meaning === undefined ? why : `${why}: ${meaning}`;
    }
    case 'clearing':
      return 'waiting for what an earlier run left behind';
    case 'terminating':
    case 'killing':
      return state.mainGone ? 'waiting for the rest of its process group' : 'waiting for its main process';
    case 'stopped':
      return entry.stoppedByUser ? 'stopped on request' : undefined;
    case 'idle':
    case 'spawning':
    case 'starting':
    case 'working':
    case 'running':
    case 'done':
      return undefined;
  }
}
