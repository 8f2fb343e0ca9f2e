// A task that is done once for each release, in words for people: what its run came to, and why it waits.
import { formatDuration } from './duration.ts';
import { failureOf } from './release-board.ts';
import type { ReleaseTask, ReleaseTaskSpec, TaskOutcome, TaskSight } from './release-task-state.ts';
import type { ServiceTale } from './service-state.ts';

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
    const come = phase.outcome.kind === 'done' ? 'is done here' : `has failed here: ${phase.outcome.line}`;
    const why = phase.problem ?? 'that is being written';
    return `${come}, and the other replicas do not know it: ${why}; ${next}`;
  }
  const failure = sight.kind === 'seen' ? failureOf(sight.board, name) : undefined;
  const often = failure?.count === 1 ? 'once' : `${failure?.count} times, last`;
  const story = failure?.release === release ? `; failed ${often} ${failure.line}` : '';
  return `waits until it is done for release ${release}: ${next}${story}`;
}

/** `explanation`: what else is known of its end; undefined: this is no end of a run. */
export function outcomeOf(tale: ServiceTale, explanation: string | undefined): TaskOutcome | undefined {
  if (tale.kind === 'finished') return { kind: 'done' };
  if (tale.kind === 'spawn-failed') return { kind: 'failed', line: tale.reason };
  if (tale.kind !== 'failed') return undefined;
  const how = 'code' in tale.exit ? `exit ${tale.exit.code}` : tale.exit.signal;
  return { kind: 'failed', line: explanation === undefined ? how : `${how}: ${explanation}` };
}
