// The only things of the world that a machine's step may know.

export interface At {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** A number in [0, 1), new at each step. */
  readonly jitter: number;
}
