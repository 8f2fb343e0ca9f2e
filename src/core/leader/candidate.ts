// A replica that does not hold the record: it looks, waits, and tries to take it; paused and blocked ones only look.
// Laws: no work runs here; an attempt whose outcome is unknown is looked up before anything else is tried.
import { recordOf, standing } from './observer.ts';
import type { View } from './record.ts';
import {
  bidInstant,
  block,
  follow,
  fullDelay,
  isOurs,
  learn,
  leave,
  recordOfTerm,
  send,
  tell,
} from './moves.ts';
import { release } from './release.ts';
import { noWish } from './state.ts';
import type {
  Acquiring,
  Following,
  LeaderAt,
  LeaderPolicy,
  LeaderState,
  LeaderStep,
  Outcome,
  Role,
  Tenure,
} from './state.ts';
import { leaseFrom, retryAt } from './timing.ts';

type Looking = Extract<Role, { kind: 'following' | 'paused' | 'blocked' }>;

/** The answer to a read by one who only looks. */
export function onLooked(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Looking,
  outcome: Outcome,
  at: LeaderAt,
): LeaderStep {
  if (outcome.kind !== 'failed') {
    if (role.kind === 'blocked') return [follow(policy, learn(state, outcome.view, at.now), at), []];
    return [onView(policy, state, outcome.view, at), []];
  }
  if (outcome.error !== 'transient' && role.kind !== 'paused')
    return block(state, outcome.error, outcome.message, at);
  return [{ ...state, role: lookAgain(policy, role, at) }, []];
}

/** A view of the record, from a read or from the watch. */
export function onView(policy: LeaderPolicy, state: LeaderState, view: View, at: LeaderAt): LeaderState {
  const next = learn(state, view, at.now);
  return next.sight === state.sight ? next : rebid(policy, next, at);
}

/** What we know of the record has changed. */
export function rebid(policy: LeaderPolicy, state: LeaderState, at: LeaderAt): LeaderState {
  const { role } = state;
  if (role.kind !== 'following') return state;
  return { ...state, role: { ...role, bidAt: bidInstant(policy, state, role.aloofUntil, at) } };
}

/** What the time demands of one who only looks. */
export function whileLooking(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Looking,
  at: LeaderAt,
): LeaderStep {
  if (role.kind === 'paused' && role.until !== undefined && at.now >= role.until)
    return [follow(policy, state, at), []];
  if (role.kind === 'following' && role.bidAt !== undefined && at.now >= role.bidAt)
    return bid(policy, state, role, at);
  if (state.call !== undefined) {
    if (at.now < state.call.until) return [state, []];
    return [{ ...state, call: undefined, role: lookAgain(policy, role, at) }, []];
  }
  if (at.now < role.readAt) return [state, []];
  return send(policy, state, { ...role, readAt: at.now + policy.poll }, 'read', at);
}

/** After a read that told nothing. */
function lookAgain(policy: LeaderPolicy, role: Looking, at: LeaderAt): Looking {
  return { ...role, readAt: Math.min(role.readAt, at.now + policy.timing.renew) };
}

function bid(policy: LeaderPolicy, state: LeaderState, role: Following, at: LeaderAt): LeaderStep {
  const { timing, self, era = '' } = policy;
  const { sight } = state;
  const place = standing(policy, sight, state.longestLease, at.now);
  if (sight === undefined || place.kind === 'unknown' || place.kind === 'held')
    return [{ ...state, role: { ...role, bidAt: bidInstant(policy, state, role.aloofUntil, at) } }, []];
  const terms = state.terms + 1;
  // Higher than any ever seen or tried, so that epochs rise even where the record was lost.
  const epoch = state.highestEpoch + 1;
  const { delay } = place;
  const { incarnation, version } = sight.view;
  const term = `${self.boot}${era}/${terms}`;
  const { board = {} } = recordOf(sight) ?? {};
  const attempt = { term, epoch, lease: leaseFrom(timing, at.now), delay, incarnation, board };
  const clean = delay === 0 && at.now >= state.settleUntil;
  const record = recordOfTerm(
    policy,
    { ...attempt, writes: 1 },
    { state: 'held', clean, successor: undefined },
  );
  const acquiring: Acquiring = {
    kind: 'acquiring',
    attempt,
    readAt: undefined,
    wish: noWish,
  };
  return send(policy, { ...state, terms, highestEpoch: epoch }, acquiring, { expect: version, record }, at);
}

/** The answer to the attempt itself, or to a read that looks for its outcome. */
export function onAttempted(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Acquiring,
  what: 'read' | 'write',
  outcome: Outcome,
  at: LeaderAt,
): LeaderStep {
  if (outcome.kind !== 'failed') {
    const next = learn(state, outcome.view, at.now);
    if (isOurs(outcome.view, role.attempt.term)) return won(policy, next, role, outcome.view, at);
    return leave(policy, next, role.wish, at);
  }
  if (outcome.error === 'transient' || what === 'read') return [lookUp(state, role, at), []];
  if (role.wish.next.kind !== 'follow') return leave(policy, state, role.wish, at);
  return block(state, outcome.error, outcome.message, at);
}

export function whileAcquiring(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Acquiring,
  at: LeaderAt,
): LeaderStep {
  // Won or not, it is of no use any more.
  if (at.now >= role.attempt.lease.demoteAt) return leave(policy, state, role.wish, at);
  if (state.call !== undefined)
    return at.now < state.call.until ? [state, []] : [lookUp(state, role, at), []];
  if (role.readAt === undefined || at.now < role.readAt) return [state, []];
  return send(policy, state, role, 'read', at);
}

function lookUp(state: LeaderState, role: Acquiring, at: LeaderAt): LeaderState {
  return { ...state, call: undefined, role: { ...role, readAt: retryAt(at.now, at.jitter) } };
}

function won(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Acquiring,
  view: View,
  at: LeaderAt,
): LeaderStep {
  const { attempt } = role;
  // Counted from the reply: before that, an earlier leader may still have renewed.
  const delay = view.incarnation === attempt.incarnation ? attempt.delay : fullDelay(policy, state);
  // Where the record was missing, another leader may have come and gone unseen; the floor knows of it.
  const epoch = delay === 0 ? attempt.epoch : Math.max(attempt.epoch, view.epochFloor + 1);
  const tenure: Tenure = {
    term: attempt.term,
    epoch,
    lease: attempt.lease,
    version: view.version,
    incarnation: view.incarnation,
    writes: 1,
    board: attempt.board,
    posts: [],
    renewAt: role.readAt === undefined ? attempt.lease.sentAt + policy.timing.renew : at.now,
    lost: 0,
    error: undefined,
  };
  const startAt = Math.max(at.now + delay, state.settleUntil);
  const isClean = startAt <= at.now;
  const next: LeaderState = {
    ...state,
    role: { kind: 'settling', tenure, startAt },
    highestEpoch: Math.max(state.highestEpoch, epoch),
  };
  if (role.wish.next.kind !== 'follow') return [release(policy, next, tenure, role.wish, isClean, at), []];
  return [next, isClean ? [] : [tell({ kind: 'settling', epoch, span: startAt - at.now })]];
}
