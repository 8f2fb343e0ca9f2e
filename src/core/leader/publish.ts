// Entries of the board, for whoever holds the record: each change is written at once.
// Law: an entry is confirmed by a write that is known to have been carried out, and by nothing else.
import { leaderIn } from './outlook.ts';
import { report } from './moves.ts';
import { withEntry } from './record.ts';
import type { View } from './record.ts';
import type { LeaderAt, LeaderEffect, LeaderEvent, LeaderState, LeaderStep, Post, Tenure } from './state.ts';

export function onPublish(
  state: LeaderState,
  { key, value, waiter }: Extract<LeaderEvent, { kind: 'publish' }>,
  at: LeaderAt,
): LeaderStep {
  const { role } = state;
  if (role.kind !== 'settling' && role.kind !== 'leading' && role.kind !== 'handing-over')
    return [state, [report(waiter, { kind: 'not-leading', leader: leaderIn(state) })]];
  const { tenure } = role;
  const board = withEntry(tenure.board, key, value);
  if (!board.ok) return [state, [report(waiter, { kind: 'refused', reason: board.failure })]];
  const posts = [...tenure.posts, { waiter, write: tenure.writes + 1 }];
  const next = { ...tenure, board: board.value, posts, renewAt: at.now };
  return [{ ...state, role: { ...role, tenure: next } }, []];
}

/** What is left of the posts once a view shows our record, and the reports to those that it confirms. */
export function confirmed(
  { term, posts }: Tenure,
  { found }: View,
): readonly [readonly Post[], readonly LeaderEffect[]] {
  if (posts.length === 0 || found.kind !== 'record' || found.record.term !== term) return [posts, []];
  const { write } = found.record;
  const done = posts.filter((post) => post.write <= write);
  return [
    posts.filter((post) => post.write > write),
    done.map(({ waiter }) => report(waiter, { kind: 'done' })),
  ];
}
