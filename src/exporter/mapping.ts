// What a mapping file says, as data: rules by which StatsD's names become names and labels of Prometheus.
import type { EventKind } from './line.ts';

export interface SummaryOptions {
  /** Quantile to the error that is allowed for it, both in [0, 1], by quantile. */
  readonly quantiles: readonly (readonly [quantile: number, error: number])[];
  /** How long an observation counts, ms. */
  readonly maxAge: number;
  /** Windows that `maxAge` is divided into. */
  readonly ageBuckets: number;
}

/** How timers, histograms and distributions are kept. */
export type ObserverOptions =
  | { readonly kind: 'summary'; readonly summary: SummaryOptions }
  /** Upper bounds, rising, without the infinite one. */
  | { readonly kind: 'histogram'; readonly buckets: readonly number[] };

export interface Rule {
  readonly match: string;
  readonly matchType: 'glob' | 'regex';
  /** Undefined: metrics of any kind. */
  readonly matchKind: EventKind | undefined;
  readonly action: 'map' | 'drop';
  /** Template of the metric's name. */
  readonly name: string;
  /** Templates of label values. */
  readonly labels: ReadonlyMap<string, string>;
  readonly honorLabels: boolean;
  readonly help: string | undefined;
  /** Undefined: as it comes. */
  readonly scale: number | undefined;
  /** ms without a sample after which a series goes; 0: never. */
  readonly ttl: number;
  readonly observer: ObserverOptions;
}

export interface Mapping {
  readonly rules: readonly Rule[];
  /** Of globs the first of the file wins; otherwise the most specific. */
  readonly ordered: boolean;
  /** What holds for metrics that no rule maps. */
  readonly unmapped: { readonly ttl: number; readonly observer: ObserverOptions };
}

export const defaultSummary: SummaryOptions = {
  quantiles: [
    [0.5, 0.05],
    [0.9, 0.01],
    [0.99, 0.001],
  ],
  maxAge: 600_000,
  ageBuckets: 5,
};

export const defaultBuckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export const noMapping: Mapping = {
  rules: [],
  ordered: true,
  unmapped: { ttl: 0, observer: { kind: 'summary', summary: defaultSummary } },
};
