// Process groups: signals to them, and the moment when the last process of one has gone.
// Law: a number is signalled only while it is known to be ours; a group that was seen empty is never touched again.
import { errorCode } from './errno.ts';

/** How often to look without being told, ms: a zombie may be collected by a parent other than djsup. */
const LOOK_MS = 50;

/** Sends a signal; a process that has gone (ESRCH) or is not ours to signal (EPERM) is no error: kill(2). */
export function sendSignal(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

/** Whether a group has no process left; a zombie that nobody has waited for counts as one. kill(2) with signal 0. */
export function isGroupEmpty(group: number): boolean {
  try {
    process.kill(-group, 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'ESRCH';
  }
}

export interface GroupWatch {
  /** Calls `emptied` once, in a later turn, when the group has no process left. */
  watch(group: number, emptied: () => void): void;
  /** Says that some process has been collected: looks soon, once for many. */
  readonly collected: () => void;
}

export function createGroupWatch(): GroupWatch {
  const watched = new Map<number, () => void>();
  let timer: NodeJS.Timeout | undefined;
  let soon = false;

  function look(): void {
    for (const [group, emptied] of watched) {
      if (!isGroupEmpty(group)) continue;
      watched.delete(group);
      emptied();
    }
    if (watched.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  }

  return {
    watch(group, emptied) {
      watched.set(group, emptied);
      timer ??= setInterval(look, LOOK_MS);
    },
    collected: () => {
      if (soon || watched.size === 0) return;
      soon = true;
      setImmediate(() => {
        soon = false;
        look();
      });
    },
  };
}
