// A histogram with fixed bounds; a value on a bound belongs below it.

export class Histogram {
  sum = 0;
  count = 0;
  readonly bounds: readonly number[];
  /** Of each bound, and last of what lies above all, not yet summed up. */
  readonly #counts: Float64Array;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number, times: number): void {
    const at = this.bounds.findIndex((bound) => value <= bound);
    const slot = at === -1 ? this.bounds.length : at;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + times;
    this.count += times;
    if (times > mostSingle) this.sum += value * times;
    else for (let i = 0; i < times; i += 1) this.sum += value;
  }

  /** How many values are at or below each bound. */
  cumulated(): readonly number[] {
    let total = 0;
    return this.bounds.map((_, index) => (total += this.#counts[index] ?? 0));
  }
}

/** Above, the observations of one sample are added at once: their sum is rounded once. */
const mostSingle = 1_000;
