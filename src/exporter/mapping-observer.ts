// The options of summaries and histograms in a mapping file.
import type { Node } from 'yaml';
import { parseDuration } from '../core/duration.ts';
import type { Reading } from '../core/layer-yaml.ts';
import { readFields } from './mapping-fields.ts';
import type { SummaryOptions } from './mapping.ts';

export interface ObserverReader {
  /** What is not given is taken from `base`. */
  summary(node: Node | undefined, base: SummaryOptions): SummaryOptions;
  buckets(node: Node | undefined, base: readonly number[]): readonly number[];
  /** ms; a whole number without a unit is nanoseconds. */
  duration(node: Node | undefined, key: string, text: string): number | undefined;
}

const mostBuckets = 1_000;
const mostQuantiles = 100;
const mostAgeBuckets = 100;
const largestBuffer = 100_000;

export function createObserverReader(reader: Reading['reader']): ObserverReader {
  function summary(node: Node | undefined, base: SummaryOptions): SummaryOptions {
    const own = readFields(reader, node, '"summary_options"', [
      'quantiles',
      'max_age',
      'age_buckets',
      'buf_cap',
    ]);
    const age = own.get('max_age');
    const maxAge = reader.isNothing(age) ? 0 : duration(age, 'max_age', reader.text(age, '"max_age"') ?? '0');
    if (maxAge !== undefined && maxAge < 0) reader.refuse(age, '"max_age"', 'it is below 0');
    // It changes no figure, so it is only checked.
    count(own.get('buf_cap'), '"buf_cap"', largestBuffer);
    return {
      quantiles: quantiles(own.get('quantiles')) ?? base.quantiles,
      maxAge: maxAge || base.maxAge,
      ageBuckets: count(own.get('age_buckets'), '"age_buckets"', mostAgeBuckets) || base.ageBuckets,
    };
  }

  function quantiles(node: Node | undefined): SummaryOptions['quantiles'] | undefined {
    const items = reader.isNothing(node) ? [] : (reader.list(node, '"quantiles"') ?? []);
    if (items.length > mostQuantiles) reader.refuse(node, '"quantiles"', `more than ${mostQuantiles}`);
    if (items.length === 0) return undefined;
    const found = new Map<number, number>();
    for (const item of items) {
      const own = readFields(reader, item, 'a quantile', ['quantile', 'error']);
      const share = (key: string): number => {
        const value = reader.isNothing(own.get(key)) ? 0 : (reader.number(own.get(key), `"${key}"`) ?? 0);
        if (value < 0 || value > 1) reader.refuse(own.get(key), `"${key}"`, 'it is not between 0 and 1');
        return value;
      };
      found.set(share('quantile'), share('error'));
    }
    return [...found].toSorted(([a], [b]) => a - b);
  }

  function buckets(node: Node | undefined, base: readonly number[]): readonly number[] {
    // The native histograms have no place in the text format.
    const own = readFields(reader, node, '"histogram_options"', [
      'buckets',
      'native_histogram_bucket_factor',
      'native_histogram_max_buckets',
    ]);
    for (const key of ['native_histogram_bucket_factor', 'native_histogram_max_buckets']) {
      if (!reader.isNothing(own.get(key))) reader.number(own.get(key), `"${key}"`);
    }
    const list = own.get('buckets');
    const items = reader.isNothing(list) ? [] : (reader.list(list, '"buckets"') ?? []);
    if (items.length > mostBuckets) reader.refuse(list, '"buckets"', `more than ${mostBuckets}`);
    if (items.length === 0) return base;
    const bounds: number[] = [];
    for (const [index, item] of items.entries()) {
      const isInfinite =
        /^\+?\.inf$/i.test(reader.text(item, 'a bucket') ?? '') && index === items.length - 1;
      const bound = isInfinite ? Infinity : reader.number(item, 'a bucket');
      if (bound !== undefined && bound <= (bounds.at(-1) ?? -Infinity)) {
        reader.refuse(item, `bucket ${bound}`, 'buckets must rise');
      }
      if (bound !== undefined && bound !== Infinity) bounds.push(bound);
    }
    return bounds;
  }

  function count(node: Node | undefined, what: string, most: number): number {
    if (reader.isNothing(node)) return 0;
    const value = reader.number(node, what) ?? 0;
    if (!Number.isInteger(value) || value < 0 || value > most) {
      reader.refuse(node, what, `use a whole number from 0 to ${most}`);
    }
    return value;
  }

  function duration(node: Node | undefined, key: string, text: string): number | undefined {
    if (/^-?\d+(?:\.\d*)?$/.test(text)) return Math.trunc(Number(text)) / 1e6;
    const parsed = parseDuration(text);
    return parsed.ok ? parsed.value : reader.refuse(node, `"${key}"`, parsed.failure);
  }

  return { summary, buckets, duration };
}
