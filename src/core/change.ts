// Changes and their tasks as plain data, by Pebble's words. Laws: every change becomes ready; a task runs once all it
// `needs` are Done and all it `follows` are ready; a failed task holds only what needs it, never a stranger.

/** Pebble's statuses; Undo, Undoing, Undone and Wait are only ever read from a file that Pebble wrote. */
export type Status =
  'Hold' | 'Do' | 'Doing' | 'Done' | 'Abort' | 'Undo' | 'Undoing' | 'Undone' | 'Error' | 'Wait';

export interface Progress {
  readonly label: string;
  readonly done: number;
  readonly total: number;
}

export interface Task {
  readonly id: string;
  readonly changeId: string;
  /** start, stop, perform-check, recover-check. */
  readonly kind: string;
  readonly summary: string;
  readonly status: Status;
  /** What it is about: a service's or a check's name. */
  readonly subject: string;
  /** Ids of tasks that must be Done first; if one cannot be, this one is held. */
  readonly needs: readonly string[];
  /** Ids of tasks that must be ready first, whatever came of them. */
  readonly follows: readonly string[];
  readonly lane: number;
  /** The newest `logLimit` lines. */
  readonly log: readonly string[];
  readonly progress: Progress | undefined;
  readonly data: Readonly<Record<string, unknown>> | undefined;
  readonly spawnTime: Date;
  readonly readyTime: Date | undefined;
}

export interface Change {
  readonly id: string;
  readonly kind: string;
  readonly summary: string;
  readonly tasks: readonly Task[];
  /** Names of the services it is about, for `changes SERVICE`; undefined for a check's change. */
  readonly services: readonly string[] | undefined;
  readonly spawnTime: Date;
  readonly readyTime: Date | undefined;
}

/** Log lines kept per task. */
const logLimit = 10;

export type Outcome =
  | { readonly status: 'Done' }
  | { readonly status: 'Error'; readonly error: string }
  | { readonly status: 'Hold' };

export function isReady(status: Status): boolean {
  return status === 'Done' || status === 'Undone' || status === 'Hold' || status === 'Error';
}

const precedence: readonly Status[] = [
  'Abort',
  'Undoing',
  'Undo',
  'Doing',
  'Do',
  'Wait',
  'Error',
  'Undone',
  'Done',
  'Hold',
];

/** The status of a change follows from its tasks'; without any it is Done (nothing was to be done). */
export function changeStatus(change: Pick<Change, 'tasks'>): Status {
  if (change.tasks.length === 0) return 'Done';
  return precedence.find((status) => change.tasks.some((task) => task.status === status)) ?? 'Hold';
}

/** Tasks that may begin now. */
export function runnable(change: Change): readonly Task[] {
  const status = new Map(change.tasks.map((task) => [task.id, task.status]));
  return change.tasks.filter(
    (task) =>
      task.status === 'Do' &&
      task.needs.every((id) => (status.get(id) ?? 'Done') === 'Done') &&
      task.follows.every((id) => isReady(status.get(id) ?? 'Done')),
  );
}

/** The task has begun. */
export function begin(change: Change, id: string): Change {
  return withTask(change, id, (task) => ({ ...task, status: 'Doing' }));
}

/** Adds a log line in Pebble's form: `2026-11-20T22:55:49+08:00 INFO text`; `stamp` is the time part. */
export function logTo(
  change: Change,
  id: string,
  stamp: string,
  level: 'INFO' | 'ERROR',
  text: string,
): Change {
  return withTask(change, id, (task) => ({
    ...task,
    log: [...task.log, `${stamp} ${level} ${text}`].slice(-logLimit),
  }));
}

/** The task has ended. What needs it directly or indirectly is held if it was not Done. */
export function finish(change: Change, id: string, outcome: Outcome, now: Date): Change {
  const done = withTask(change, id, (task) => ({ ...task, status: outcome.status, readyTime: now }));
  return settled(outcome.status === 'Done' ? done : holdDependants(done, now), now);
}

/** Why a change cannot be aborted, as a clause; undefined: it can. */
export function whyNotAbort({ kind, tasks }: Pick<Change, 'kind' | 'tasks'>): string | undefined {
  // Half of it would leave a group that neither runs nor is let go, and a term that has begun to end never runs again.
  if (kind !== 'hand-over' && !tasks.some((task) => task.kind === 'leader')) return undefined;
  return 'a leader group that is handed over is handed over to the end, since its lease is let go only when nothing of it runs';
}

/** What has not begun is held, what runs is told to abort (the caller tells it). */
export function abort(change: Change, now: Date): Change {
  const tasks = change.tasks.map((task): Task => {
    if (task.status === 'Do') return { ...task, status: 'Hold', readyTime: now };
    return task.status === 'Doing' ? { ...task, status: 'Abort' } : task;
  });
  return settled({ ...change, tasks }, now);
}

/** The error of a change for people: one line for each ERROR entry of its failed tasks; undefined unless it failed. */
export function errText(change: Change): string | undefined {
  if (changeStatus(change) !== 'Error') return undefined;
  const lines = change.tasks
    .filter((task) => task.status === 'Error')
    .flatMap((task) => errorsOf(task).map((error) => `- ${task.summary} (${error})`));
  return `cannot perform the following tasks:\n${lines.join('\n')}`;
}

function errorsOf(task: Task): readonly string[] {
  const marks = task.log.map((line) => / ERROR (?<text>[^]*)$/.exec(line)?.groups?.['text']);
  const errors = marks.filter((text) => text !== undefined);
  return errors.length > 0 ? errors : ['no error message'];
}

function holdDependants(change: Change, now: Date): Change {
  const lost = new Set(
    change.tasks.filter((task) => task.status === 'Error' || task.status === 'Hold').map((task) => task.id),
  );
  let held = change;
  for (;;) {
    const victim = held.tasks.find((task) => task.status === 'Do' && task.needs.some((id) => lost.has(id)));
    if (victim === undefined) return held;
    lost.add(victim.id);
    held = withTask(held, victim.id, (task) => ({ ...task, status: 'Hold', readyTime: now }));
  }
}

/** Ready once all its tasks are. */
export function settled(change: Change, now: Date): Change {
  if (change.readyTime !== undefined || !change.tasks.every((task) => isReady(task.status))) return change;
  return { ...change, readyTime: now };
}

function withTask(change: Change, id: string, edit: (task: Task) => Task): Change {
  return { ...change, tasks: change.tasks.map((task) => (task.id === id ? edit(task) : task)) };
}
