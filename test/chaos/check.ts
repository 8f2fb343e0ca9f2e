// The judge of a history: what the recorders wrote down, and when which fault was at work.
// Laws: (a) no two lives ran at the same time; (b) epochs rise from leader to leader; (d) nobody leads only because of a
// fault, and for no longer than that and a lease allow; (g) what a life has started and lost sight of is a part of it.
import { lastBeat } from './history.ts';
import type { Life } from './history.ts';

/** What the nemesis did; instants in seconds of CLOCK_MONOTONIC. */
export interface Fault {
  readonly kind: string;
  /** Whom it befell; undefined: all, or more than one. */
  readonly replica: string | undefined;
  /** What it consisted of, in words; one, or two at once. */
  readonly parts: readonly string[];
  readonly at: number;
  /** When it was over. */
  readonly until: number;
  /** It befell the one who led. */
  readonly hitLeader: boolean;
}

export interface Overlap {
  readonly lives: readonly [Life, Life];
  readonly from: number;
  /** Seconds. */
  readonly length: number;
  /** False: one of them was what a thaw leaves, a few beats, once, until the guard had killed it. */
  readonly isReal: boolean;
}

/** Time in which nobody ran, between two lives. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  /** When the process of the next life was started. */
  readonly born: number;
  /** What caused it, as far as it was a fault of ours. */
  readonly fault: Fault | undefined;
  /** The next life was of another replica. */
  readonly moved: boolean;
}

export interface Verdict {
  readonly overlaps: readonly Overlap[];
  /** Two lives, the later of which should have a higher epoch. */
  readonly disorder: readonly (readonly [Life, Life])[];
  readonly gaps: readonly Gap[];
  /** For how long the work went on after a SIGKILL to its djsup, s. */
  readonly outlived: readonly number[];
}

/** The one run of beats after a thaw that is not longer than this is the kernel's way to the guard, s: facts, not hope. */
const residue = 0.005;
/** It begins no later than this after the thaw, s. */
const thawing = 0.05;
/** A child that was killed is started again by its own djsup, within the lease; s. */
const smallestGap = 0.001;

export function judge(lives: readonly Life[], faults: readonly Fault[]): Verdict {
  const sorted = lives.filter(({ stretches }) => stretches.length > 0).toSorted((a, b) => a.start - b.start);
  return {
    overlaps: overlapsOf(sorted, faults),
    disorder: disorderOf(sorted),
    gaps: gapsOf(sorted, faults),
    outlived: outlivedOf(sorted, faults),
  };
}

interface Stretch {
  readonly life: Life;
  readonly from: number;
  readonly to: number;
  readonly isFirst: boolean;
}

function stretchesOf(lives: readonly Life[]): readonly Stretch[] {
  return lives
    .flatMap((life) => life.stretches.map(([from, to], index) => ({ life, from, to, isFirst: index === 0 })))
    .toSorted((a, b) => a.from - b.from);
}

function overlapsOf(lives: readonly Life[], faults: readonly Fault[]): readonly Overlap[] {
  const isResidue = residueOf(faults);
  const found: Overlap[] = [];
  let open: Stretch[] = [];
  for (const next of stretchesOf(lives)) {
    open = open.filter(({ to }) => to >= next.from);
    for (const other of open) {
      if (other.life === next.life) continue;
      const length = Math.min(other.to, next.to) - next.from;
      const isReal = ![other, next].some(isResidue);
      found.push({ lives: [other.life, next.life], from: next.from, length, isReal });
    }
    open.push(next);
  }
  return found;
}

/** Whether a stretch belongs to what a freeze of its replica has left: it ends soon after the first beat since the thaw. */
function residueOf(faults: readonly Fault[]): (stretch: Stretch) => boolean {
  const left = new Map<Fault, number>();
  return ({ life, from, to, isFirst }) => {
    if (isFirst) return false;
    const freeze = faults.find(
      ({ parts, at, until }) =>
        parts.includes(`freeze ${life.replica}`) && at <= from && from <= until + thawing,
    );
    if (freeze === undefined) return false;
    const first = left.get(freeze) ?? from;
    left.set(freeze, first);
    return to - first <= residue;
  };
}

/** A child may be started anew within one tenure; then epoch and replica stay. */
function disorderOf(lives: readonly Life[]): readonly (readonly [Life, Life])[] {
  return lives.flatMap((life, index) => {
    const before = lives[index - 1];
    if (before === undefined || life.epoch > before.epoch) return [];
    return life.epoch === before.epoch && life.replica === before.replica ? [] : [[before, life] as const];
  });
}

function gapsOf(lives: readonly Life[], faults: readonly Fault[]): readonly Gap[] {
  const gaps: Gap[] = [];
  let last: { life: Life; to: number } | undefined;
  for (const { life, from, to } of stretchesOf(lives)) {
    if (last !== undefined && last.life !== life && from - last.to > smallestGap) {
      const gap = { from: last.to, to: from, born: Math.min(life.born, from) };
      gaps.push({ ...gap, fault: causeOf(gap, faults), moved: last.life.replica !== life.replica });
    }
    if (last === undefined || to > last.to) last = { life, to };
  }
  return gaps;
}

/** Faults that kill a djsup and nothing else. */
const killings = new Set(['kill djsup', 'crash']);

function outlivedOf(lives: readonly Life[], faults: readonly Fault[]): readonly number[] {
  return faults
    .filter(({ kind, hitLeader }) => hitLeader && killings.has(kind))
    .flatMap(({ replica, at }) => {
      const victim = lives.find(
        (life) => life.replica === replica && life.start <= at && lastBeat(life) >= at - 0.005,
      );
      return victim === undefined ? [] : [Math.max(0, lastBeat(victim) - at)];
    });
}

/** The latest fault that began before the gap ended, if it was still at work or had just been when the gap began. */
function causeOf(gap: { from: number; to: number }, faults: readonly Fault[]): Fault | undefined {
  return faults.findLast(({ at, until }) => at <= gap.to && until >= gap.from - 0.5);
}

/** Of numbers, in ascending order; NaN of none. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** For a failing test: who ran with whom, when, in words. */
export function describeOverlap({ lives: [a, b], from, length }: Overlap, origin: number): string {
  const ran = (life: Life): string =>
    `${life.replica} epoch ${life.epoch} (to ${(lastBeat(life) - origin).toFixed(3)})`;
  return `${ran(a)} and ${ran(b)} ran together for ${(length * 1000).toFixed(1)} ms at ${(from - origin).toFixed(3)}`;
}
