// A summary: sum, count, and quantiles over a window of time that slides on in steps.
// Law: what was observed longer ago than the window counts in sum and count alone; memory does not grow with the rate.
import type { SummaryOptions } from './mapping.ts';
import { QuantileSketch, sorted } from './quantiles.ts';
import type { Observations } from './quantiles.ts';

/** One step of the window: it has seen all since it was begun. */
interface Window {
  /** What of the common buffer it has sorted in. */
  from: number;
  sketch: QuantileSketch | undefined;
}

/** Samples that are gathered before they are sorted in; quantiles of fewer observations than that are exact. */
const bufferSize = 500;
/** The sum grows by each observation of a sample, to be rounded as the original's is; above so many, by all at once. */
const mostSingle = 1_000;

export class Summary {
  sum = 0;
  count = 0;
  readonly #options: SummaryOptions;
  readonly #windows: Window[];
  /** Samples, in order, that at least one window has still to sort in: values, and how many observations each stands for. */
  #values: number[] = [];
  #weights: number[] = [];
  #head = 0;
  /** When the oldest window is begun anew, monotonic ms. */
  #turn: number;

  constructor(options: SummaryOptions, now: number) {
    this.#options = options;
    this.#windows = Array.from({ length: options.ageBuckets }, () => ({ from: 0, sketch: undefined }));
    this.#turn = now + options.maxAge / options.ageBuckets;
  }

  observe(value: number, times: number, now: number): void {
    if (now >= this.#turn) this.#rotate(now);
    this.count += times;
    if (times > mostSingle) this.sum += value * times;
    else for (let i = 0; i < times; i += 1) this.sum += value;
    this.#values.push(value);
    this.#weights.push(times);
    if (this.#values.length >= bufferSize) this.#sortIn(bufferSize);
  }

  /** Each quantile's value, NaN where the window is empty. */
  quantiles(now: number): readonly number[] {
    if (now >= this.#turn) this.#rotate(now);
    const window = this.#windows[this.#head];
    if (window === undefined) return [];
    const waiting = this.#waiting(window.from);
    const many = waiting.weights.reduce((sum, weight) => sum + weight, 0);
    if (window.sketch === undefined && many < bufferSize) {
      return this.#options.quantiles.map(([quantile]) => valueAt(waiting, Math.ceil(many * quantile)));
    }
    const sketch = this.#sketchOf(window);
    if (many > 0) sketch.add(waiting);
    window.from = this.#values.length;
    this.#trim();
    return this.#options.quantiles.map(([quantile]) => sketch.query(quantile));
  }

  #waiting(from: number): Observations {
    return sorted({ values: this.#values.slice(from), weights: this.#weights.slice(from) });
  }

  /** Sorts in what the windows have waiting, where it is at least so much. */
  #sortIn(least: number): void {
    const end = this.#values.length;
    const inOrder = new Map<number, Observations>();
    for (const window of this.#windows) {
      if (end - window.from < least) continue;
      const waiting = inOrder.get(window.from) ?? this.#waiting(window.from);
      inOrder.set(window.from, waiting);
      this.#sketchOf(window).add(waiting);
      window.from = end;
    }
    this.#trim();
  }

  /** Drops what all windows have sorted in. */
  #trim(): void {
    const done = Math.min(...this.#windows.map(({ from }) => from));
    if (done === 0) return;
    this.#values = this.#values.slice(done);
    this.#weights = this.#weights.slice(done);
    for (const window of this.#windows) window.from -= done;
  }

  #sketchOf(window: Window): QuantileSketch {
    return (window.sketch ??= new QuantileSketch(this.#options.quantiles));
  }

  #rotate(now: number): void {
    const step = this.#options.maxAge / this.#options.ageBuckets;
    const behind = Math.floor((now - this.#turn) / step) + 1;
    for (let i = 0; i < Math.min(behind, this.#windows.length); i += 1) {
      this.#windows[this.#head] = { from: this.#values.length, sketch: undefined };
      this.#head = (this.#head + 1) % this.#windows.length;
    }
    this.#turn += behind * step;
    this.#trim();
  }
}

/** The observation of this rank, from 1 on; NaN where there is none. */
function valueAt({ values, weights }: Observations, rank: number): number {
  let seen = 0;
  const at = weights.findIndex((weight) => (seen += weight) >= rank);
  return values[at] ?? NaN;
}
