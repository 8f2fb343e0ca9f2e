// The moves of an election's machine: what the ways into following, blocked and the end have in common, requests, and
// effects by name.
import { observe, recordOf, standing } from './observer.ts';
import { leaderIn } from './outlook.ts';
import type { LeaderRecord, View } from './record.ts';
import type {
  LeaderAt,
  LeaderEffect,
  LeaderPolicy,
  LeaderReport,
  LeaderState,
  LeaderStep,
  LeaderTale,
  Role,
  StoreError,
  Tenure,
  Waiter,
  Wish,
} from './state.ts';
import { leaseFrom, millisecond, second, waitOut } from './timing.ts';
import type { Nanoseconds } from './timing.ts';

/** Bids for a free record are spread over this long, so that the replicas do not all write at once. */
const bidSpread: Nanoseconds = 10 * millisecond;
/** How long the others leave a free record to a named successor. */
const successorHead: Nanoseconds = second;
/** A replica that may not take part tries again after this long, and each time after twice as long, up to the longest. */
const refusedPause = { first: second, longest: 60 * second } as const;

/** The longest start delay (S5): whoever might still believe in a lease has stopped by then. */
export function fullDelay(policy: LeaderPolicy, state: LeaderState): Nanoseconds {
  return waitOut(policy.timing, Math.max(policy.timing.lease, state.longestLease));
}

/** Takes in a view of the record. */
export function learn(state: LeaderState, view: View, now: Nanoseconds): LeaderState {
  const sight = observe(state.sight, view, now);
  if (sight === state.sight) return state;
  const record = recordOf(sight);
  return {
    ...state,
    sight,
    highestEpoch: Math.max(state.highestEpoch, view.epochFloor, record?.epoch ?? 0),
    longestLease: Math.max(state.longestLease, record?.lease ?? 0),
    refused: record?.state === 'held' ? undefined : state.refused,
  };
}

export function isOurs(view: View, term: string): boolean {
  return view.found.kind === 'record' && view.found.record.term === term;
}

/** Sends a request; what is still under way is forgotten. */
export function send(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Role,
  request: { readonly expect: string | undefined; readonly record: LeaderRecord } | 'read',
  at: LeaderAt,
): LeaderStep {
  const id = state.calls + 1;
  const what = request === 'read' ? 'read' : 'write';
  const call = {
    id,
    what,
    lease: leaseFrom(policy.timing, at.now),
    until: at.now + policy.timing.timeout,
  } as const;
  return [
    { ...state, role, call, calls: id },
    [request === 'read' ? { kind: 'read', call: id } : { kind: 'write', call: id, ...request }],
  ];
}

/** What of a record is decided anew at each write. */
type Said = Pick<LeaderRecord, 'state' | 'clean' | 'successor'>;

export function recordOfTerm(
  policy: LeaderPolicy,
  tenure: Pick<Tenure, 'term' | 'epoch' | 'incarnation' | 'writes' | 'board'>,
  said: Said,
): LeaderRecord {
  const { group, self, timing, about = {} } = policy;
  const { term, epoch, incarnation, writes, board } = tenure;
  const holder = { holder: self.name, instance: self.instance, boot: self.boot };
  return {
    group,
    ...holder,
    term,
    write: writes,
    epoch,
    lease: timing.lease,
    ...said,
    incarnation,
    board,
    about,
  };
}

/** The next write of a term; each has a number of its own, carried out or not. */
export function write(
  policy: LeaderPolicy,
  state: LeaderState,
  role: Extract<Role, { readonly tenure: Tenure }>,
  said: Said,
  at: LeaderAt,
): LeaderStep {
  const tenure = { ...role.tenure, writes: role.tenure.writes + 1 };
  const record = recordOfTerm(policy, tenure, said);
  return send(policy, state, { ...role, tenure }, { expect: tenure.version, record }, at);
}

/** Follows from now on: reads soon, and bids as the record seen last allows, but not before `aloofUntil`. */
export function follow(
  policy: LeaderPolicy,
  state: LeaderState,
  at: LeaderAt,
  aloofUntil: Nanoseconds = 0,
): LeaderState {
  const bidAt = bidInstant(policy, state, aloofUntil, at);
  return { ...state, call: undefined, role: { kind: 'following', readAt: at.now, bidAt, aloofUntil } };
}

/** When to try to take the record, as far as it is known. */
export function bidInstant(
  policy: LeaderPolicy,
  state: LeaderState,
  aloofUntil: Nanoseconds,
  at: LeaderAt,
): Nanoseconds | undefined {
  const place = standing(policy, state.sight, state.longestLease, at.now);
  if (place.kind === 'unknown') return undefined;
  const from = place.kind === 'held' ? place.until : at.now;
  const bidAt = from + holdBack(policy, state, at);
  // A missing record is nobody's turn: the sooner somebody writes it, the sooner its start delay is over.
  const isMissing = place.kind === 'free' && place.delay > 0;
  return isMissing ? bidAt : Math.max(bidAt, aloofUntil);
}

function holdBack(policy: LeaderPolicy, state: LeaderState, at: LeaderAt): Nanoseconds {
  const found = state.sight?.view.found;
  // Whoever goes by the one record alone could begin at once.
  const head = found?.kind === 'record' && found.settles === true ? successorHead : 0;
  const successor = recordOf(state.sight)?.successor;
  if (successor === policy.self.name) return head;
  const spread = head + policy.handicap + Math.floor(at.jitter * bidSpread);
  return successor === undefined ? spread : successorHead + spread;
}

export function block(state: LeaderState, error: StoreError, reason: string, at: LeaderAt): LeaderStep {
  const { refused } = state;
  const { first, longest } = refusedPause;
  // An engine that has just started may refuse what it allows a moment later, as an API server of Kubernetes does.
  const pause = refused === undefined ? first : Math.min(2 * refused.pause, longest);
  return [
    {
      ...state,
      call: undefined,
      refused: { reason, pause },
      role: { kind: 'blocked', reason, readAt: at.now + pause },
    },
    refused?.reason === reason ? [] : [tell({ kind: 'blocked', error, reason })],
  ];
}

/** Nothing of ours runs and nothing is held: on to what was wanted next. */
export function leave(
  policy: LeaderPolicy,
  state: LeaderState,
  wish: Wish,
  at: LeaderAt,
  aloofUntil: Nanoseconds = 0,
): LeaderStep {
  const done = [
    ...('tenure' in state.role ? unconfirmed(state, state.role.tenure) : []),
    ...wish.waiters.map((waiter) => report(waiter, { kind: 'done' })),
  ];
  switch (wish.next.kind) {
    case 'follow':
      return [follow(policy, state, at, aloofUntil), done];
    case 'pause':
      return [
        {
          ...state,
          call: undefined,
          role: { kind: 'paused', readAt: at.now, until: wish.next.until },
        },
        [tell({ kind: 'paused' }), ...done],
      ];
    case 'end':
      return [{ ...state, call: undefined, role: { kind: 'off' } }, done];
  }
}

/** Whoever still waits for an entry of the board, once the tenure ends. */
export function unconfirmed(state: LeaderState, { posts }: Tenure): readonly LeaderEffect[] {
  const leader = leaderIn(state);
  return posts.map(({ waiter }) => report(waiter, { kind: 'not-leading', leader }));
}

export function report(waiter: Waiter, outcome: LeaderReport): LeaderEffect {
  return { kind: 'report', waiter, report: outcome };
}

export function tell(tale: LeaderTale): LeaderEffect {
  return { kind: 'tell', tale };
}
