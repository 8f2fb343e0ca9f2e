// Simulated real time: what happens next, in order, and one source of chance. The same seed gives the same story.

export interface Random {
  /** In [0, 1). */
  next(): number;
  chance(probability: number): boolean;
  /** An integer in [from, to). */
  between(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
}

/** The generator "sfc32" (Chris Doty-Humphrey, PractRand). */
export function createRandom(seed: number): Random {
  let a = 0x9e3779b9 | 0;
  let b = seed | 0;
  let c = (seed / 2 ** 32) | 0;
  let counter = 1;
  function next(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  }
  for (let round = 0; round < 12; round += 1) next();
  return {
    next,
    chance: (probability) => next() < probability,
    between: (from, to) => from + Math.floor(next() * (to - from)),
    pick<T>(items: readonly T[]): T {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
  };
}

export interface Schedule {
  /** Real time, integer nanoseconds. */
  now(): number;
  /** Calls at an instant, never before now; what was asked for first comes first. */
  at(instant: number, action: () => void): void;
  after(delay: number, action: () => void): void;
  /** Lets everything happen until `end`, or until `stop` says so. */
  runUntil(end: number, stop: () => boolean): void;
}

interface Entry {
  readonly time: number;
  readonly number: number;
  readonly action: () => void;
}

function comesBefore(a: Entry, b: Entry): boolean {
  return a.time < b.time || (a.time === b.time && a.number < b.number);
}

export function createSchedule(): Schedule {
  // A binary heap.
  const heap: Entry[] = [];
  let now = 0;
  let count = 0;

  function at(instant: number, action: () => void): void {
    const entry = { time: Math.max(instant, now), number: count, action };
    count += 1;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Entry;
      if (!comesBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  function take(first: Entry): void {
    const entry = heap.pop() as Entry;
    const { length } = heap;
    if (entry === first) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && comesBefore(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
      const below = heap[child] as Entry;
      if (!comesBefore(below, entry)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = entry;
  }

  return {
    now: () => now,
    at,
    after: (delay, action) => at(now + delay, action),
    runUntil(end, stop) {
      for (let first = heap[0]; first !== undefined && first.time <= end && !stop(); first = heap[0]) {
        now = first.time;
        take(first);
        first.action();
      }
      if (!stop()) now = Math.max(now, end);
    },
  };
}

/** A machine's monotonic clock: it runs at its own rate, from its own start. */
export interface Clock {
  now(): number;
  /** The first real instant at which the clock shows `local` or more. */
  realOf(local: number): number;
}

export function createClock(schedule: Schedule, start: number, rate: number): Clock {
  const at = (real: number): number => start + Math.floor(real * rate);
  return {
    now: () => at(schedule.now()),
    realOf(local) {
      let real = Math.ceil((local - start) / rate);
      while (at(real) < local) real += 1;
      return real;
    },
  };
}
