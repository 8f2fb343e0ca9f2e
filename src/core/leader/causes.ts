// What befalls a replica in an election, in the words that metrics use.
import type { LeaderTale } from './state.ts';

export const leaderCauses = [
  'gained',
  'handing-over',
  'released',
  'unreleased',
  'renew-deadline',
  'overtaken',
  'guard-gone',
  'undying',
  'undrained',
  'blocked',
] as const;

export type LeaderCause = (typeof leaderCauses)[number];

/** Undefined: nothing to count. */
export function causeOf(tale: LeaderTale): LeaderCause | undefined {
  if (tale.kind === 'lost') return tale.cause;
  return leaderCauses.find((cause) => cause === tale.kind);
}
