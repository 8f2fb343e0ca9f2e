// What becomes of changes that were under way when the daemon died: stops are asked for again, starts that had begun are
// not repeated (their processes may live), checks begin anew with their own changes.
import { finish, logTo } from './change.ts';
import type { Change, Outcome } from './change.ts';

/** `stamp` is `now` as task logs write it. */
export function revive(change: Change, stamp: string, now: Date): Change {
  let revived = change;
  for (const task of change.tasks) {
    if (task.status !== 'Doing' && task.status !== 'Abort' && !(task.status === 'Do' && isCheck(task.kind)))
      continue;
    if (task.status === 'Doing' && task.kind === 'stop') {
      revived = {
        ...revived,
        tasks: revived.tasks.map((one) => (one.id === task.id ? { ...one, status: 'Do' as const } : one)),
      };
      continue;
    }
    const outcome: Outcome =
      task.kind === 'start' && task.status === 'Doing'
        ? { status: 'Error', error: 'service already started, not retrying' }
        : { status: 'Hold' };
    if (outcome.status === 'Error') revived = logTo(revived, task.id, stamp, 'ERROR', outcome.error);
    revived = finish(revived, task.id, outcome, now);
  }
  return revived;
}

function isCheck(kind: string): boolean {
  return kind === 'perform-check' || kind === 'recover-check';
}
