// All series: families by name, each of one type, and their series by labels.
// Law: a name keeps its type; there are never more series than the limit; a series that is not fed for its TTL goes.
import { escapeLabelValue, formatGoFloat } from '../core/exposition.ts';
import { Histogram } from '../core/histogram.ts';
import type { EventKind } from './line.ts';
import type { ObserverOptions } from './mapping.ts';
import { Summary } from './summary.ts';
import type { Labels } from './tags.ts';

export type FamilyType = 'counter' | 'gauge' | 'summary' | 'histogram';

interface SeriesBase {
  /** Sorted by name. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** `a="1",b="2"`; empty without labels. */
  readonly labelText: string;
  /** ms; 0: it stays for ever. */
  readonly ttl: number;
  /** Monotonic ms of the last sample. */
  seen: number;
  /** It has expired: it takes nothing any more. */
  gone: boolean;
}

/** client_golang adds up whole numbers apart from the rest, and so must we for the same digits. */
export interface CounterSeries extends SeriesBase {
  readonly type: 'counter';
  whole: number;
  rest: number;
}

export interface GaugeSeries extends SeriesBase {
  readonly type: 'gauge';
  value: number;
}

export interface SummarySeries extends SeriesBase {
  readonly type: 'summary';
  readonly summary: Summary;
  /** As they are printed. */
  readonly quantiles: readonly string[];
}

export interface HistogramSeries extends SeriesBase {
  readonly type: 'histogram';
  readonly histogram: Histogram;
}

export type Series = CounterSeries | GaugeSeries | SummarySeries | HistogramSeries;

export interface Family {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  readonly series: ReadonlyMap<string, Series>;
}

export interface Wanted {
  readonly name: string;
  readonly kind: EventKind;
  readonly help: string;
  readonly labels: Labels;
  readonly ttl: number;
  readonly observer: ObserverOptions;
}

/** `conflict`: the name has another type; `reserved-label`: the type needs the label itself; `full`: one series too many. */
type NoSeries = 'conflict' | 'reserved-label' | 'full';

export interface Registry {
  /** The series to feed, made where there is none. */
  series(wanted: Wanted, now: number): Series | NoSeries;
  /** Ends series that have not been fed for their TTL. */
  expire(now: number): void;
  /** Families with series, in the order of their names. */
  families(): readonly Family[];
  /** Series of a family, those with fewer labels first, then by their values. */
  sorted(family: Family): readonly Series[];
  /** How many sets of label names there have been under all names, as the original counts. */
  count(type: FamilyType): number;
}

export interface RegistryOptions {
  readonly maxSeries: number;
  /** Names of the exporter's own metrics. */
  readonly isTaken: (name: string) => boolean;
}

interface OwnFamily extends Family {
  readonly series: Map<string, Series>;
  order: readonly Series[] | undefined;
  /** Sets of label names that its series have had. */
  readonly vectors: Set<string>;
}

/** Cannot stand in text that was valid UTF-8. */
const separator = '\uD800';
/** How many of the limit a series takes: a summary may hold some 26 kB of samples. */
const weights: Readonly<Record<FamilyType, number>> = { counter: 1, gauge: 1, histogram: 2, summary: 8 };
/** A series with more text than this counts as several; a label takes as much as this text besides its own. */
const textOfOne = 1_024;
const textOfLabel = 100;
/** What a name takes whose series have gone. */
const noLabels = { labels: [], labelText: '' };

export function createRegistry({ maxSeries, isTaken }: RegistryOptions): Registry {
  const families = new Map<string, OwnFamily>();
  const counts: Record<FamilyType, number> = { counter: 0, gauge: 0, summary: 0, histogram: 0 };
  /** Families whose series have all gone, the oldest first; they keep the type of their names. */
  const empty = new Set<OwnFamily>();
  let order: readonly OwnFamily[] | undefined;
  let used = 0;
  /** What the empty families cost. */
  let kept = 0;
  let mortal = 0;
  let vectors = 0;

  function series(wanted: Wanted, now: number): Series | NoSeries {
    const type = wanted.kind === 'observer' ? wanted.observer.kind : wanted.kind;
    const known = families.get(wanted.name);
    if (known === undefined ? collides(wanted.name, type) : known.type !== type) return 'conflict';
    const labels = [...wanted.labels].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const key = labels.map(([name, value]) => `${name}${separator}${value}`).join(separator);
    const found = known?.series.get(key);
    if (found !== undefined) return found;

    if (
      (type === 'summary' && wanted.labels.has('quantile')) ||
      (type === 'histogram' && wanted.labels.has('le'))
    )
      return 'reserved-label';
    const labelText = labels.map(([name, value]) => `${name}="${escapeLabelValue(value)}"`).join(',');
    const cost = costOf(wanted.name, { labels, labelText }, type);
    if (used + cost > maxSeries) return 'full';
    const base = { labels, labelText, ttl: wanted.ttl, seen: now, gone: false };
    const made = create(base, type, wanted.observer, now);
    const family = known ?? addFamily(wanted.name, type, wanted.help);
    if (family.series.size === 0) order = undefined;
    if (empty.delete(family)) kept -= costOf(family.name, noLabels, 'counter');
    family.series.set(key, made);
    family.order = undefined;
    countVector(family, labels);
    used += cost;
    if (made.ttl !== 0) mortal += 1;
    return made;
  }

  /** Whether a new family's lines could be taken for another's. */
  function collides(name: string, type: FamilyType): boolean {
    if (isTaken(name)) return true;
    const suffixes = suffixesOf(type);
    if (suffixes.some((suffix) => families.has(name + suffix) || isTaken(name + suffix))) return true;
    const base = /^(.+)_(?:sum|count|bucket)$/.exec(name)?.[1];
    const other = base === undefined ? undefined : families.get(base)?.type;
    return other === 'summary' || other === 'histogram';
  }

  function addFamily(name: string, type: FamilyType, help: string): OwnFamily {
    const family: OwnFamily = { name, type, help, series: new Map(), order: undefined, vectors: new Set() };
    families.set(name, family);
    return family;
  }

  function countVector(family: OwnFamily, labels: Series['labels']): void {
    const names = labels.map(([name]) => name).join();
    // Those of series that have gone stay: long ones would add up.
    if (vectors >= maxSeries || names.length > textOfOne || family.vectors.has(names)) return;
    family.vectors.add(names);
    vectors += 1;
    counts[family.type] += 1;
  }

  function expire(now: number): void {
    if (mortal === 0) return;
    for (const family of families.values()) {
      for (const [key, one] of family.series) {
        if (one.ttl !== 0 && now - one.seen > one.ttl) remove(family, key, one);
      }
    }
    for (const family of empty) {
      if (kept <= maxSeries) break;
      empty.delete(family);
      kept -= costOf(family.name, noLabels, 'counter');
      families.delete(family.name);
      vectors -= family.vectors.size;
    }
  }

  function remove(family: OwnFamily, key: string, one: Series): void {
    one.gone = true;
    family.series.delete(key);
    family.order = undefined;
    used -= costOf(family.name, one, one.type);
    mortal -= 1;
    if (family.series.size > 0) return;
    empty.add(family);
    kept += costOf(family.name, noLabels, 'counter');
    order = undefined;
  }

  return {
    series,
    expire,
    families() {
      order ??= [...families.values()]
        .filter((family) => family.series.size > 0)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
      return order;
    },
    sorted(family) {
      const own = families.get(family.name);
      if (own === undefined) return [];
      own.order ??= [...own.series.values()].toSorted(compare);
      return own.order;
    },
    count: (type) => counts[type],
  };
}

function create(base: SeriesBase, type: FamilyType, observer: ObserverOptions, now: number): Series {
  if (type === 'counter') return { ...base, type, whole: 0, rest: 0 };
  if (type === 'gauge') return { ...base, type, value: 0 };
  if (observer.kind === 'histogram') {
    return { ...base, type: 'histogram', histogram: new Histogram(observer.buckets) };
  }
  const quantiles = observer.summary.quantiles.map(([quantile]) => formatGoFloat(quantile));
  return { ...base, type: 'summary', summary: new Summary(observer.summary, now), quantiles };
}

function costOf(
  name: string,
  { labels, labelText }: Pick<SeriesBase, 'labels' | 'labelText'>,
  type: FamilyType,
): number {
  const text = name.length + labelText.length + labels.length * textOfLabel;
  return weights[type] + Math.floor(text / textOfOne);
}

function suffixesOf(type: FamilyType): readonly string[] {
  if (type === 'summary') return ['_sum', '_count'];
  return type === 'histogram' ? ['_sum', '_count', '_bucket'] : [];
}

function compare(a: Series, b: Series): number {
  if (a.labels.length !== b.labels.length) return a.labels.length - b.labels.length;
  for (const [index, [, value]] of a.labels.entries()) {
    const other = b.labels[index]?.[1] ?? '';
    if (value !== other) return value < other ? -1 : 1;
  }
  return a.labelText < b.labelText ? -1 : 1;
}
