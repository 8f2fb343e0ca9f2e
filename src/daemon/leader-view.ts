// A leader group in words: why nothing of it runs here, and its record for the API. Nothing is decided here.
import type { LeaderConfig } from '../core/config.ts';
import { formatDuration } from '../core/duration.ts';
import { strangeText } from '../core/leader/outlook.ts';
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
  /** Somebody has asked this replica to stay out, with this command, for so long yet, ms. */
  readonly held: { readonly by: 'pause' | 'step-down'; readonly left: number } | undefined;
  /** Services of the group that somebody has stopped here. */
  readonly stopped: readonly string[];
  /** What the store talks to. */
  readonly place: string | undefined;
  /** What is wrong with the engine, and since when. */
  readonly trouble: string | undefined;
  readonly warnings: readonly string[];
  readonly since: Date;
  readonly wanted: ReadonlySet<string>;
  /** What there is to be done here is done, or waits for its next try. */
  readonly isAtRest: boolean;
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

function heldText({ by, left }: NonNullable<GroupFacts['held']>): string {
  const until = '"djsup leader resume"';
  const rest =
    left === Infinity ? until : `${formatDuration(Math.ceil(left / 1000) * 1000)} have passed, or ${until}`;
  return `this replica stays out on request ("djsup leader ${by}"), until ${rest}`;
}

function unwantedText({ stopped, isAtRest }: Pick<GroupFacts, 'stopped' | 'isAtRest'>): string {
  if (isAtRest) return 'nothing of the group is to be done here for now';
  if (stopped.length === 0)
    return 'nothing of the group is wanted here: none of its services was started, until "djsup start" or "djsup replan"';
  const names = stopped.map((name) => `"${name}"`).join(', ');
  return `nothing of the group is wanted here: ${names} was stopped on request ("djsup stop"), until "djsup start"`;
}

/** Why nothing of the group runs here. */
export function reasonText(
  facts: Omit<GroupFacts, 'config' | 'place' | 'warnings' | 'since' | 'history'>,
): string {
  const { outlook, backing, held, trouble, wanted, self } = facts;
  if (outlook === undefined || backing?.kind === 'blocked') return noElection(backing);
  if (backing?.kind === 'fixed') return backing.because;
  if (outlook.state === 'blocked') return `blocked: ${outlook.detail ?? 'unknown'}`;
  const ending = endings[outlook.state];
  if (ending !== undefined) return ending;
  if (held !== undefined) return heldText(held);
  if (wanted.size === 0) return unwantedText(facts);
  const leader = leaderElsewhere(outlook, self);
  if (trouble !== undefined) return leader === undefined ? trouble : `${trouble}; "${leader}" led then`;
  if (outlook.strange !== undefined) return strangeText(outlook.strange);
  if (outlook.state === 'settling') {
    const left = Math.ceil((outlook.startsIn ?? 0) / second) * 1000;
    return `waits ${formatDuration(left)} until whoever led before must have stopped`;
  }
  if (leader !== undefined) return `"${leader}" leads`;
  if (outlook.leader === undefined) return 'nobody leads yet';
  return `nobody leads yet: an earlier lease of "${self}" has to run out`;
}

/** Whether nothing of the group comes to run here by itself, or before somebody has seen to what is wrong. */
export function isHindered({
  outlook,
  backing,
  held,
  trouble,
}: Pick<GroupFacts, 'outlook' | 'backing' | 'held' | 'trouble'>): boolean {
  if (backing?.kind === 'blocked' || outlook?.state === 'blocked') return true;
  if (backing?.kind === 'fixed') return !backing.runs;
  return held !== undefined || trouble !== undefined || outlook?.strange !== undefined;
}

/** What is wrong with the engine and the record, or else what keeps it, and the part of this replica. */
function partTexts(facts: GroupFacts): readonly string[] {
  const { outlook, place, trouble } = facts;
  const isTold = outlook?.state === 'blocked' && trouble?.startsWith(outlook.detail ?? '') === true;
  // A store's words name the place.
  const engine = isTold ? place : (trouble ?? place);
  const strange = outlook?.strange && strangeText(outlook.strange);
  const part = outlook?.state === 'leading' ? leadText(facts) : reasonText(facts);
  const texts = [engine, strange, part].filter((text) => text !== undefined);
  return texts.filter((text, index) => !texts.slice(index + 1).some((later) => later.includes(text)));
}

/** What is wrong with the lease that this replica holds. */
function leadText({ outlook, trouble }: GroupFacts): string | undefined {
  return trouble === undefined ? outlook?.detail : `the lease is not renewed: ${trouble}`;
}

export function leaderRecord(facts: GroupFacts): LeaderRecord {
  const { config, self, backing, outlook } = facts;
  const state = outlook?.state ?? (backing === undefined ? 'opening' : 'blocked');
  const sound = checkTiming(config.timing);
  const detail = [
    ...partTexts(facts),
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
