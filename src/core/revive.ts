// What becomes of changes that were under way when the daemon died: stops are asked for again, starts that had begun are
// not repeated (their processes may live), checks and recoveries begin anew with changes of their own.
// Law: none of it is left that nobody will ever end.
import { finish, isReady, logTo, runnable, settled } from './change.ts';
import type { Change, Outcome, Task } from './change.ts';

/** `stamp` is `now` as task logs write it. */
export function revive(change: Change, stamp: string, now: Date): Change {
  let revived = change;
  for (const task of change.tasks) {
    if (task.status === 'Doing' && task.kind === 'stop') {
      revived = {
        ...revived,
        tasks: revived.tasks.map((one) => (one.id === task.id ? { ...one, status: 'Do' as const } : one)),
      };
      continue;
    }
    const outcome = afterCrash(task);
    if (outcome?.status === 'Error') revived = logTo(revived, task.id, stamp, 'ERROR', outcome.error);
    if (outcome !== undefined) revived = finish(revived, task.id, outcome, now);
  }
  // Tasks that wait for each other, in a file that somebody has edited.
  if (runnable(revived).length === 0) {
    const stuck = revived.tasks.filter((task) => task.status === 'Do');
    revived = stuck.reduce((held, task) => finish(held, task.id, { status: 'Hold' }, now), revived);
  }
  return settled(revived, now);
}

/** Undefined: it is over, or has not begun and still can. */
function afterCrash({ kind, status }: Task): Outcome | undefined {
  if (isReady(status)) return undefined;
  const own = ['perform-check', 'recover-check', 'recover-service'].includes(kind);
  switch (status) {
    case 'Do':
      return own ? { status: 'Hold' } : undefined;
    case 'Doing':
      if (own) return { status: 'Hold' };
      if (kind === 'start') return { status: 'Error', error: 'service already started, not retrying' };
      // What another version began: as Pebble does with a task that it does not know.
      return { status: 'Done' };
    // Nothing of djsup's can be undone.
    case 'Undo':
    case 'Undoing':
      return { status: 'Done' };
    case 'Abort':
    case 'Wait':
    case 'Done':
    case 'Undone':
    case 'Error':
    case 'Hold':
      return { status: 'Hold' };
  }
}
