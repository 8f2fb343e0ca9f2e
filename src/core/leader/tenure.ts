// A replica that holds the record: its start delay, its renewals, and the two ways in which work ends.
// Laws: work starts in one place, `lead`; only a renewal that is proven carried out moves the lease, counted from its
// sending; from `demoteAt` on nothing is renewed, and no answer saves the term; nothing is given up before the work is
// proven gone.
import { follow, isOurs, learn, leave, tell, unconfirmed, write } from './moves.ts';
import { confirmed } from './publish.ts';
import { release } from './release.ts';
import { noWish } from './state.ts';
import type {
  Demoting,
  HandingOver,
  LeaderAt,
  LeaderEffect,
  LeaderPolicy,
  LeaderState,
  LeaderStep,
  Leading,
  LostCause,
  Outcome,
  Settling,
  Tenure,
  Wish,
} from './state.ts';
import { lastTryAt, leaseFrom, millisecond, retryAt, shorterLease } from './timing.ts';
import type { Lease, Nanoseconds } from './timing.ts';

type Holding = Settling | Leading | HandingOver;

/** After a jump of the clock the lease has to be proven again within this long. */
const jumpTrust: Nanoseconds = 500 * millisecond;

/** What the time demands of one who holds the record. */
export function whileHolding(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Holding,
  at: LeaderAt,
): LeaderStep {
  if (at.now >= role.tenure.lease.demoteAt) return lose(policy, state, role, 'renew-deadline', at);
  if (state.call !== undefined && at.now >= state.call.until)
    return [failed(policy, { ...state, call: undefined }, role, 'no answer', at), []];
  if (role.kind === 'settling' && at.now >= role.startAt) return lead(state, role);
  if (state.call !== undefined || at.now < role.tenure.renewAt) return [state, []];
  return renew(policy, state, role, at);
}

function renew(policy: LeaderPolicy, state: LeaderState, role: Holding, at: LeaderAt): LeaderStep {
  const { lease: proven } = role.tenure;
  // Once a write of a shorter lease is sent it may stand there, proven or not, and nobody waits out the longer one.
  const lease = shorterLease(proven, leaseFrom(policy.timing, at.now));
  const said = { state: 'held', clean: role.kind !== 'settling', successor: undefined } as const;
  const shortened = { ...role, tenure: { ...role.tenure, lease } };
  const [next, effects] = write(policy, state, shortened, said, at);
  return [next, lease.killAt < proven.killAt ? [...feed(role, lease.killAt), ...effects] : effects];
}

/** The one place where work starts. */
function lead(state: LeaderState, { tenure }: Settling): LeaderStep {
  const { term, epoch, lease } = tenure;
  return [
    { ...state, role: { kind: 'leading', tenure } },
    [{ kind: 'start', term, epoch, killAt: lease.killAt }, tell({ kind: 'gained', epoch })],
  ];
}

/** The answer to a renewal; `lease`: what that renewal proves if it was carried out. */
export function onRenewed(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Holding,
  outcome: Outcome,
  lease: Lease,
  at: LeaderAt,
): LeaderStep {
  if (outcome.kind === 'failed') return [failed(policy, state, role, outcome.message, at), []];
  const next = learn(state, outcome.view, at.now);
  if (!isOurs(outcome.view, role.tenure.term)) return lose(policy, next, role, 'overtaken', at);
  const { version, incarnation } = outcome.view;
  const [posts, reports] = confirmed(role.tenure, outcome.view);
  // From D on starts are refused, and who was refused is not started again in this term: it must not go on without them.
  const isTooLate = at.now >= role.tenure.lease.demoteAt;
  // An earlier renewal of ours was carried out although its answer was lost: true, but no proof of when.
  if (outcome.kind === 'conflict' || isTooLate)
    return [withTenure(next, role, { version, incarnation, posts, renewAt: at.now }), reports];
  // What was published meanwhile is written at once.
  const renewAt = posts.length > 0 ? at.now : lease.sentAt + policy.timing.renew;
  return [
    withTenure(next, role, { version, incarnation, lease, posts, renewAt, lost: 0, error: undefined }),
    [...feed(role, lease.killAt), ...reports],
  ];
}

function failed(
  { timing }: LeaderPolicy,
  state: LeaderState,
  role: Holding,
  error: string,
  { now, jitter }: LeaderAt,
): LeaderState {
  const renewAt = retryAt(now, jitter, lastTryAt(timing, role.tenure.lease));
  return withTenure(state, role, { renewAt, lost: role.tenure.lost + 1, error });
}

function withTenure(state: LeaderState, role: Holding, news: Partial<Tenure>): LeaderState {
  return { ...state, role: { ...role, tenure: { ...role.tenure, ...news } } };
}

function feed(role: Holding, killAt: Nanoseconds): readonly LeaderEffect[] {
  return role.kind === 'settling' ? [] : [{ kind: 'feed', term: role.tenure.term, killAt }];
}

/** Somebody wants this replica to let go. */
export function handOver(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Settling | Leading,
  wish: Wish,
  at: LeaderAt,
): LeaderStep {
  const { tenure } = role;
  if (role.kind === 'settling') return [release(policy, state, tenure, wish, false, at), []];
  return [
    { ...state, role: { kind: 'handing-over', tenure, wish } },
    [
      { kind: 'stop', term: tenure.term, how: 'graceful' },
      tell({ kind: 'handing-over', epoch: tenure.epoch }),
    ],
  ];
}

/** Leadership is lost, or can no longer be relied upon. */
export function lose(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Holding,
  cause: LostCause,
  at: LeaderAt,
): LeaderStep {
  const { term, epoch, lease, lost: tries, error } = role.tenure;
  const age = at.now - lease.sentAt;
  const told = [tell({ kind: 'lost', epoch, cause, age, tries, error }), ...unconfirmed(state, role.tenure)];
  if (role.kind === 'settling') return [follow(policy, state, at), told];
  const { lostKillDelay, kill } = policy.timing;
  const killAt = Math.min(at.now + lostKillDelay, lease.killAt);
  const isGentle = cause === 'renew-deadline' && at.now < killAt;
  const demoting: Demoting = {
    kind: 'demoting',
    tenure: { ...role.tenure, posts: [] },
    wish: role.kind === 'handing-over' ? role.wish : noWish,
    stage: isGentle ? 'stopping' : 'killing',
    until: isGentle ? killAt : at.now + kill,
    overtaken: cause === 'overtaken',
  };
  return [
    { ...state, call: undefined, role: demoting },
    [...told, { kind: 'stop', term, how: isGentle ? 'fast' : 'kill' }],
  ];
}

export function whileDemoting(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Demoting,
  at: LeaderAt,
): LeaderStep {
  if (role.until === undefined || at.now < role.until) return [state, []];
  const { term, epoch } = role.tenure;
  if (role.stage === 'killing')
    return [
      { ...state, role: { ...role, stage: 'undrained', until: undefined } },
      [tell({ kind: 'undrained', epoch })],
    ];
  return [
    { ...state, role: { ...role, stage: 'killing', until: at.now + policy.timing.kill } },
    [tell({ kind: 'killing', epoch }), { kind: 'stop', term, how: 'kill' }],
  ];
}

/** Every process of the term's work is proven gone. */
export function onDrained(
  policy: LeaderPolicy,
  state: LeaderState,
  role: HandingOver | Demoting,
  at: LeaderAt,
): LeaderStep {
  const { tenure, wish } = role;
  const isHeld = role.kind === 'handing-over' || !role.overtaken;
  if (isHeld && at.now < tenure.lease.validUntil) return [release(policy, state, tenure, wish, true, at), []];
  return leave(policy, state, wish, at);
}

/** The monotonic clock may have stood still: the lease is trusted a moment more, and has to be proven anew. */
export function onClockJump(state: LeaderState, role: Holding, at: LeaderAt): LeaderStep {
  const end = at.now + jumpTrust;
  const { lease } = role.tenure;
  const demoteAt = Math.min(lease.demoteAt, end);
  const killAt = Math.min(lease.killAt, end);
  const validUntil = Math.min(lease.validUntil, end);
  // An answer that is under way proves nothing of the time after the jump.
  const forgotten = { ...state, call: undefined };
  const news = {
    lease: { ...lease, demoteAt, killAt, validUntil },
    renewAt: at.now,
    error: 'the clock jumped',
  };
  return [withTenure(forgotten, role, news), feed(role, killAt)];
}
