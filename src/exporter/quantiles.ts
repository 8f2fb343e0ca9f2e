// Quantiles of a stream within a promised error, in little memory: the algorithm CKMS of "Effective Computation of Biased
// Quantiles over Data Streams" (Cormode, Korn, Muthukrishnan, Srivastava, 2005), for targeted quantiles.
// Law: the answer's rank is within error * n of the one asked for, and memory grows with 1 / error, not with n.

export interface Targets {
  readonly quantiles: readonly (readonly [quantile: number, error: number])[];
}

/** Values, and how many observations each stands for. */
export interface Observations {
  readonly values: readonly number[];
  readonly weights: readonly number[];
}

/** By value, what is no number last. */
export function sorted({ values, weights }: Observations): Observations {
  const at = (index: number): number => values[index] ?? NaN;
  const order = Uint32Array.from(values.keys()).toSorted((a, b) => {
    const difference = at(a) - at(b);
    if (!Number.isNaN(difference)) return difference;
    return Number(Number.isNaN(at(a))) - Number(Number.isNaN(at(b)));
  });
  return {
    values: Array.from(order, at),
    weights: Array.from(order, (index) => weights[index] ?? 0),
  };
}

/** Below, a stream would keep close to everything it has seen. */
const smallestError = 0.0005;

export class QuantileSketch {
  readonly #targets: Targets['quantiles'];
  /** Sorted by value; of each sample the value, how many it stands for, and how far its rank may be off. */
  #values: number[] = [];
  #widths: number[] = [];
  #deltas: number[] = [];
  #count = 0;

  constructor(targets: Targets['quantiles']) {
    this.#targets = targets;
  }

  /** Adds observations that are sorted. */
  add(observations: Observations): void {
    const values: number[] = [];
    const widths: number[] = [];
    const deltas: number[] = [];
    let from = 0;
    let rank = 0;
    const keep = (value: number, own: number, delta: number): void => {
      values.push(value);
      widths.push(own);
      deltas.push(delta);
      rank += own;
    };
    const keepOld = (): void => {
      keep(this.#values[from] ?? 0, this.#widths[from] ?? 0, this.#deltas[from] ?? 0);
      from += 1;
    };
    for (const [index, value] of observations.values.entries()) {
      while (from < this.#values.length && (this.#values[from] ?? 0) <= value) keepOld();
      const isLast = from === this.#values.length;
      const weight = observations.weights[index] ?? 0;
      // What lies within the many of one value is answered with the sample before: so that is one of the same value.
      for (const width of weight === 1 ? [1] : [1, weight - 1]) {
        keep(value, width, isLast ? 0 : Math.max(0, Math.floor(this.#allowance(rank)) - 1));
        this.#count += width;
      }
    }
    while (from < this.#values.length) keepOld();
    [this.#values, this.#widths, this.#deltas] = [values, widths, deltas];
    this.#compress();
  }

  /** Of at least one observation. */
  query(quantile: number): number {
    let wanted = Math.ceil(quantile * this.#count);
    wanted += Math.ceil(this.#allowance(wanted) / 2);
    let rank = 0;
    for (let i = 1; i < this.#values.length; i += 1) {
      rank += this.#widths[i - 1] ?? 0;
      if (rank + (this.#widths[i] ?? 0) + (this.#deltas[i] ?? 0) > wanted) return this.#values[i - 1] ?? NaN;
    }
    return this.#values.at(-1) ?? NaN;
  }

  /** How far ranks around `rank` may be off, doubled. */
  #allowance(rank: number): number {
    let least = Number.MAX_VALUE;
    for (const [quantile, error] of this.#targets) {
      const doubled = 2 * Math.max(error, smallestError);
      const allowed =
        quantile * this.#count <= rank
          ? (doubled * rank) / quantile
          : (doubled * (this.#count - rank)) / (1 - quantile);
      if (allowed < least) least = allowed;
    }
    return least;
  }

  /** Joins neighbours from the top down, as long as their common rank stays within the allowance. */
  #compress(): void {
    const last = this.#values.length - 1;
    if (last < 1) return;
    const values = [this.#values[last] ?? 0];
    const widths = [this.#widths[last] ?? 0];
    const deltas = [this.#deltas[last] ?? 0];
    let rank = this.#count - 1 - (widths[0] ?? 0);
    for (let i = last - 1; i >= 0; i -= 1) {
      const width = this.#widths[i] ?? 0;
      const top = widths.length - 1;
      const joined = width + (widths[top] ?? 0);
      if (joined + (deltas[top] ?? 0) <= this.#allowance(rank)) widths[top] = joined;
      else {
        values.push(this.#values[i] ?? 0);
        widths.push(width);
        deltas.push(this.#deltas[i] ?? 0);
      }
      rank -= width;
    }
    this.#values = values.toReversed();
    this.#widths = widths.toReversed();
    this.#deltas = deltas.toReversed();
  }
}
