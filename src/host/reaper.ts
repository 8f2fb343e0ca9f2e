// Collects orphans: as PID 1 or child subreaper djsup becomes the parent of every process whose parent has gone.
// Law: a child of our own is never waited for here, its exit belongs to libuv; nothing else stays a zombie.
import type { Libc } from './libc.ts';

/** Collected in one turn, so that a flood of orphans leaves room for everything else. */
const BATCH = 100;
/** How often to look again in the very next turns for libuv to reap a child of ours, before looking less often. */
const PROMPT_LOOKS = 5;
const SLOW_LOOK_MS = 20;

export interface ReaperDeps {
  readonly libc: Pick<Libc, 'peekEnded' | 'collect'>;
  /** Whether this pid was started by Node in this process and its exit has not been told yet. */
  readonly isOwn: (pid: number) => boolean;
  /** Told of each orphan that was collected. */
  readonly collected?: (pid: number) => void;
}

export interface Reaper {
  /** How many orphans it has collected so far. */
  count(): number;
  stop(): void;
}

/** Starts reaping: what has ended already, and from then on at each SIGCHLD. */
export function createReaper({ libc, isOwn, collected }: ReaperDeps): Reaper {
  let count = 0;
  let looks = 0;
  let stopped = false;
  let cancel: (() => void) | undefined;

  function soon(): void {
    if (cancel !== undefined || stopped) return;
    const handle = setImmediate(look);
    cancel = () => clearImmediate(handle);
  }

  function later(): void {
    const handle = setTimeout(look, SLOW_LOOK_MS);
    cancel = () => clearTimeout(handle);
  }

  function look(): void {
    cancel = undefined;
    for (let taken = 0; taken < BATCH; taken++) {
      const pid = libc.peekEnded();
      if (pid === undefined) {
        looks = 0;
        return;
      }
      if (isOwn(pid)) {
        // It hides the others until libuv has reaped it, as a rule in this very turn.
        looks += 1;
        if (looks <= PROMPT_LOOKS) soon();
        else later();
        return;
      }
      looks = 0;
      if (libc.collect(pid)) {
        count += 1;
        collected?.(pid);
      }
    }
    soon();
  }

  function onChild(): void {
    // A waiting slow look gives way: something has changed.
    cancel?.();
    cancel = undefined;
    soon();
  }

  process.on('SIGCHLD', onChild);
  soon();
  return {
    count: () => count,
    stop() {
      stopped = true;
      process.off('SIGCHLD', onChild);
      cancel?.();
    },
  };
}
