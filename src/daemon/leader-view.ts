// A leader group in words: why nothing of it runs here, and its record for the API. Nothing is decided here.
import type { LeaderConfig } from '../core/config.ts';
import { formatDuration } from '../core/duration.ts';
import type { LeaderOutlook } from '../core/leader/outlook.ts';
import { checkTiming, millisecond, second } from '../core/leader/timing.ts';
import type { Backing } from '../ports.ts';
import type { LeaderRecord } from './records.ts';

export interface GroupFacts {
  readonly config: LeaderConfig;
  /** This replica's name. */
  readonly self: string;
  /** Undefined: it is being chosen. */
  readonly backing: Backing | undefined;
  /** Undefined: there is no election. */
  readonly outlook: LeaderOutlook | undefined;
  /** Somebody has asked this replica to stay out. */
  readonly held: boolean;
  /** What the store talks to. */
  readonly place: string | undefined;
  readonly warnings: readonly string[];
  readonly since: Date;
  readonly wanted: ReadonlySet<string>;
  readonly history: LeaderRecord['history'];
}

export function noElection(backing: Backing | undefined): string {
  if (backing?.kind === 'blocked') return `no election is possible: ${backing.because}`;
  return 'the election is being set up';
}

/** Who leads, where it is not this replica. Its own name in the record is that of an earlier term, once it holds none. */
export function leaderElsewhere(outlook: LeaderOutlook | undefined, self: string): string | undefined {
  if (outlook === undefined || outlook.validFor !== undefined) return undefined;
  return outlook.leader === self ? undefined : outlook.leader;
}

const endings: Readonly<Record<string, string>> = {
  'handing-over': 'this replica hands over',
  demoting: 'this replica has lost the lead, what it ran is being stopped',
  releasing: 'this replica lets go',
};

/** Why nothing of the group runs here. */
export function reasonText({
  outlook,
  backing,
  held,
  wanted,
  self,
}: Pick<GroupFacts, 'outlook' | 'backing' | 'held' | 'wanted' | 'self'>): string {
  if (outlook === undefined || backing?.kind === 'blocked') return noElection(backing);
  if (backing?.kind === 'fixed') return backing.because;
  if (outlook.state === 'blocked') return `blocked: ${outlook.detail ?? 'unknown'}`;
  if (outlook.state === 'settling') {
    const left = Math.ceil((outlook.startsIn ?? 0) / second) * 1000;
    return `waits ${formatDuration(left)} until whoever led before must have stopped`;
  }
  const ending = endings[outlook.state];
  if (ending !== undefined) return ending;
  if (held) return 'this replica stays out on request';
  const leader = leaderElsewhere(outlook, self);
  if (leader !== undefined) return `"${leader}" leads`;
  return wanted.size === 0 ? 'nothing of the group is wanted here' : 'nobody leads yet';
}

export function leaderRecord(facts: GroupFacts): LeaderRecord {
  const { config, self, backing, outlook, place } = facts;
  const state = outlook?.state ?? (backing === undefined ? 'opening' : 'blocked');
  const sound = checkTiming(config.timing);
  const detail = [
    place,
    state === 'leading' ? outlook?.detail : reasonText(facts),
    outlook?.unchangedFor === undefined
      ? undefined
      : `record unchanged for ${(outlook.unchangedFor / second).toFixed(1)}s`,
  ];
  return {
    group: config.group,
    state,
    replica: self,
    ...(outlook?.leader === undefined ? {} : { leader: outlook.leader }),
    ...(outlook?.epoch === undefined ? {} : { epoch: outlook.epoch }),
    ...(outlook?.validFor === undefined ? {} : { validFor: outlook.validFor / millisecond }),
    since: facts.since,
    backend: backing?.backend ?? config.settings.backend ?? 'auto',
    because: backing?.because ?? 'it is being chosen',
    detail: detail.filter((part) => part !== undefined).join('; '),
    services: [...facts.wanted].toSorted(),
    warnings: facts.warnings,
    timings: sound.ok ? sound.value.arithmetic : [],
    history: facts.history,
  };
}
