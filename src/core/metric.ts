// A metric family as data, as Prometheus knows it; core/exposition.ts writes it, daemon/push.ts sends it to StatsD.
import type { Histogram } from './histogram.ts';

export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'summary';

export interface Family {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  readonly labels: readonly string[];
  readonly points: readonly Point[];
}

/** Label values in the order of the family's labels, and what they have; undefined: no such series now. */
export type Point = readonly [labels: readonly string[], value: Value | undefined];

export type Value = number | Histogram | Summary;

/** Values at quantiles of some latest stretch of time; sum and count since the start. */
export interface Summary {
  readonly quantiles: readonly (readonly [quantile: number, value: number])[];
  readonly sum: number;
  readonly count: number;
}
