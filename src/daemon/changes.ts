// The keeper of changes: creates them, runs their tasks in order, lets callers wait, forgets old ones, saves them.
// Law: nothing outside this file edits a change.
import { abort, begin, finish, isReady, logTo, runnable, whyNotAbort } from '../core/change.ts';
import type { Change, Outcome, Task } from '../core/change.ts';
import type { ChangeSnapshot } from '../core/state-file.ts';
import type { Clock } from '../ports.ts';
import type { Result } from '../core/result.ts';
import { ok, refuse } from '../core/result.ts';
import { localStamp } from './stamp.ts';
import type { Teller } from './tell.ts';

/** A task that is to be: `needs` and `follows` name other drafts by their key. */
export interface TaskDraft {
  readonly key: string;
  readonly kind: string;
  readonly summary: string;
  readonly subject: string;
  readonly needs: readonly string[];
  readonly follows: readonly string[];
  readonly lane: number;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** What can be done with one kind of task. `run` begins it, its end comes through `finish`. */
export interface TaskHandler {
  run(task: Task): void;
  abort(task: Task): void;
}

export interface Changes {
  /** Creates a change; its first tasks run in the same turn. Returns its id. */
  create(
    kind: string,
    summary: string,
    services: readonly string[] | undefined,
    drafts: readonly TaskDraft[],
  ): string;
  finish(taskId: string, outcome: Outcome): void;
  note(taskId: string, level: 'INFO' | 'ERROR', text: string): void;
  abort(changeId: string): Result<Change>;
  /** What has not begun never will: the daemon is stopping. */
  holdPending(): void;
  get(changeId: string): Change | undefined;
  all(): readonly Change[];
  /** Calls once when the change is ready, at once if it is. The returned function gives up. */
  whenReady(changeId: string, listener: () => void): () => void;
  /** Begins what a restored file left undone. */
  resume(): void;
  prune(): void;
  snapshot(): ChangeSnapshot;
}

const keptChanges = 1_000;
/** So many are never kept between two prunings, not even while checks flap. */
const mostChanges = 2 * keptChanges;
const keptFor = 7 * 24 * 3_600_000;

export function createChanges(deps: {
  readonly clock: Clock;
  readonly tell: Teller;
  readonly handlers: Readonly<Record<string, TaskHandler>>;
  readonly restored: ChangeSnapshot;
  /** Something that is worth saving has changed. */
  readonly save: () => void;
  /** A change was created, or something about it is another now: its status perhaps. */
  readonly updated: (change: Change) => void;
}): Changes {
  const { clock, tell, handlers, save, updated } = deps;
  const changes = new Map(deps.restored.changes.map((change) => [change.id, change]));
  const changeOf = new Map(
    deps.restored.changes.flatMap((change) => change.tasks.map((task) => [task.id, change.id])),
  );
  const waiting = new Map<string, Set<() => void>>();
  let { lastChangeId, lastTaskId, lastLane } = deps.restored;

  function put(change: Change): void {
    changes.set(change.id, change);
    updated(change);
    save();
  }

  function advance(id: string): void {
    for (;;) {
      const change = changes.get(id);
      const next = change === undefined ? undefined : runnable(change)[0];
      if (change === undefined || next === undefined) break;
      put(begin(change, next.id));
      handlers[next.kind]?.run(next);
      if (handlers[next.kind] === undefined) put(finish(change, next.id, { status: 'Done' }, clock.wall()));
    }
    const change = changes.get(id);
    if (change?.readyTime === undefined) return;
    for (const listener of waiting.get(id) ?? []) listener();
    waiting.delete(id);
  }

  function create(
    kind: string,
    summary: string,
    services: readonly string[] | undefined,
    drafts: readonly TaskDraft[],
  ): string {
    lastChangeId += 1;
    const id = String(lastChangeId);
    const now = clock.wall();
    const ids = new Map(drafts.map((draft, index) => [draft.key, String(lastTaskId + 1 + index)]));
    const idsOf = (keys: readonly string[]): string[] => keys.flatMap((key) => ids.get(key) ?? []);
    const tasks = drafts.map((draft): Task => ({
      id: ids.get(draft.key) ?? '',
      changeId: id,
      kind: draft.kind,
      summary: draft.summary,
      status: 'Do',
      subject: draft.subject,
      needs: idsOf(draft.needs),
      follows: idsOf(draft.follows),
      lane: lastLane + draft.lane,
      log: [],
      progress: undefined,
      data: draft.data,
      spawnTime: now,
      readyTime: undefined,
    }));
    lastTaskId += drafts.length;
    lastLane += Math.max(0, ...drafts.map((draft) => draft.lane));
    for (const task of tasks) changeOf.set(task.id, id);
    if (changes.size >= mostChanges) prune();
    put({
      id,
      kind,
      summary,
      tasks,
      services,
      spawnTime: now,
      readyTime: tasks.length === 0 ? now : undefined,
    });
    advance(id);
    return id;
  }

  function prune(): void {
    const now = clock.wall().getTime();
    const ready = [...changes.values()].filter((change) => change.readyTime !== undefined);
    const excess = ready.length - keptChanges;
    for (const [index, change] of ready.entries()) {
      const age = now - (change.readyTime?.getTime() ?? now);
      if (index >= excess && age < keptFor) continue;
      changes.delete(change.id);
      for (const task of change.tasks) changeOf.delete(task.id);
    }
  }

  function changeOfTask(taskId: string): Change | undefined {
    return changes.get(changeOf.get(taskId) ?? '');
  }

  return {
    create,
    finish(taskId, outcome) {
      const change = changeOfTask(taskId);
      const task = change?.tasks.find((one) => one.id === taskId);
      if (change === undefined || task === undefined || isReady(task.status)) return;
      const now = clock.wall();
      const failed = outcome.status === 'Error';
      const noted = failed ? logTo(change, taskId, localStamp(now), 'ERROR', outcome.error) : change;
      if (failed) tell.taskFailed(change.id, task.summary, outcome.error);
      put(finish(noted, taskId, outcome, now));
      advance(change.id);
    },
    note(taskId, level, text) {
      const change = changeOfTask(taskId);
      // Not saved: what is only said is lost in a crash, and a check may say a lot.
      if (change !== undefined)
        changes.set(change.id, logTo(change, taskId, localStamp(clock.wall()), level, text));
    },
    abort(changeId) {
      const change = changes.get(changeId);
      if (change === undefined) return refuse('not-found', `cannot find change with id "${changeId}"`);
      if (change.readyTime !== undefined)
        return refuse('bad-request', `cannot abort change ${changeId} with nothing pending`);
      const reason = whyNotAbort(change);
      if (reason !== undefined) return refuse('bad-request', `cannot abort change ${changeId}: ${reason}`);
      const aborted = abort(change, clock.wall());
      put(aborted);
      for (const task of aborted.tasks) if (task.status === 'Abort') handlers[task.kind]?.abort(task);
      advance(changeId);
      return ok(changes.get(changeId) ?? aborted);
    },
    holdPending() {
      const now = clock.wall();
      for (const change of changes.values()) {
        const pending = change.tasks.filter((task) => task.status === 'Do');
        if (pending.length === 0) continue;
        put(pending.reduce((held, task) => finish(held, task.id, { status: 'Hold' }, now), change));
        advance(change.id);
      }
    },
    get: (changeId) => changes.get(changeId),
    all: () => [...changes.values()],
    whenReady(changeId, listener) {
      if (changes.get(changeId)?.readyTime !== undefined) {
        listener();
        return () => {};
      }
      const listeners = waiting.get(changeId) ?? new Set();
      waiting.set(changeId, listeners.add(listener));
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) waiting.delete(changeId);
      };
    },
    resume() {
      for (const change of changes.values()) if (change.readyTime === undefined) advance(change.id);
    },
    prune,
    snapshot: () => ({ changes: [...changes.values()], lastChangeId, lastTaskId, lastLane }),
  };
}
