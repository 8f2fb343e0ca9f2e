// The judge of peace. Laws: (f) without a fault nothing changes; and no fault brings a storm of starts.
import { lastBeat } from './history.ts';
import type { Fault } from './check.ts';
import type { Life } from './history.ts';

/** A stretch of time without faults, seconds of CLOCK_MONOTONIC. */
export interface Calm {
  readonly from: number;
  readonly to: number;
}

/** Lives that a fault may cost: one when it begins, one when it ends, and one more that comes too late for its lease. */
const perFault = 3;
/** The last beat is written down a moment after its time, s. */
const moment = 0.05;

/** What is not as it should be, in words; `lease` in s. */
export function judgeCalm(
  lives: readonly Life[],
  faults: readonly Fault[],
  calms: readonly Calm[],
  lease: number,
): readonly string[] {
  return [
    ...calms.flatMap((calm) => unrestOf(lives, calm)),
    ...faults.flatMap((fault, index) => stormOf(lives, fault, faults[index + 1]?.at, lease)),
  ];
}

/** Exactly one life runs throughout, which has one replica and one epoch, and nothing starts. */
function unrestOf(lives: readonly Life[], { from, to }: Calm): readonly string[] {
  const span = `in ${(to - from).toFixed(1)} s without a fault`;
  const started = lives.filter(({ start }) => start > from && start <= to);
  const throughout = lives.filter((life) => life.start <= from && lastBeat(life) >= to - moment);
  return [
    ...started.map(({ replica, epoch }) => `${replica} started under epoch ${epoch} ${span}`),
    ...(throughout.length === 1 ? [] : [`${throughout.length} lives ran throughout ${span}`]),
  ];
}

function stormOf(
  lives: readonly Life[],
  fault: Fault,
  next: number | undefined,
  lease: number,
): readonly string[] {
  const started = lives.filter(({ start }) => start >= fault.at && start < (next ?? Infinity)).length;
  const most = fault.parts.length * perFault + Math.floor((fault.until - fault.at) / lease);
  return started <= most
    ? []
    : [`"${fault.parts.join(', ')}" had ${started} lives in its wake, more than ${most}`];
}
