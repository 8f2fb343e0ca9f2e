// A start of a task that one replica runs for all, once for each release, as data: what this replica knows and does of it
// until the board of its leader group says that it is done.
import type { At } from './at.ts';
import type { ServiceConfig } from './config.ts';
import type { Board } from './leader/record.ts';
import type { LeaderReport } from './leader/state.ts';
import type { BoardChange } from './release-board.ts';
import type { TaskEnd } from './task-end.ts';

export interface ReleaseTaskSpec extends Pick<ServiceConfig, 'name' | 'onFailure' | 'backoff'> {
  /** Which this replica runs. */
  readonly release: string;
  /** This replica's name. */
  readonly self: string;
  /** All such tasks of the group. */
  readonly planned: readonly string[];
}

/** What is known of the group. */
export type TaskSight =
  /** `busy`: an entry of this replica's is on its way already. */
  | { readonly kind: 'seen'; readonly board: Board; readonly leads: boolean; readonly busy: boolean }
  /** There is no record: it is said once and for all whether this replica runs the services of the group. */
  | { readonly kind: 'fixed'; readonly runs: boolean; readonly because: string }
  | { readonly kind: 'unknown'; readonly because: string };

export type TaskOutcome =
  | { readonly kind: 'done' }
  /** `detail`: what else is known of it, perhaps its last words; for this replica alone. */
  | { readonly kind: 'failed'; readonly end: TaskEnd; readonly detail: string | undefined };

export interface Waiting {
  readonly kind: 'waiting';
  /** Not before then, monotonic ms. */
  readonly retryAt: number;
}

/** From the first thought of a run. */
export interface Running {
  readonly kind: 'running';
  readonly release: string;
  readonly outcome: TaskOutcome | undefined;
}

/** The run has ended; the others are yet to hear what came of it. */
export interface Telling {
  readonly kind: 'telling';
  readonly release: string;
  readonly outcome: TaskOutcome;
  readonly isSent: boolean;
  /** Tries that came to nothing, and why the latest did. */
  readonly tries: number;
  readonly problem: string | undefined;
  readonly retryAt: number;
}

export interface ReleaseTask {
  readonly phase: Waiting | Running | Telling;
  /** Somebody wants it done once more, although it is. */
  readonly again: boolean;
  /** The latest failure that was heard of; undefined: nobody has looked yet. */
  readonly heard: string | undefined;
  /** Failures in a row that no board tells of. */
  readonly failures: number;
}

export type ReleaseTaskEvent =
  /** Whatever has changed: time, the record, the release, the plan. */
  | { readonly kind: 'look' }
  /** Somebody names it. */
  | { readonly kind: 'asked' }
  /** It may run here now. */
  | { readonly kind: 'admitted' }
  /** What its process came to. */
  | { readonly kind: 'outcome'; readonly outcome: TaskOutcome }
  /** A run of it has ended here, or has not even begun. */
  | { readonly kind: 'over' }
  /** What came of a `publish`. */
  | { readonly kind: 'published'; readonly report: LeaderReport };

export type ReleaseTaskEffect =
  /** Bid for the record; where it may run, `admitted` follows. */
  | { readonly kind: 'compete' }
  /** Let others have the record. */
  | { readonly kind: 'rest' }
  | { readonly kind: 'run'; readonly release: string }
  | { readonly kind: 'publish'; readonly changes: readonly BoardChange[] }
  /** For the log; `note`: for whoever waits. */
  | {
      readonly kind: 'say';
      readonly level: 'info' | 'warn';
      readonly text: string;
      readonly note: string | undefined;
    }
  /** The waiting is over; `error` undefined: all is well. `isDone`: the task is done for this release. */
  | {
      readonly kind: 'end';
      readonly error: string | undefined;
      readonly note: string | undefined;
      readonly isDone: boolean;
    };

/** Undefined: nobody waits any more. */
export type ReleaseTaskStep = readonly [ReleaseTask | undefined, readonly ReleaseTaskEffect[]];

export interface ReleaseTaskAt extends At {
  /** ISO 8601. */
  readonly wall: string;
  readonly sight: TaskSight;
}

export const initialReleaseTask: ReleaseTask = {
  phase: { kind: 'waiting', retryAt: 0 },
  again: false,
  heard: undefined,
  failures: 0,
};

export function releaseTaskDeadline({ phase }: ReleaseTask): number | undefined {
  return phase.kind === 'running' || phase.retryAt === 0 ? undefined : phase.retryAt;
}
