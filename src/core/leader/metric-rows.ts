// Metrics of leader groups: rows of core/metric-table.ts.
import type { LeaderFigures } from '../figures.ts';
import type { MetricRow } from '../metric-table.ts';
import type { FamilyType, Value } from '../metric.ts';
import { leaderCauses } from './causes.ts';
import type { Role } from './state.ts';

const roles = [
  'following',
  'acquiring',
  'settling',
  'leading',
  'handing-over',
  'demoting',
  'releasing',
  'paused',
  'blocked',
  'off',
] as const satisfies readonly Role['kind'][];

function perGroup(
  name: string,
  type: FamilyType,
  help: string,
  value: (leader: LeaderFigures) => Value | undefined,
): MetricRow {
  const points: MetricRow['points'] = ({ leaders }) =>
    leaders.map((leader) => [[leader.group], value(leader)]);
  return { name, type, labels: ['group'], help, points };
}

export const leaderRows: readonly MetricRow[] = [
  {
    name: 'djsup_leader_state',
    type: 'gauge',
    labels: ['group', 'state'],
    help: '1 for the state of this replica in the election of the group, 0 for all others.',
    points: ({ leaders }) =>
      leaders.flatMap(({ group, state }) =>
        roles.map((one) => [[group, one], Number(state === one)] as const),
      ),
  },
  perGroup('djsup_leader_is_leader', 'gauge', 'Whether this replica leads the group (1) or not (0).', (one) =>
    Number(one.state === 'leading'),
  ),
  perGroup(
    'djsup_leader_epoch',
    'gauge',
    'Epoch of the latest leadership that this replica has seen; not there before it has.',
    (one) => one.epoch,
  ),
  perGroup(
    'djsup_leader_valid_seconds',
    'gauge',
    'How much longer the lease of this replica stands, in seconds; not there while it holds none.',
    (one) => one.validSeconds,
  ),
  perGroup(
    'djsup_leader_leaderless_seconds',
    'gauge',
    'For how long nobody has been seen to lead the group, in seconds; 0 while somebody does, or while its tasks here have nothing to do.',
    (one) => one.leaderlessSeconds,
  ),
  {
    name: 'djsup_leader_transitions_total',
    type: 'counter',
    labels: ['group', 'cause'],
    help: 'Transitions of this replica: leadership gained, handed over, released (or not: unreleased), blocked, or lost because it could not be renewed (renew-deadline), somebody else had it (overtaken), a guard had gone (guard-gone), or something did not die (undying).',
    points: ({ leaders }) =>
      leaders.flatMap(({ group, transitions }) =>
        leaderCauses.map((cause) => [[group, cause], transitions[cause]] as const),
      ),
  },
  perGroup(
    'djsup_leader_write_seconds',
    'histogram',
    'How long the engine took to write the record, in seconds.',
    (one) => one.writeTimes,
  ),
  {
    name: 'djsup_leader_request_failures_total',
    type: 'counter',
    labels: ['group', 'kind'],
    help: 'Requests to the engine that failed: transient (no answer, an error), permission (a right is missing), unsafe (refused by djsup).',
    points: ({ leaders }) =>
      leaders.flatMap(({ group, failures }) =>
        Object.entries(failures).map(([kind, count]) => [[group, kind], count] as const),
      ),
  },
  perGroup(
    'djsup_leader_clock_jumps_total',
    'counter',
    'Times that more time had passed than the monotonic clock had counted: the machine was suspended, or its wall clock set.',
    (one) => one.clockJumps,
  ),
];
