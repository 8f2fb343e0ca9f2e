// Who runs the services of a group where nothing is elected: the plan's word, or an ordinal. No failover, no lease.
import type { Choice } from './choice.ts';

export interface Verdict {
  /** `everywhere`: in every replica at once; `by-plan`: as for any other service, by `startup` and the API. */
  readonly runs: boolean | 'everywhere' | 'by-plan';
  /** For people. */
  readonly reason: string;
}

/**
 * The replica with ordinal 0 runs them, as unit 0 does under paas-charm: DJSUP_LEADER_STATIC=1 or 0, or the ordinal that a
 * StatefulSet gives to the host name. Blocked where neither is there.
 */
export function staticVerdict(
  environment: Readonly<Record<string, string | undefined>>,
  hostname: string,
  why: readonly string[],
): Choice {
  const said = environment['DJSUP_LEADER_STATIC'];
  if (said !== undefined && said !== '') {
    if (said !== '0' && said !== '1')
      return {
        kind: 'blocked',
        reason: 'cannot tell whether to lead: DJSUP_LEADER_STATIC must be 1 or 0',
        why,
      };
    const verb = said === '1' ? 'runs' : 'does not run';
    return verdict(said === '1', `DJSUP_LEADER_STATIC is ${said}: this replica ${verb} them, for ever`, why);
  }
  const ordinal = /-(\d{1,6})$/.exec(hostname)?.[1];
  if (ordinal === undefined)
    return {
      kind: 'blocked',
      reason: `cannot tell whether to lead: the host name "${hostname}" has no ordinal as in "web-0"; set DJSUP_LEADER_STATIC=1 in one replica and 0 in all others`,
      why,
    };
  return Number(ordinal) === 0
    ? verdict(
        true,
        `the host name "${hostname}" has ordinal 0: this replica runs them, and no other ever does`,
        why,
      )
    : verdict(
        false,
        `the host name "${hostname}" has ordinal ${ordinal}: the replica with ordinal 0 runs them, or nobody`,
        why,
      );
}

function verdict(runs: boolean, reason: string, why: readonly string[]): Choice {
  return { kind: 'verdict', verdict: { runs, reason }, why };
}
