// What the recorders (recorder.py) wrote down: lives, and the stretches of time in which they ran.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
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
  /** In which any process of its tree ran: also one that has left session and parent. */
  readonly stretches: readonly (readonly [from: number, to: number])[];
  /** It said when it ended; undefined: it was killed, or runs. */
  readonly end: number | undefined;
}

/** All lives whose files, REPLICA.NUMBER, and those of their kin, lie in a directory, in the order of their start. */
export function readLives(directory: string): readonly Life[] {
  return namesIn(directory)
    .flatMap((name) => readLife(directory, name) ?? [])
    .toSorted((a, b) => a.start - b.start);
}

/** The life that began last; undefined where none has. */
export function latestLife(directory: string): Life | undefined {
  const began = (name: string): number => Number(name.split('.')[1]);
  const name = namesIn(directory)
    .toSorted((a, b) => began(a) - began(b))
    .at(-1);
  return name === undefined ? undefined : readLife(directory, name);
}

const kinEnding = '.kin';

function namesIn(directory: string): readonly string[] {
  return readdirSync(directory).filter((name) => !name.endsWith(kinEnding));
}

function readLife(directory: string, name: string): Life | undefined {
  const path = join(directory, name);
  const kin = existsSync(path + kinEnding) ? readFileSync(path + kinEnding, 'utf8') : '';
  return parseLife(name.split('.')[0] ?? '', readFileSync(path, 'utf8'), kin);
}

/** Undefined where nothing is written yet; a last line that is being written is left out. */
export function parseLife(replica: string, text: string, kin = ''): Life | undefined {
  const [first, ...others] = rowsOf(text);
  if (first?.[0] !== 'start') return undefined;
  const [epoch = 0, pid = 0, start = 0, born = start] = first[1];
  const stretches = union(
    [...others, ...rowsOf(kin)].filter(([what]) => what === 'run').map(([, run]) => run),
  );
  const end = others.find(([what]) => what === 'end')?.[1][0];
  return { replica, epoch, pid, start, born, stretches, end };
}

type Row = readonly [what: string | undefined, numbers: readonly number[]];

function rowsOf(text: string): readonly Row[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.trim().split(/\s+/))
    .map(([what, ...words]) => [what, words.map(Number)]);
}

/** Time in which one or the other ran. */
function union(runs: readonly (readonly number[])[]): Life['stretches'] {
  const joined: [from: number, to: number][] = [];
  for (const [from = 0, to = 0] of runs.toSorted(([a = 0], [b = 0]) => a - b)) {
    const last = joined.at(-1);
    if (last === undefined || from > last[1]) joined.push([from, to]);
    else last[1] = Math.max(last[1], to);
  }
  return joined;
}

/** The last beat of a life, seconds of CLOCK_MONOTONIC. */
export function lastBeat(life: Life): number {
  return life.stretches.at(-1)?.[1] ?? life.start;
}
