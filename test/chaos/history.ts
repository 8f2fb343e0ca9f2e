// What the recorders (recorder.py) wrote down: lives, and the stretches of time in which they ran.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One run of the recorder; instants in seconds of CLOCK_MONOTONIC. */
export interface Life {
  readonly replica: string;
  readonly epoch: number;
  readonly pid: number;
  /** Its first words. */
  readonly start: number;
  /** Its process was started by then, at the latest. */
  readonly born: number;
  readonly stretches: readonly (readonly [from: number, to: number])[];
  /** It said when it ended; undefined: it was killed, or runs. */
  readonly end: number | undefined;
}

/** All lives whose files, REPLICA.NUMBER, lie in a directory, in the order of their start. */
export function readLives(directory: string): readonly Life[] {
  return readdirSync(directory)
    .flatMap((name) => readLife(directory, name) ?? [])
    .toSorted((a, b) => a.start - b.start);
}

/** The life that began last; undefined where none has. */
export function latestLife(directory: string): Life | undefined {
  const began = (name: string): number => Number(name.split('.')[1]);
  const name = readdirSync(directory)
    .toSorted((a, b) => began(a) - began(b))
    .at(-1);
  return name === undefined ? undefined : readLife(directory, name);
}

function readLife(directory: string, name: string): Life | undefined {
  return parseLife(name.split('.')[0] ?? '', readFileSync(join(directory, name), 'utf8'));
}

/** Undefined where nothing is written yet; a last line that is being written is left out. */
export function parseLife(replica: string, text: string): Life | undefined {
  const lines = text.split('\n').slice(0, -1);
  const rows = lines
    .map((line) => line.trim().split(/\s+/))
    .map(([what, ...words]) => [what, words.map(Number)] as const);
  const [first, ...others] = rows;
  if (first?.[0] !== 'start') return undefined;
  const [epoch = 0, pid = 0, start = 0, born = start] = first[1];
  const stretches = others
    .filter(([what]) => what === 'run')
    .map(([, [from = 0, to = 0]]) => [from, to] as const);
  const end = others.find(([what]) => what === 'end')?.[1][0];
  return { replica, epoch, pid, start, born, stretches, end };
}

/** The last beat of a life, seconds of CLOCK_MONOTONIC. */
export function lastBeat(life: Life): number {
  return life.stretches.at(-1)?.[1] ?? life.start;
}
