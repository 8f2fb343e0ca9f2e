// What has been counted of a leader group since the daemon's start; metrics are made of it.
import { Histogram } from '../core/histogram.ts';
import { leaderCauses } from '../core/leader/causes.ts';
import type { LeaderCause } from '../core/leader/causes.ts';
import type { StoreError } from '../core/leader/state.ts';

export interface LeaderTally {
  readonly transitions: Record<LeaderCause, number>;
  readonly failures: Record<StoreError, number>;
  /** s */
  readonly writeTimes: Histogram;
  clockJumps: number;
}

const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5];

export function newLeaderTally(): LeaderTally {
  return {
    transitions: Object.fromEntries(leaderCauses.map((cause) => [cause, 0])) as Record<LeaderCause, number>,
    failures: { transient: 0, permission: 0, unsafe: 0 },
    writeTimes: new Histogram(bounds),
    clockJumps: 0,
  };
}
