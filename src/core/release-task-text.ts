// A task that is done once for each release, in words for people: what its run came to, and why it waits.
import { formatDuration } from './duration.ts';
import { failureOf } from './release-board.ts';
import type { TaskFailure } from './release-board.ts';
import type { ReleaseTask, ReleaseTaskSpec, TaskOutcome, TaskSight } from './release-task-state.ts';
import type { ServiceTale } from './service-state.ts';
import { endText } from './task-end.ts';

/** Why it does not run here, at `now`; `standby`: why its group does not let it. */
export function whyWaiting(
  { name, release }: ReleaseTaskSpec,
  { phase }: ReleaseTask,
  sight: TaskSight,
  standby: string | undefined,
  now: number,
): string {
  const left = phase.kind === 'running' ? 0 : Math.ceil((phase.retryAt - now) / 1_000) * 1_000;
  const group = sight.kind === 'unknown' ? sight.because : (standby ?? 'is about to begin');
  const next = left > 0 ? `next try in ${formatDuration(left)}` : group;
  if (phase.kind === 'telling') {
    const come =
      phase.outcome.kind === 'done' ? 'is done here' : `has failed here: ${detailOf(phase.outcome)}`;
    const why = phase.problem ?? 'that is being written';
    return `${come}, and the other replicas do not know it: ${why}; ${next}`;
  }
  const failure = sight.kind === 'seen' ? failureOf(sight.board, name) : undefined;
  const often = failure?.count === 1 ? 'once' : `${failure?.count} times, last`;
  const story = failure?.release === release ? `; failed ${often} ${whereFailed(failure)}` : '';
  return `waits until it is done for release ${release}: ${next}${story}`;
}

/** `explanation`: what else is known of its end; undefined: this is no end of a run. */
export function outcomeOf(tale: ServiceTale, explanation: string | undefined): TaskOutcome | undefined {
  if (tale.kind === 'finished') return { kind: 'done' };
  if (tale.kind === 'spawn-failed') return { kind: 'failed', end: 'unstarted', detail: tale.reason };
  if (tale.kind !== 'failed') return undefined;
  return { kind: 'failed', end: tale.exit, detail: explanation };
}

/** A failure as every replica may show it: "in web-1: exit 3 (see the log of web-1)". */
export function whereFailed({ replica, end }: Pick<TaskFailure, 'replica' | 'end'>): string {
  const how = end === undefined ? '' : `: ${endText(end)}`;
  return `in ${replica}${how} (see the log of ${replica})`;
}

/** A failure of this replica, for this replica. */
export function detailOf({ end, detail }: Extract<TaskOutcome, { kind: 'failed' }>): string {
  return detail === undefined ? endText(end) : `${endText(end)}: ${detail}`;
}
