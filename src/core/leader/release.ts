// Giving the record up once nothing of the term runs (S6), so that another replica need not wait until it has aged.
// Laws: only while the lease is valid; "clean" only if the start delay was served, so that nothing older can be running.
import { isOurs, learn, leave, tell, write } from './moves.ts';
import { recordOf } from './observer.ts';
import { confirmed } from './publish.ts';
import type {
  LeaderAt,
  LeaderPolicy,
  LeaderState,
  LeaderStep,
  Outcome,
  Releasing,
  Tenure,
  Wish,
} from './state.ts';
import { retryAt } from './timing.ts';

export function release(
  policy: LeaderPolicy,
  state: LeaderState,
  tenure: Tenure,
  wish: Wish,
  clean: boolean,
  at: LeaderAt,
): LeaderState {
  const giveUpAt = Math.min(tenure.lease.validUntil, at.now + 2 * policy.timing.timeout);
  const role: Releasing = { kind: 'releasing', tenure, wish, clean, tryAt: at.now, giveUpAt };
  return { ...state, call: undefined, role };
}

export function whileReleasing(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Releasing,
  at: LeaderAt,
): LeaderStep {
  if (at.now >= role.giveUpAt) return ended(policy, state, role, false, at);
  if (state.call !== undefined)
    return at.now < state.call.until ? [state, []] : [tryAgain(state, role, at), []];
  if (at.now < role.tryAt) return [state, []];
  const { wish, clean } = role;
  return write(policy, state, role, { state: 'released', clean, successor: wish.successor }, at);
}

export function onReleased(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Releasing,
  outcome: Outcome,
  at: LeaderAt,
): LeaderStep {
  if (outcome.kind === 'failed') return [tryAgain(state, role, at), []];
  const { view } = outcome;
  const [posts, reports] = confirmed(role.tenure, view);
  const tenure = { ...role.tenure, version: view.version, posts };
  const next = { ...learn(state, view, at.now), role: { ...role, tenure, tryAt: at.now } };
  // A renewal whose answer was lost came before us.
  if (isOurs(view, tenure.term) && recordOf(next.sight)?.state === 'held') return [next, reports];
  const [last, effects] = ended(policy, next, next.role, true, at);
  return [last, [...reports, ...effects]];
}

function tryAgain(state: LeaderState, role: Releasing, at: LeaderAt): LeaderState {
  return { ...state, call: undefined, role: { ...role, tryAt: retryAt(at.now, at.jitter) } };
}

function ended(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Releasing,
  isReleased: boolean,
  at: LeaderAt,
): LeaderStep {
  const { epoch } = role.tenure;
  // Whoever lets go gives the others a chance before it takes part again.
  const aloofUntil = at.now + 2 * policy.timing.renew;
  const [next, effects] = leave(policy, state, role.wish, at, aloofUntil);
  return [
    next,
    [
      tell(isReleased ? { kind: 'released', epoch, clean: role.clean } : { kind: 'unreleased', epoch }),
      ...effects,
    ],
  ];
}
