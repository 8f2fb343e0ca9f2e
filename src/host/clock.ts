// The machine's clock: monotonic milliseconds for deadlines, wall time for people.
// Law: an alarm never rings before its instant, however far away that is.
import type { Clock } from '../ports.ts';

/** The longest delay setTimeout() takes, ms; a longer one would fire at once. */
const LONGEST = 2 ** 31 - 1;

export function createClock(): Clock {
  return {
    now: () => performance.now(),
    wall: () => new Date(),
    jitter: () => Math.random(),
    alarm(instant, ring) {
      let cancel: () => void;
      const arm = (): void => {
        const wait = Math.ceil(instant - performance.now());
        if (wait <= 0) {
          const handle = setImmediate(ring);
          cancel = () => clearImmediate(handle);
        } else {
          // A timer may fire a fraction of a millisecond early: arm() looks again.
          const handle = setTimeout(arm, Math.min(wait, LONGEST));
          cancel = () => clearTimeout(handle);
        }
      };
      arm();
      return () => cancel();
    },
  };
}
