// A turnstile: many who want to begin at the same moment begin over several turns of the event loop.
// Law: first come, first served, and everybody gets through.

/** Each call resolves when it may begin: at most `perTurn` of them in one turn, so that other work gets its turn too. */
export function createTurnstile(perTurn: number): () => Promise<void> {
  const waiting: (() => void)[] = [];
  let left = perTurn;
  let turning = false;

  function turn(): void {
    left = perTurn;
    for (const begin of waiting.splice(0, perTurn)) {
      left -= 1;
      begin();
    }
    turning = left < perTurn;
    if (turning) setImmediate(turn);
  }

  return () => {
    if (!turning) {
      turning = true;
      setImmediate(turn);
    }
    if (left > 0 && waiting.length === 0) {
      left -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      waiting.push(resolve);
    });
  };
}
