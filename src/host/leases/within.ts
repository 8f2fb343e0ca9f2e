// A signal that ends a call after a while, or with another one.

/** `patience`: ms. */
export function within(patience: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(patience)]);
}
