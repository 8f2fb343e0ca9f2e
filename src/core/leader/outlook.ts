// What a replica knows of its election, in the words of people: who leads, for how long, and what the board says.
// Law: all of it is what was last seen; nothing here decides anything.
import { isEqual } from '../equal.ts';
import { recordOf } from './observer.ts';
import type { Board, Found } from './record.ts';
import type { LeaderEffect, LeaderPolicy, LeaderState, Role } from './state.ts';
import type { Nanoseconds } from './timing.ts';

const emptyBoard: Board = {};

/** The board of the record as last seen. */
export function boardOf(state: LeaderState): Board {
  return recordOf(state.sight)?.board ?? emptyBoard;
}

/** The leader by what was last seen. */
export function leaderIn(state: LeaderState): string | undefined {
  const record = recordOf(state.sight);
  return record?.state === 'held' ? record.holder : undefined;
}

export type Strange = Extract<Found, { readonly kind: 'newer' | 'unreadable' }>;

/** What it means, and the way out. */
export function strangeText(strange: Strange): string {
  if (strange.kind === 'newer')
    return `the record was written by a later djsup (format ${strange.format}): update this replica; until then it takes no part`;
  return (
    'what stands in the place of the record cannot be read: it was damaged, or something else than djsup writes there; ' +
    'it is replaced once it has stood still for two leases; if it is not djsup\'s, give the group another "name" in section "leader"'
  );
}

function strangeIn({ sight }: LeaderState): Strange | undefined {
  const found = sight?.view.found;
  return found?.kind === 'newer' || found?.kind === 'unreadable' ? found : undefined;
}

export interface LeaderOutlook {
  readonly state: Role['kind'];
  readonly leader: string | undefined;
  /** Of the record: ours where we hold it, else as last seen. */
  readonly epoch: number | undefined;
  /** Until V, for who holds the record. */
  readonly validFor: Nanoseconds | undefined;
  /** How long the record has stood as it is, for who does not hold it. */
  readonly unchangedFor: Nanoseconds | undefined;
  /** Until work may start, while settling. */
  readonly startsIn: Nanoseconds | undefined;
  /** What stands in the record's place where it is no record that can be read. */
  readonly strange: Strange | undefined;
  /** Why it is blocked, or what was wrong with the last renewal. */
  readonly detail: string | undefined;
}

export function leaderOutlook(state: LeaderState, now: Nanoseconds): LeaderOutlook {
  const { role, sight } = state;
  const leader = leaderIn(state);
  const left = (until: Nanoseconds): Nanoseconds => Math.max(0, until - now);
  if ('tenure' in role) {
    const { epoch, lease, error } = role.tenure;
    const startsIn = role.kind === 'settling' ? left(role.startAt) : undefined;
    const validFor = left(lease.validUntil);
    const held = { leader, epoch, validFor, unchangedFor: undefined, strange: undefined };
    return { state: role.kind, ...held, startsIn, detail: error };
  }
  return {
    state: role.kind,
    leader,
    epoch: recordOf(sight)?.epoch,
    validFor: undefined,
    unchangedFor: sight === undefined ? undefined : now - sight.since,
    startsIn: undefined,
    strange: strangeIn(state),
    detail: role.kind === 'blocked' ? role.reason : undefined,
  };
}

/** What a step has let us see of others: another leader, another board. */
export function news(policy: LeaderPolicy, before: LeaderState, after: LeaderState): readonly LeaderEffect[] {
  if (before.sight === after.sight) return [];
  const effects: LeaderEffect[] = [];
  const [earlier, leader] = [leaderIn(before), leaderIn(after)];
  const isOwn = (leader ?? earlier) === policy.self.name;
  if (leader !== earlier && !isOwn) {
    const epoch = recordOf(after.sight)?.epoch ?? after.highestEpoch;
    effects.push({ kind: 'tell', tale: { kind: 'following', leader, epoch } });
  }
  const strange = strangeIn(after);
  if (strange !== undefined && strange.kind !== strangeIn(before)?.kind)
    effects.push({ kind: 'tell', tale: strange });
  const board = boardOf(after);
  if (!isEqual(boardOf(before), board)) effects.push({ kind: 'tell', tale: { kind: 'board', board } });
  return effects;
}
