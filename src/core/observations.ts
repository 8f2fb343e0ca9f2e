// What a histogram or a summary has taken in since it was last looked at, as values that a StatsD server can take in itself.
// Law: there are as many as were counted. A histogram's come from the middles of its buckets and add up to its sum; a summary's
// are its quantiles, each for the ranks next to it, so that its quantiles come out again.
import { Histogram } from './histogram.ts';
import type { Summary } from './metric.ts';

export type Observation = readonly [value: number, times: number];

/** Where it stood; undefined: it is new. */
export interface Standing {
  readonly sum: number;
  /** Of each bucket alone, and last of what lies above all; of a summary all in one. */
  readonly counts: readonly number[];
}

export function standingOf(value: Histogram | Summary): Standing {
  if (!(value instanceof Histogram)) return { sum: value.sum, counts: [value.count] };
  const upTo = [...value.cumulated(), value.count];
  return { sum: value.sum, counts: upTo.map((count, index) => count - (upTo[index - 1] ?? 0)) };
}

/** What has come between two looks; all of it where it has begun anew. */
export function observed(value: Histogram | Summary, before: Standing | undefined): readonly Observation[] {
  const now = standingOf(value);
  const isNew = now.counts.some((count, index) => count < (before?.counts[index] ?? 0));
  const known = isNew ? undefined : before;
  const grown = now.counts.map((count, index) => count - (known?.counts[index] ?? 0));
  return value instanceof Histogram
    ? fromBuckets(value.bounds, grown, now.sum - (known?.sum ?? 0))
    : fromQuantiles(value.quantiles, grown[0] ?? 0);
}

function fromBuckets(bounds: readonly number[], counts: readonly number[], sum: number): Observation[] {
  const top = (bounds.at(-1) ?? 1) * 2;
  const middles = counts.map((_, index) => ((bounds[index - 1] ?? 0) + (bounds[index] ?? top)) / 2);
  const total = middles.reduce((all, middle, index) => all + middle * (counts[index] ?? 0), 0);
  return present(middles.map((middle, index) => [(middle * sum) / total, counts[index] ?? 0]));
}

function fromQuantiles(quantiles: Summary['quantiles'], count: number): Observation[] {
  const ends = quantiles.map(([quantile], index) => {
    const next = quantiles[index + 1]?.[0];
    return Math.round(count * (next === undefined ? 1 : (quantile + next) / 2));
  });
  return present(quantiles.map(([, value], index) => [value, (ends[index] ?? 0) - (ends[index - 1] ?? 0)]));
}

function present(observations: readonly Observation[]): Observation[] {
  return observations.filter(([, times]) => times > 0);
}
