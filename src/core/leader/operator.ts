// What operators, and the daemon's own end, ask of a replica: hand over, transfer, stay out, come back, end.
// Law: what is asked is answered once: at once, or when the work has ended and the record is let go.
import { follow, leave, report } from './moves.ts';
import { leaderIn } from './outlook.ts';
import { noWish } from './state.ts';
import type { LeaderAt, LeaderEvent, LeaderPolicy, LeaderState, LeaderStep, Waiter, Wish } from './state.ts';
import { handOver } from './tenure.ts';

type Request = Extract<LeaderEvent, { kind: 'step-down' | 'transfer' | 'pause' | 'shutdown' }>;

export function onRequest(
  policy: LeaderPolicy,
  state: LeaderState,
  event: Request,
  at: LeaderAt,
): LeaderStep {
  const { role } = state;
  const { waiter } = event;
  const wish = wishOf(event, at);
  switch (role.kind) {
    case 'settling':
    case 'leading':
      return handOver(policy, state, role, wish, at);
    case 'handing-over':
    case 'demoting':
    case 'releasing':
      return [{ ...state, role: { ...role, wish: joined(role.wish, wish) } }, []];
    case 'acquiring':
      if (wish.next.kind === 'follow') return notLeading(state, waiter);
      return [{ ...state, role: { ...role, wish: joined(role.wish, wish) } }, []];
    case 'following':
    case 'paused':
    case 'blocked':
      if (event.kind === 'step-down' || event.kind === 'transfer') return notLeading(state, waiter);
      return leave(policy, state, wish, at);
    case 'off':
      return [state, [report(waiter, { kind: 'done' })]];
  }
}

/** Takes part again; work that is being stopped is stopped to its end first. */
export function onResume(policy: LeaderPolicy, state: LeaderState, waiter: Waiter, at: LeaderAt): LeaderStep {
  const done = report(waiter, { kind: 'done' });
  const { role } = state;
  if (role.kind === 'paused') return [follow(policy, state, at), [done]];
  // Nothing is held yet, and it is told at once that it stays so or not: nobody has anything to wait for.
  if (role.kind === 'acquiring' && role.wish.next.kind === 'pause') {
    const others = role.wish.waiters.map((other) => report(other, { kind: 'done' }));
    return [{ ...state, role: { ...role, wish: noWish } }, [...others, done]];
  }
  if ('wish' in role && role.wish.next.kind === 'pause')
    return [{ ...state, role: { ...role, wish: { ...role.wish, next: noWish.next } } }, [done]];
  return [state, [done]];
}

function wishOf(event: Request, at: LeaderAt): Wish {
  const wish: Wish = { ...noWish, waiters: [event.waiter] };
  switch (event.kind) {
    case 'step-down':
      return event.span > 0 ? { ...wish, next: { kind: 'pause', until: at.now + event.span } } : wish;
    case 'transfer':
      return { ...wish, successor: event.to };
    case 'pause':
      return {
        ...wish,
        next: { kind: 'pause', until: event.span === undefined ? undefined : at.now + event.span },
      };
    case 'shutdown':
      return { ...wish, next: { kind: 'end' } };
  }
}

/** A second wish while the first is carried out: the end outweighs everything, a pause outweighs going on. */
function joined(first: Wish, second: Wish): Wish {
  const keeps = first.next.kind === 'end' || second.next.kind === 'follow';
  return {
    next: keeps ? first.next : second.next,
    successor: second.successor ?? first.successor,
    waiters: [...first.waiters, ...second.waiters],
  };
}

function notLeading(state: LeaderState, waiter: Waiter): LeaderStep {
  return [state, [report(waiter, { kind: 'not-leading', leader: leaderIn(state) })]];
}
