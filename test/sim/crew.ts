// Many stories on all cores: this file is both the one who asks and, in a worker thread, the one who plays.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { theDesign, theMove } from './rules.ts';
import { play } from './story.ts';

export interface Tally {
  readonly stories: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly tenures: number;
  /** Stories that broke a law. */
  readonly broken: readonly { readonly seed: number; readonly law: string }[];
}

const nothing: Tally = { stories: 0, faults: new Map(), tenures: 0, broken: [] };

interface Goal {
  /** The first seed; the others follow it. */
  readonly first: number;
  /** At least so many faults. */
  readonly faults: number;
  readonly workers: number;
  /** Of elections that move from engine to engine. */
  readonly isMoving?: boolean;
}

/** One worker's seeds: every `stride`th from `first` on. */
interface Share {
  readonly first: number;
  readonly stride: number;
  readonly isMoving: boolean;
}

const batch = 50;

/** Plays the design until there were as many faults, or a law was broken. `onProgress` gets the tally so far. */
export async function playMany(
  { first, faults, workers, isMoving = false }: Goal,
  onProgress: (tally: Tally) => void = () => undefined,
): Promise<Tally> {
  let tally = nothing;
  const crew = Array.from({ length: workers }, (_, index): Worker => {
    const share: Share = { first: first + index, stride: workers, isMoving };
    return new Worker(new URL(import.meta.url), { workerData: share });
  });
  const ends = crew.map(async (worker) => {
    worker.on('message', (part: Tally) => {
      tally = sum(tally, part);
      onProgress(tally);
      const isEnough = tally.broken.length > 0 || faultsIn(tally) >= faults;
      if (isEnough) for (const each of crew) void each.terminate();
    });
    await once(worker, 'exit');
  });
  await Promise.all(ends);
  return tally;
}

export function faultsIn(tally: Tally): number {
  return [...tally.faults.values()].reduce((total, count) => total + count, 0);
}

function sum(a: Tally, b: Tally): Tally {
  return {
    stories: a.stories + b.stories,
    faults: added(a.faults, b.faults),
    tenures: a.tenures + b.tenures,
    broken: [...a.broken, ...b.broken],
  };
}

function added(a: Tally['faults'], b: Tally['faults']): Tally['faults'] {
  const both = new Map(a);
  for (const [name, count] of b) both.set(name, (both.get(name) ?? 0) + count);
  return both;
}

function playBatch({ first, stride, isMoving }: Share): Tally {
  let tally = nothing;
  for (let index = 0; index < batch; index += 1) {
    const { seed, faults, tenures, broken } = play(first + index * stride, isMoving ? theMove : theDesign);
    const laws = broken === undefined ? [] : [{ seed, law: broken }];
    tally = sum(tally, { stories: 1, faults, tenures, broken: laws });
  }
  return tally;
}

if (!isMainThread && parentPort !== null && isShare(workerData)) {
  const { first, stride } = workerData;
  const tell = parentPort.postMessage.bind(parentPort);
  for (let from = first; ; from += batch * stride) tell(playBatch({ ...workerData, first: from }));
}

// A test runner may itself be a worker thread.
function isShare(data: unknown): data is Share {
  return typeof data === 'object' && data !== null && 'stride' in data;
}
