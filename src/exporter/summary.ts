// A summary: sum, count, and quantiles over a window of time that slides on in steps.
// Law: what was observed longer ago than the window counts in sum and count alone; memory does not grow with the rate.
import type { SummaryOptions } from './mapping.ts';
import { QuantileSketch } from './quantiles.ts';

/** One step of the window: it has seen all since it was begun. */
interface Window {
  /** What of the common buffer it has sorted in. */
  from: number;
  sketch: QuantileSketch | undefined;
}

/** Observations that are gathered before they are sorted in; up to then quantiles are exact. */
const bufferSize = 500;
/** Above, observations of one sample are added at once: their sum is rounded once. */
const mostSingle = 1_000;

export class Summary {
  sum = 0;
  count = 0;
  readonly #options: SummaryOptions;
  readonly #windows: Window[];
  /** Observations, in order, that at least one window has still to sort in. */
  #buffer: number[] = [];
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
    if (times > mostSingle) {
      this.sum += value * times;
      this.#sortIn(1);
      for (const window of this.#windows) this.#sketchOf(window).add([value], times);
      return;
    }
    for (let i = 0; i < times; i += 1) {
      this.sum += value;
      this.#buffer.push(value);
      if (this.#buffer.length >= bufferSize) this.#sortIn(bufferSize);
    }
  }

  /** Each quantile's value, NaN where the window is empty. */
  quantiles(now: number): readonly number[] {
    if (now >= this.#turn) this.#rotate(now);
    const window = this.#windows[this.#head];
    if (window === undefined) return [];
    const waiting = this.#buffer.slice(window.from);
    if (window.sketch === undefined) {
      waiting.sort((a, b) => a - b);
      const rank = (quantile: number): number => Math.max(Math.ceil(waiting.length * quantile) - 1, 0);
      return this.#options.quantiles.map(([quantile]) => waiting[rank(quantile)] ?? NaN);
    }
    if (waiting.length > 0) window.sketch.add(waiting);
    window.from = this.#buffer.length;
    this.#trim();
    return this.#options.quantiles.map(([quantile]) => window.sketch?.query(quantile) ?? NaN);
  }

  /** Sorts in what the windows have waiting, where it is at least so much. */
  #sortIn(least: number): void {
    const end = this.#buffer.length;
    for (const window of this.#windows) {
      if (end - window.from < least) continue;
      this.#sketchOf(window).add(window.from === 0 ? this.#buffer : this.#buffer.slice(window.from));
      window.from = end;
    }
    this.#trim();
  }

  /** Drops of the buffer what all windows have sorted in. */
  #trim(): void {
    const done = Math.min(...this.#windows.map(({ from }) => from));
    if (done === 0) return;
    this.#buffer = this.#buffer.slice(done);
    for (const window of this.#windows) window.from -= done;
  }

  #sketchOf(window: Window): QuantileSketch {
    return (window.sketch ??= new QuantileSketch(this.#options.quantiles));
  }

  #rotate(now: number): void {
    const step = this.#options.maxAge / this.#options.ageBuckets;
    const behind = Math.floor((now - this.#turn) / step) + 1;
    for (let i = 0; i < Math.min(behind, this.#windows.length); i += 1) {
      this.#windows[this.#head] = { from: this.#buffer.length, sketch: undefined };
      this.#head = (this.#head + 1) % this.#windows.length;
    }
    this.#turn += behind * step;
    this.#trim();
  }
}
