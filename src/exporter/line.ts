// One StatsD line as samples: `name:value|type|@rate|#tags`, several values or several samples on a line.
// Law: whatever is wrong is told by its reason, and nothing throws; the rest of the line still counts.
import { parseGoFloat } from './go-number.ts';
import { addDogstatsdTags, readNameTags } from './tags.ts';
import type { Labels, TagDialects } from './tags.ts';

export type SampleError =
  | 'malformed_line'
  | 'not_enough_parts_after_colon'
  | 'malformed_component'
  | 'malformed_value'
  | 'invalid_sample_factor'
  | 'illegal_event'
  | 'mixed_tagging_styles'
  | 'malformed_container_id'
  | 'invalid_extended_aggregate_type';

export type EventKind = 'counter' | 'gauge' | 'observer';

/** What a sample's text says besides its value, so that lines that differ in the value alone can share it. */
export interface SampleShape {
  readonly kind: EventKind;
  /** Counters are divided by their rates, timers by 1000 (milliseconds become seconds), in this order. */
  readonly divisors: readonly number[];
  /** How often an observer's value counts; 1 for the others. */
  readonly times: number;
  readonly labels: Labels;
}

export interface Sample extends SampleShape {
  readonly name: string;
  /** As it stands in the line. */
  readonly written: number;
  /** A gauge with a sign: the value is added. */
  readonly relative: boolean;
}

/** What is counted while a line is read. */
export interface LineCounts {
  sampleError(reason: SampleError): void;
  tagErrors(count: number): void;
  /** A sample with labels. */
  tagged(): void;
  sample(): void;
}

export type LineReader = (line: string) => readonly Sample[];

/** @returns a function that reads a line without its line feed; the text must come from valid UTF-8 */
export function createLineReader(dialects: TagDialects, counts: LineCounts): LineReader {
  let read: { readonly labels: Labels; readonly text: string; readonly errors: number } | undefined;

  return (line) => {
    const colon = line.indexOf(':');
    if (colon < 1) return refused('malformed_line');
    const { name, labels, errors } = readNameTags(line.slice(0, colon), dialects);
    counts.tagErrors(errors);
    const rest = line.slice(colon + 1);
    if (rest.includes('|#') && labels.size > 0) return refused('mixed_tagging_styles');
    const texts = sampleTexts(rest);
    if (typeof texts === 'string') return refused(texts);
    const samples: Sample[] = [];
    for (const text of texts) {
      counts.sample();
      const sample = readSample(name, labels, text);
      if (typeof sample === 'string') counts.sampleError(sample);
      else if (sample !== undefined) samples.push(sample);
    }
    return samples;
  };

  function refused(reason: SampleError): readonly Sample[] {
    counts.sampleError(reason);
    return [];
  }

  function readSample(name: string, labels: Labels, text: string): Sample | SampleError | undefined {
    const components = text.split('|');
    const [value = '', type, ...extras] = components;
    if (type === undefined || components.length > 6) return 'malformed_component';
    const number = parseGoFloat(value);
    if (number === undefined || number.outOfRange) return 'malformed_value';
    if (extras.includes('')) return 'malformed_component';
    const divisors: number[] = [];
    let times = 1;
    for (const extra of extras) {
      const what = extra.slice(1);
      switch (extra.charAt(0)) {
        case '@': {
          const rate = readRate(what);
          if (type === 'c') divisors.push(rate);
          else if (observers.has(type)) times = repeats(rate);
          break;
        }
        case '#':
          if (dialects.dogstatsd) counts.tagErrors(readTags(labels, what));
          break;
        case 'c':
          if (!what.startsWith(':') || what.length === 1) return 'malformed_container_id';
          labels.set('container_id', what.slice(1));
          break;
        case 'T':
          break;
        default:
          return 'invalid_sample_factor';
      }
    }
    if (labels.size > 0) counts.tagged();
    const kind = kinds[type];
    if (times === 0) return undefined;
    if (kind === undefined) return 'illegal_event';
    if (type === 'ms') divisors.push(1000);
    const relative = kind === 'gauge' && /^[-+]/.test(value);
    return { name, labels, kind, divisors, times, written: number.value, relative };
  }

  /** All values of a line have its tags: they are read once, and count their errors at each. */
  function readTags(labels: Labels, text: string): number {
    if (read?.labels !== labels || read.text !== text)
      read = { labels, text, errors: addDogstatsdTags(labels, text) };
    return read.errors;
  }

  /** What cannot be read is counted, and the sample stays. */
  function readRate(text: string): number {
    const rate = parseGoFloat(text);
    if (rate === undefined || rate.outOfRange) counts.sampleError('invalid_sample_factor');
    return rate === undefined || rate.value === 0 ? 1 : rate.value;
  }
}

const kinds: Readonly<Record<string, EventKind>> = Object.assign(Object.create(null), {
  c: 'counter',
  g: 'gauge',
  ms: 'observer',
  h: 'observer',
  d: 'observer',
} satisfies Record<string, EventKind>);
const observers = new Set(['ms', 'h', 'd']);

/** A line's samples; where it has `|#` tags, its colons are part of them. */
function sampleTexts(rest: string): readonly string[] | SampleError {
  const [values = '', type] = rest.split('|', 2);
  if (type === undefined) return 'not_enough_parts_after_colon';
  if (values.includes(':')) {
    if (!observers.has(type)) return 'invalid_extended_aggregate_type';
    const suffix = rest.slice(values.length);
    return values.split(':').map((value) => value + suffix);
  }
  return rest.includes('|#') ? [rest] : rest.split(':');
}

/** Whole observations that one sample at this rate stands for. */
function repeats(rate: number): number {
  const times = Math.trunc(1 / rate);
  return times > 0 && times <= Number.MAX_SAFE_INTEGER ? times : 0;
}

/** The value that counts, of what was written. */
export function scaledValue(written: number, divisors: readonly number[]): number {
  let value = written;
  for (const divisor of divisors) value /= divisor;
  return value;
}
