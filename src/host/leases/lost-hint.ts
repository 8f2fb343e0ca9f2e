// The hint that a session was lost, on which whoever waits connects anew.
// Law: sessions that are lost soon after their birth make nobody connect in a tight loop: the hint waits, longer each time.

/** A session that lives this long has lasted, and the longest pause, ms. */
const lasting = 1_000;
const firstPause = 50;

export interface LostHint {
  /** At once where the session had lasted, else after a pause that grows. `age`: how long it lived, ms. */
  lost(age: number): void;
  /** Nobody is told any more. */
  end(): void;
}

export function createLostHint(hint: () => void): LostHint {
  /** After the latest loss, ms; 0: that session had lasted. */
  let pause = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    lost(age) {
      clearTimeout(timer);
      pause = age >= lasting ? 0 : Math.min(Math.max(firstPause, 2 * pause), lasting);
      if (pause === 0) hint();
      else timer = setTimeout(hint, pause).unref();
    },
    end: () => clearTimeout(timer),
  };
}
