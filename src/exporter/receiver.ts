// Bytes of packets and streams into lines, and lines into series.
// Law: a line seen before but for its value goes straight to its series; what is remembered for that is bounded.
import { isUtf8 } from 'node:buffer';
import type { Counters } from './counters.ts';
import type { Intake, Target } from './intake.ts';
import { createLineReader } from './line.ts';
import type { TagDialects } from './tags.ts';

export interface Receiver {
  /** Lines divided by line feeds, as in a datagram. */
  packet(bytes: Buffer, now: number): void;
  /** From now on samples go by these rules. */
  use(intake: Intake): void;
}

export interface ReceiverDeps {
  readonly dialects: TagDialects;
  readonly counters: Counters;
  /** Gets every line that is not empty, good or bad; undefined: nobody. */
  readonly relay: ((line: Buffer) => void) | undefined;
}

/** All of a line but its value: `name:` and `|type|...`. */
interface Shape {
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly isTagged: boolean;
  readonly target: Target;
}

const mostShapes = 20_000;
/** Longer lines are read anew each time. */
const longestShape = 512;
const [lineFeed, colon, pipe, dot, zero] = [10, 58, 124, 46, 48];

export function createReceiver({ dialects, counters, relay }: ReceiverDeps, first: Intake): Receiver {
  let intake = first;
  const shapes = new Map<number, Shape>();
  /** Of the line that is being read: how many samples it has, and how much is wrong with it. */
  let samplesOfLine = 0;
  let faultsOfLine = 0;
  const readLine = createLineReader(dialects, {
    sampleError(reason) {
      counters.sampleError(reason);
      faultsOfLine += 1;
    },
    tagErrors(count) {
      counters.tagErrors += count;
      faultsOfLine += count;
    },
    tagged: () => (counters.tags += 1),
    sample() {
      counters.samples += 1;
      samplesOfLine += 1;
    },
  });

  function packet(bytes: Buffer, now: number): void {
    let from = 0;
    while (from <= bytes.length) {
      const found = bytes.indexOf(lineFeed, from);
      const to = found === -1 ? bytes.length : found;
      counters.lines += 1;
      if (to > from) {
        relay?.(bytes.subarray(from, to));
        line(bytes, from, to, now);
      }
      from = to + 1;
    }
  }

  function line(bytes: Buffer, from: number, to: number, now: number): void {
    // FNV-1a over the name and over what follows the value; the value is read in passing.
    let hash = 0x811c9dc5;
    let at = from;
    while (at < to && bytes[at] !== colon) hash = Math.imul(hash ^ (bytes[at++] ?? 0), 0x01000193);
    const valueAt = at + 1;
    let digits = 0;
    let value = 0;
    let divisor = 0;
    for (at = valueAt; at < to && bytes[at] !== pipe; at += 1) {
      const digit = (bytes[at] ?? 0) - zero;
      if (digit >= 0 && digit <= 9) {
        digits += 1;
        value = value * 10 + digit;
        divisor *= 10;
      } else if (bytes[at] === dot && divisor === 0) divisor = 1;
      else digits = Infinity;
    }
    const tailAt = at;
    for (; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);

    const shape = shapes.get(hash);
    // Fifteen digits and a power of ten are exact in a double, and so is their quotient's rounding.
    if (
      shape !== undefined &&
      digits > 0 &&
      digits <= 15 &&
      isShape(shape, bytes, from, valueAt, tailAt, to)
    ) {
      const written = divisor === 0 ? value : value / divisor;
      if (intake.feed(shape.target, written, now)) {
        counters.samples += 1;
        if (shape.isTagged) counters.tags += 1;
        return;
      }
    }
    slowLine(bytes, { from, valueAt, tailAt, to, hash }, now);
  }

  function slowLine(
    bytes: Buffer,
    { from, valueAt, tailAt, to, hash }: Record<'from' | 'valueAt' | 'tailAt' | 'to' | 'hash', number>,
    now: number,
  ): void {
    const text = bytes.subarray(from, to);
    if (!isUtf8(text)) {
      counters.sampleError('malformed_line');
      return;
    }
    samplesOfLine = 0;
    faultsOfLine = 0;
    for (const sample of readLine(text.toString('utf8'))) {
      const target = intake.take(sample, now);
      const isPlain = samplesOfLine === 1 && faultsOfLine === 0 && to - from <= longestShape;
      if (isPlain && target !== undefined) remember(hash, bytes, { from, valueAt, tailAt, to }, target);
    }
  }

  function remember(
    hash: number,
    bytes: Buffer,
    { from, valueAt, tailAt, to }: Record<'from' | 'valueAt' | 'tailAt' | 'to', number>,
    target: Target,
  ): void {
    if (shapes.size >= mostShapes) shapes.clear();
    shapes.set(hash, {
      head: Buffer.from(bytes.subarray(from, valueAt)),
      tail: Buffer.from(bytes.subarray(tailAt, to)),
      isTagged: target.shape.labels.size > 0,
      target,
    });
  }

  return {
    packet,
    use(next) {
      intake = next;
      shapes.clear();
    },
  };
}

function isShape(
  { head, tail }: Shape,
  bytes: Buffer,
  from: number,
  valueAt: number,
  tailAt: number,
  to: number,
): boolean {
  if (head.length !== valueAt - from || tail.length !== to - tailAt) return false;
  for (let i = 0; i < head.length; i += 1) if (head[i] !== bytes[from + i]) return false;
  for (let i = 0; i < tail.length; i += 1) if (tail[i] !== bytes[tailAt + i]) return false;
  return true;
}
