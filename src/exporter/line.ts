// One StatsD line as samples: `name:value|type|@rate|#tags`, several values or several samples on a line.
// Law: whatever is wrong is told by its reason, and nothing throws; the rest of the line still counts.
import { detached } from './detached.ts';
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

/** Values of a line, and what follows them all: `ms|@0.1|#a:b`. */
interface Part {
  readonly values: readonly string[];
  readonly tail: string | undefined;
}

/** What a tail says, with what is wrong in it up to where it cannot be read. */
interface Tail {
  readonly type: string;
  readonly divisors: readonly number[];
  readonly times: number;
  readonly rateErrors: number;
  readonly tagErrors: number;
  readonly failure: SampleError | undefined;
}

/** Value and type included. */
const mostComponents = 6;

/** @returns a function that reads a line without its line feed; the text must come from valid UTF-8 */
export function createLineReader(dialects: TagDialects, counts: LineCounts): LineReader {
  return (line) => {
    const colon = line.indexOf(':');
    if (colon < 1) return refused('malformed_line');
    const { name: part, labels, errors } = readNameTags(line.slice(0, colon), dialects);
    counts.tagErrors(errors);
    const rest = line.slice(colon + 1);
    if (rest.includes('|#') && labels.size > 0) return refused('mixed_tagging_styles');
    const parts = partsOf(rest);
    if (typeof parts === 'string') return refused(parts);
    const name = detached(part);
    const samples: Sample[] = [];
    for (const { values, tail } of parts) {
      // Once for all values, of which there may be thousands.
      const said = tail === undefined ? undefined : readTail(tail, labels, dialects.dogstatsd);
      for (const value of values) {
        counts.sample();
        const sample = readSample(name, labels, value, said);
        if (typeof sample === 'string') counts.sampleError(sample);
        else if (sample !== undefined) samples.push(sample);
      }
    }
    return samples;
  };

  function refused(reason: SampleError): readonly Sample[] {
    counts.sampleError(reason);
    return [];
  }

  function readSample(
    name: string,
    labels: Labels,
    value: string,
    tail: Tail | undefined,
  ): Sample | SampleError | undefined {
    if (tail === undefined) return 'malformed_component';
    const number = parseGoFloat(value);
    if (number === undefined || number.outOfRange) return 'malformed_value';
    for (let i = 0; i < tail.rateErrors; i += 1) counts.sampleError('invalid_sample_factor');
    counts.tagErrors(tail.tagErrors);
    if (tail.failure !== undefined) return tail.failure;
    if (labels.size > 0) counts.tagged();
    const { type, divisors, times } = tail;
    const kind = kinds[type];
    if (times === 0) return undefined;
    if (kind === undefined) return 'illegal_event';
    const relative = kind === 'gauge' && /^[-+]/.test(value);
    return { name, labels, kind, divisors, times, written: number.value, relative };
  }
}

/** Undefined: it has too many components. Tags are added to `labels`. */
function readTail(text: string, labels: Labels, withTags: boolean): Tail | undefined {
  const [type = '', ...extras] = text.split('|');
  if (extras.length + 2 > mostComponents) return undefined;
  const divisors: number[] = [];
  let [times, rateErrors, tagErrors] = [1, 0, 0];
  const upTo = (failure: SampleError | undefined): Tail => ({
    type,
    divisors,
    times,
    rateErrors,
    tagErrors,
    failure,
  });
  if (extras.includes('')) return upTo('malformed_component');
  for (const extra of extras) {
    const what = extra.slice(1);
    switch (extra.charAt(0)) {
      case '@': {
        const rate = parseGoFloat(what);
        // It is counted, and the sample stays.
        if (rate === undefined || rate.outOfRange) rateErrors += 1;
        const factor = rate === undefined || rate.value === 0 ? 1 : rate.value;
        if (type === 'c') divisors.push(factor);
        else if (observers.has(type)) times = repeats(factor);
        break;
      }
      case '#':
        if (withTags) tagErrors += addDogstatsdTags(labels, what);
        break;
      case 'c':
        if (!what.startsWith(':') || what.length === 1) return upTo('malformed_container_id');
        labels.set('container_id', detached(what.slice(1)));
        break;
      case 'T':
        break;
      default:
        return upTo('invalid_sample_factor');
    }
  }
  if (type === 'ms') divisors.push(1000);
  return upTo(undefined);
}

const kinds: Readonly<Record<string, EventKind>> = Object.assign(Object.create(null), {
  c: 'counter',
  g: 'gauge',
  ms: 'observer',
  h: 'observer',
  d: 'observer',
} satisfies Record<string, EventKind>);
const observers = new Set(['ms', 'h', 'd']);

/** Of what follows the name; where it has `|#` tags, its colons are part of them. */
function partsOf(rest: string): readonly Part[] | SampleError {
  const [values = '', type] = rest.split('|', 2);
  if (type === undefined) return 'not_enough_parts_after_colon';
  if (values.includes(':')) {
    if (!observers.has(type)) return 'invalid_extended_aggregate_type';
    return [{ values: values.split(':'), tail: rest.slice(values.length + 1) }];
  }
  return (rest.includes('|#') ? [rest] : rest.split(':')).map((text) => {
    const bar = text.indexOf('|');
    return bar === -1
      ? { values: [text], tail: undefined }
      : { values: [text.slice(0, bar)], tail: text.slice(bar + 1) };
  });
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
