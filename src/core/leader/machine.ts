// One replica's part in one election as a machine: stepLeader(policy, state, event, at) -> [state, effects].
//
//   following --free, or aged out--> acquiring --won--> settling --start delay over--> leading
//   leading --wanted stop--> handing-over --drained--> releasing --> following, paused, off
//   leading, handing-over --no renewal in time, or overtaken--> demoting --drained--> releasing, following
//
// Laws: never two replicas with running work, whatever is lost, late or hung, while clocks keep to the drift; an engine
// that cannot be reached never means "run it"; an answer to anything but the latest request is dropped.
import { onAttempted, onLooked, onView, rebid, whileAcquiring, whileLooking } from './candidate.ts';
import { isOurs, learn, leave } from './moves.ts';
import { certify, recordOf, standing } from './observer.ts';
import { onRequest, onResume } from './operator.ts';
import { news } from './outlook.ts';
import { onPublish } from './publish.ts';
import type { View } from './record.ts';
import { onReleased, whileReleasing } from './release.ts';
import type { LeaderAt, LeaderEvent, LeaderPolicy, LeaderState, LeaderStep, Outcome } from './state.ts';
import { lose, onClockJump, onDrained, onRenewed, whileDemoting, whileHolding } from './tenure.ts';
import type { Nanoseconds } from './timing.ts';

/**
 * `settleUntil`: no work before that instant, where the election comes from another backend (S5 for the one left).
 * `begins`: a paused one only looks, until `resume`.
 */
export function initialLeader(
  now: Nanoseconds,
  settleUntil: Nanoseconds = now,
  begins: 'following' | 'paused' = 'following',
): LeaderState {
  return {
    role:
      begins === 'paused'
        ? { kind: 'paused', readAt: now, until: undefined }
        : { kind: 'following', readAt: now, bidAt: undefined, aloofUntil: now },
    call: undefined,
    sight: undefined,
    calls: 0,
    terms: 0,
    highestEpoch: 0,
    longestLease: 0,
    settleUntil,
    refused: undefined,
  };
}

/** True while work of this term may be started or started again; once false, for ever. To be asked just before each start. */
export function mayRun(state: LeaderState, term: string, now: Nanoseconds): boolean {
  const { role } = state;
  return role.kind === 'leading' && role.tenure.term === term && now < role.tenure.lease.demoteAt;
}

/**
 * False while nobody can be seen to lead: what an alarm for people is made of. Led is a group while work may run here, or
 * while another replica's record says so that has not aged. A start delay is nobody's lead, ours (`settling`) or another's (its
 * record is not clean): the alarm's time has to cover it. So does a record that cannot be read, or an engine that does not
 * answer, lead nobody; but what was read last counts until it has aged, since a leader may be there and not be seen.
 */
export function isLed(policy: LeaderPolicy, state: LeaderState, now: Nanoseconds): boolean {
  const { role, sight, longestLease } = state;
  if (role.kind === 'leading' || role.kind === 'handing-over') return true;
  const record = recordOf(sight);
  if (record?.state !== 'held' || !record.clean || record.boot === policy.self.boot) return false;
  return standing(policy, sight, longestLease, now).kind === 'held';
}

/** When the state wants a `tick`, monotonic nanoseconds; an instant in the past means at once. */
export function leaderDeadline(state: LeaderState): Nanoseconds | undefined {
  const { role, call } = state;
  const request = (at: Nanoseconds | undefined): Nanoseconds => call?.until ?? at ?? Infinity;
  switch (role.kind) {
    case 'off':
      return undefined;
    case 'blocked':
      return request(role.readAt);
    case 'following':
      return Math.min(role.bidAt ?? Infinity, request(role.readAt));
    case 'paused':
      return Math.min(role.until ?? Infinity, request(role.readAt));
    case 'acquiring':
      return Math.min(role.attempt.lease.demoteAt, request(role.readAt));
    case 'settling':
      return Math.min(role.tenure.lease.demoteAt, role.startAt, request(role.tenure.renewAt));
    case 'leading':
    case 'handing-over':
      return Math.min(role.tenure.lease.demoteAt, request(role.tenure.renewAt));
    case 'demoting':
      return role.until;
    case 'releasing':
      return Math.min(role.giveUpAt, request(role.tryAt));
  }
}

export function stepLeader(
  policy: LeaderPolicy,
  state: LeaderState,
  event: LeaderEvent,
  at: LeaderAt,
): LeaderStep {
  const [next, effects] = befall(policy, state, event, at);
  const [last, more] = keepTime(policy, next, at);
  const told = news(policy, state, last);
  return [last, more.length + told.length === 0 ? effects : [...effects, ...more, ...told]];
}

function befall(policy: LeaderPolicy, state: LeaderState, event: LeaderEvent, at: LeaderAt): LeaderStep {
  switch (event.kind) {
    case 'reply':
      return onReply(policy, state, event.call, event.outcome, at);
    case 'seen':
      return onSeen(policy, state, event.view, at);
    case 'hint':
    case 'reconfigured':
      return [lookNow(state, event.kind, at), []];
    case 'drained':
    case 'guard-gone':
    case 'undying':
      return onWork(policy, state, event.kind, event.term, at);
    case 'holder-gone': {
      const sight = certify(state.sight, event.term);
      return [sight === state.sight ? state : rebid(policy, { ...state, sight }, at), []];
    }
    case 'clock-jump':
      return onJump(policy, state, at);
    case 'step-down':
    case 'transfer':
    case 'pause':
    case 'shutdown':
      return onRequest(policy, state, event, at);
    case 'resume':
      return onResume(policy, state, event.waiter, at);
    case 'publish':
      return onPublish(state, event, at);
    case 'tick':
      return [state, []];
  }
}

/** Whatever the event was, no deadline is overlooked: it is the same step that carries out what has come due. */
function keepTime(policy: LeaderPolicy, state: LeaderState, at: LeaderAt): LeaderStep {
  const { role } = state;
  switch (role.kind) {
    case 'following':
    case 'paused':
    case 'blocked':
      return whileLooking(policy, state, role, at);
    case 'acquiring':
      return whileAcquiring(policy, state, role, at);
    case 'settling':
    case 'leading':
    case 'handing-over':
      return whileHolding(policy, state, role, at);
    case 'demoting':
      return whileDemoting(policy, state, role, at);
    case 'releasing':
      return whileReleasing(policy, state, role, at);
    case 'off':
      return [state, []];
  }
}

function onReply(
  policy: LeaderPolicy,
  before: LeaderState,
  id: number,
  outcome: Outcome,
  at: LeaderAt,
): LeaderStep {
  const { call } = before;
  if (call?.id !== id) return [before, []];
  const state = { ...before, call: undefined };
  const { role } = state;
  switch (role.kind) {
    case 'following':
    case 'paused':
    case 'blocked':
      return onLooked(policy, state, role, outcome, at);
    case 'acquiring':
      return onAttempted(policy, state, role, call.what, outcome, at);
    case 'settling':
    case 'leading':
    case 'handing-over':
      return onRenewed(policy, state, role, outcome, call.lease, at);
    case 'releasing':
      return onReleased(policy, state, role, outcome, at);
    case 'demoting':
    case 'off':
      return [state, []];
  }
}

function onSeen(policy: LeaderPolicy, state: LeaderState, view: View, at: LeaderAt): LeaderStep {
  const { role } = state;
  switch (role.kind) {
    case 'following':
    case 'paused': {
      const next = onView(policy, state, view, at);
      // The answer to a read under way may be older than this: it is asked for anew.
      return [next.call === undefined ? next : { ...lookNow(next, 'hint', at), call: undefined }, []];
    }
    // Only a write can tell whether it is true, so it is tried at once.
    case 'settling':
    case 'leading':
    case 'handing-over':
      if (isOurs(view, role.tenure.term)) return [state, []];
      return [{ ...state, role: { ...role, tenure: { ...role.tenure, renewAt: at.now } } }, []];
    case 'acquiring':
    case 'demoting':
    case 'releasing':
      return [learn(state, view, at.now), []];
    case 'blocked':
    case 'off':
      return [state, []];
  }
}

function lookNow(state: LeaderState, why: 'hint' | 'reconfigured', at: LeaderAt): LeaderState {
  const { role } = state;
  if (
    role.kind === 'following' ||
    role.kind === 'paused' ||
    (role.kind === 'blocked' && why === 'reconfigured')
  )
    return { ...state, role: { ...role, readAt: at.now } };
  return state;
}

function onWork(
  policy: LeaderPolicy,
  state: LeaderState,
  what: 'drained' | 'guard-gone' | 'undying',
  term: string,
  at: LeaderAt,
): LeaderStep {
  const { role } = state;
  if (role.kind !== 'leading' && role.kind !== 'handing-over' && role.kind !== 'demoting') return [state, []];
  if (role.tenure.term !== term) return [state, []];
  if (what === 'drained') return role.kind === 'leading' ? [state, []] : onDrained(policy, state, role, at);
  return role.kind === 'demoting' ? [state, []] : lose(policy, state, role, what, at);
}

function onJump(policy: LeaderPolicy, state: LeaderState, at: LeaderAt): LeaderStep {
  const { role } = state;
  if (role.kind === 'settling' || role.kind === 'leading' || role.kind === 'handing-over')
    return onClockJump(state, role, at);
  // Of the time that it was given, nobody knows how much is left.
  if (role.kind === 'demoting' && role.stage === 'stopping')
    return [{ ...state, role: { ...role, until: at.now } }, []];
  // Its sending may be longer ago than it seems: if it was carried out, the record shows it as an ended term of ours.
  if (role.kind === 'acquiring') return leave(policy, state, role.wish, at);
  return [state, []];
}
