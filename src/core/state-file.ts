// The state file in Pebble's layout, so that either program can go on from the other's file. What djsup does not know
// in it is kept as it is. Restoring what was encoded gives the same state.
import * as z from 'zod/mini';
import { isReady } from './change.ts';
import type { Change, Status, Task } from './change.ts';
import { decodeNotices, encodeNotice } from './notice-file.ts';
import type { NoticeSnapshot } from './notice-file.ts';
import type { Result } from './result.ts';
import { fail, ok } from './result.ts';

export interface ChangeSnapshot {
  readonly changes: readonly Change[];
  readonly lastChangeId: number;
  readonly lastTaskId: number;
  readonly lastLane: number;
}

export interface Snapshot extends ChangeSnapshot, NoticeSnapshot {}

const emptySnapshot: Snapshot = {
  changes: [],
  lastChangeId: 0,
  lastTaskId: 0,
  lastLane: 0,
  notices: [],
  lastNoticeId: 0,
};

/** Pebble's numbers for statuses. */
const numbers: Readonly<Record<Status, number>> = {
  Hold: 1,
  Do: 2,
  Doing: 3,
  Done: 4,
  Abort: 5,
  Undo: 6,
  Undoing: 7,
  Undone: 8,
  Error: 9,
  Wait: 10,
};
const statuses = new Map(Object.entries(numbers).map(([status, number]) => [number, status as Status]));

const ids = z.optional(z.nullable(z.array(z.string())));
const time = z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text))));
const laterTime = z.optional(z.nullable(time));
const changeShape = z.looseObject({
  id: z.string(),
  kind: z.string(),
  summary: z.string(),
  'task-ids': ids,
  data: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
  'spawn-time': time,
  'ready-time': laterTime,
});
const taskShape = z.looseObject({
  id: z.string(),
  kind: z.string(),
  summary: z.string(),
  status: z.int(),
  data: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
  'wait-tasks': ids,
  'follow-tasks': ids,
  lanes: z.optional(z.nullable(z.array(z.int()))),
  log: ids,
  change: z.string(),
  'spawn-time': time,
  'ready-time': laterTime,
});
const fileShape = z.looseObject({
  changes: z.optional(z.nullable(z.record(z.string(), changeShape))),
  tasks: z.optional(z.nullable(z.record(z.string(), taskShape))),
  'last-change-id': z.optional(z.int()),
  'last-task-id': z.optional(z.int()),
  'last-lane-id': z.optional(z.int()),
  notices: z.optional(z.unknown()),
  'last-notice-id': z.optional(z.int()),
});

type TaskShape = z.infer<typeof taskShape>;

/** What a file holds: changes and notices, and all the rest to be written back unchanged. */
export interface StateFile {
  readonly snapshot: Snapshot;
  readonly rest: Readonly<Record<string, unknown>>;
}

export const emptyStateFile: StateFile = {
  snapshot: emptySnapshot,
  rest: { data: { 'patch-level': 2, 'patch-sublevel': 0 } },
};

export function encodeState(file: StateFile): string {
  const { snapshot, rest } = file;
  const tasks = snapshot.changes.flatMap((change) => change.tasks);
  return JSON.stringify({
    ...rest,
    changes: Object.fromEntries(snapshot.changes.map((change) => [change.id, encodeChange(change)])),
    tasks: Object.fromEntries(tasks.map((task) => [task.id, encodeTask(task)])),
    'last-change-id': snapshot.lastChangeId,
    'last-task-id': snapshot.lastTaskId,
    'last-lane-id': snapshot.lastLane,
    notices: snapshot.notices.map(encodeNotice),
    'last-notice-id': snapshot.lastNoticeId,
  });
}

/** Fails with one sentence when the text is no state file. */
export function decodeState(text: string): Result<StateFile, string> {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return fail('it is not JSON');
  }
  const parsed = z.safeParse(fileShape, raw);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
    return fail(`its entry "${where}" has another form than a state file's`);
  }
  const {
    changes,
    tasks,
    'last-change-id': lastChangeId,
    'last-task-id': lastTaskId,
    'last-lane-id': lastLane,
    notices: rawNotices,
    'last-notice-id': lastNoticeId,
    ...rest
  } = parsed.data;
  const known = tasks ?? {};
  const restored = Object.values(changes ?? {}).map((change): Change => ({
    id: change.id,
    kind: change.kind,
    summary: change.summary,
    services: stringsIn(change.data?.['service-names']),
    tasks: (change['task-ids'] ?? []).flatMap((id) => {
      const task = known[id];
      return task === undefined ? [] : [decodeTask(task)];
    }),
    spawnTime: new Date(change['spawn-time']),
    readyTime: readyTime(change['ready-time']),
  }));
  restored.sort((a, b) => Number(a.id) - Number(b.id));
  const notices = decodeNotices(rawNotices);
  const snapshot = {
    changes: restored,
    // A number that was given is never given again, whatever the counters say.
    lastChangeId: highest(lastChangeId, Object.keys(changes ?? {})),
    lastTaskId: highest(lastTaskId, Object.keys(known)),
    lastLane: lastLane ?? 0,
    notices,
    lastNoticeId: highest(
      lastNoticeId,
      notices.map(({ id }) => id),
    ),
  };
  return ok({ snapshot, rest });
}

function highest(counter: number | undefined, given: readonly string[]): number {
  return Math.max(counter ?? 0, ...given.map(Number).filter(Number.isSafeInteger));
}

function encodeChange(change: Change): Record<string, unknown> {
  return {
    id: change.id,
    kind: change.kind,
    summary: change.summary,
    status: 0,
    clean: change.readyTime !== undefined,
    ...(change.services === undefined ? {} : { data: { 'service-names': change.services } }),
    'task-ids': change.tasks.map((task) => task.id),
    'spawn-time': change.spawnTime.toISOString(),
    ...(change.readyTime === undefined ? {} : { 'ready-time': change.readyTime.toISOString() }),
  };
}

function encodeTask(task: Task): Record<string, unknown> {
  return {
    id: task.id,
    kind: task.kind,
    summary: task.summary,
    status: numbers[task.status],
    clean: isReady(task.status),
    data: { ...task.data, subject: task.subject },
    'wait-tasks': task.needs,
    'follow-tasks': task.follows,
    lanes: [task.lane],
    log: task.log,
    change: task.changeId,
    'spawn-time': task.spawnTime.toISOString(),
    ...(task.readyTime === undefined ? {} : { 'ready-time': task.readyTime.toISOString() }),
  };
}

function decodeTask(task: TaskShape): Task {
  const { subject, ...data } = task.data ?? {};
  return {
    id: task.id,
    changeId: task.change,
    kind: task.kind,
    summary: task.summary,
    status: statuses.get(task.status) ?? 'Hold',
    subject:
      typeof subject === 'string' ? subject : (/"(?<name>[^"]*)"/.exec(task.summary)?.groups?.['name'] ?? ''),
    needs: task['wait-tasks'] ?? [],
    follows: task['follow-tasks'] ?? [],
    lane: task.lanes?.[0] ?? 0,
    log: task.log ?? [],
    progress: undefined,
    data: Object.keys(data).length === 0 ? undefined : data,
    spawnTime: new Date(task['spawn-time']),
    readyTime: readyTime(task['ready-time']),
  };
}

// Go writes the zero time where there is none.
function readyTime(text: string | null | undefined): Date | undefined {
  return text === undefined || text === null || text.startsWith('0001-') ? undefined : new Date(text);
}

function stringsIn(value: unknown): readonly string[] | undefined {
  const parsed = z.safeParse(z.array(z.string()), value);
  return parsed.success ? parsed.data : undefined;
}
