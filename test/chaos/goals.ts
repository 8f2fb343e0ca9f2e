// What a chaos run is measured by: laws, none of which may be broken, and goals, which a busy machine may miss.
import { describeOverlap, percentile } from './check.ts';
import type { Fault, Gap } from './check.ts';
import { faultKinds } from './nemesis.ts';
import { lease } from './world.ts';
import type { ChaosReport } from './world.ts';

/** For an orderly hand-over in quiet water, s. */
export const handOverGoal = 0.1;
/** For work whose djsup was killed, s. */
const outlivedGoal = 0.02;
/** For the next scheduler after a crash, s. */
const crashGoal = lease * 1.01 + 1;

const orderlyKinds = new Set(faultKinds.filter(({ isOrderly }) => isOrderly).map(({ name }) => name));

/** The times between two leaders in which leadership moved to another replica in an orderly way. */
export function handOvers({ verdict }: ChaosReport): readonly Gap[] {
  return verdict.gaps.filter(
    ({ fault, moved }) => moved && fault !== undefined && orderlyKinds.has(fault.kind) && fault.hitLeader,
  );
}

/** The fault in whose wake a gap was: none of the orderly ones, and over for less than a lease. */
export function wakeOf({ fault }: Gap, faults: readonly Fault[]): Fault | undefined {
  if (fault === undefined) return undefined;
  return faults
    .slice(0, faults.indexOf(fault))
    .findLast(({ kind, until }) => !orderlyKinds.has(kind) && fault.at - until < lease);
}

export function lengthOf({ from, to }: Gap): number {
  return to - from;
}

/** From the last beat of the one to the start of the next one's process. */
export function toStart({ from, born }: Gap): number {
  return born - from;
}

export interface Goal {
  readonly name: string;
  /** Seconds, each of which has to be below `limit`; the worst of a hundred may be left out. */
  readonly measured: readonly number[];
  readonly limit: number;
}

export function isMet({ measured, limit }: Goal): boolean {
  return measured.length === 0 || percentile(measured, 0.99) < limit;
}

export function goalsOf(report: ChaosReport): readonly Goal[] {
  const { faults, verdict } = report;
  const isQuiet = (gap: Gap): boolean => wakeOf(gap, faults) === undefined;
  const crashes = verdict.gaps.filter(
    (gap) => gap.fault?.kind === 'crash' && gap.fault.hitLeader && isQuiet(gap),
  );
  return [
    {
      name: 'orderly hand-over in quiet water',
      measured: handOvers(report).filter(isQuiet).map(toStart),
      limit: handOverGoal,
    },
    { name: 'work after a SIGKILL to its djsup', measured: verdict.outlived, limit: outlivedGoal },
    { name: 'next scheduler after a crash alone', measured: crashes.map(lengthOf), limit: crashGoal },
  ];
}

/** Which laws were broken, in words; an empty list where all is well. */
export function brokenLaws({ lives, verdict, fence, unrest }: ChaosReport): readonly string[] {
  const origin = lives[0]?.start ?? 0;
  const when = (instant: number): string => (instant - origin).toFixed(3);
  return [
    ...verdict.overlaps
      .filter(({ isReal }) => isReal)
      .map((overlap) => `overlap: ${describeOverlap(overlap, origin)}`),
    ...verdict.disorder.map(
      ([a, b]) =>
        `disorder: ${b.replica} epoch ${b.epoch} came after ${a.replica} epoch ${a.epoch} at ${when(b.start)}`,
    ),
    ...verdict.gaps
      .filter(({ fault }) => fault === undefined)
      .map(({ from, to }) => `gap without a fault: from ${when(from)} to ${when(to)}`),
    ...fence.broken.map(
      ({ replica, epoch, mono }) =>
        `broken fence: an effect of ${replica} epoch ${epoch} at ${when(mono)} was accepted after one of a higher epoch`,
    ),
    ...fence.wronged.map(
      ({ replica, epoch, mono }) =>
        `wrongly refused: an effect of ${replica} epoch ${epoch} at ${when(mono)}, while nobody ran after it`,
    ),
    ...unrest.map((sentence) => `storm: ${sentence}`),
  ];
}
