// From the combined entry of a leader group to its configuration, with every default filled in.
// Law: timings with which two replicas could run a service at the same time are refused, with the sum that does not come out.
import type { LeaderConfig } from './config.ts';
import { recordName } from './leader/settings.ts';
import { readShare } from './leader/layer-fields.ts';
import type { LeaderEntry } from './leader/layer-fields.ts';
import { checkTiming, millisecond, profiles } from './leader/timing.ts';
import type { Nanoseconds, Timing } from './leader/timing.ts';
import type { Notes } from './plan-service.ts';

/** How much longer each step of priority below 0 holds back, ms. */
const priorityStep = 50;

export function leaderConfig(group: string, entry: LeaderEntry, notes: Notes): LeaderConfig {
  const { override: _override, profile: _profile, priority = 0, ...settings } = entry;
  const timing = timingOf(entry);
  const sound = checkTiming(timing);
  if (!sound.ok) notes.refuse(['leader', group], `leader group "${group}": ${sound.failure}`);
  else
    for (const note of sound.value.notes) notes.warn(['leader', group], `leader group "${group}": ${note}`);
  const amiss = wrongMove(entry);
  if (amiss !== undefined)
    notes.refuse(['leader', group, 'moved-from'], `"moved-from" of leader group "${group}": ${amiss}`);
  return { group, settings, timing, handicap: (0 - priority) * priorityStep };
}

/** Two groups on one record would take it from each other; as far as that can be seen without a look at the environment. */
export function checkRecords(leader: ReadonlyMap<string, LeaderConfig>, notes: Notes): void {
  const taken = new Map<string, string>();
  for (const { group, settings } of leader.values()) {
    for (const record of recordsOf(group, settings)) {
      const other = taken.get(record);
      if (other === undefined) taken.set(record, group);
      else
        notes.refuse(
          ['leader', group],
          `leader groups "${other}" and "${group}" would share one record, ${record}: give each its own`,
        );
    }
  }
}

/** What names the record of a group, in words. */
function recordsOf(
  group: string,
  { backend, name, file, kubernetes }: LeaderConfig['settings'],
): readonly string[] {
  if (backend === 'none' || backend === 'juju') return [];
  const { namespace = '', lease } = kubernetes ?? {};
  return [
    name === undefined
      ? `the one that is named "…-${recordName('', group)}" by default`
      : `the one named "${name}"`,
    ...(lease === undefined ? [] : [`the Lease "${namespace === '' ? '' : `${namespace}/`}${lease}"`]),
    ...(file?.path === undefined ? [] : [`the lock file "${file.path}"`]),
  ];
}

/** What of a move can be seen to be wrong without a look at the environment. */
function wrongMove({ backend, 'moved-from': former }: LeaderEntry): string | undefined {
  if (former === undefined) return undefined;
  if (former.backend === undefined)
    return 'it needs "backend": write out where the record was kept before, also where djsup had chosen that by itself';
  if (backend === 'none' || backend === 'juju')
    return `no record can be held against backend "${backend}", which decides without one: leave "moved-from" out, and stop all replicas first`;
  return backend === 'file' && former.backend === 'file'
    ? 'a guard can hold but one lock file: move by way of another backend, or stop all replicas first'
    : undefined;
}

function timingOf(entry: LeaderEntry): Timing {
  const profile = profiles[entry.profile ?? 'default'];
  const given = (milliseconds: number | undefined, otherwise: Nanoseconds): Nanoseconds =>
    milliseconds === undefined ? otherwise : Math.round(milliseconds * millisecond);
  return {
    ...profile,
    lease: given(entry['lease-duration'], profile.lease),
    renew: given(entry['renew-period'], profile.renew),
    timeout: given(entry['request-timeout'], profile.timeout),
    lostKillDelay: given(entry['lost-kill-delay'], profile.lostKillDelay),
    drift: readShare(entry['max-clock-drift'] ?? '') ?? profile.drift,
  };
}
