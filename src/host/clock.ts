// The machine's clock: monotonic milliseconds for deadlines, wall time for people.
// Law: an alarm never rings before its instant, however far away that is.
import { readFileSync } from 'node:fs';
import type { Clock } from '../ports.ts';

/** The longest delay setTimeout() takes, ms; a longer one would fire at once. */
const LONGEST = 2 ** 31 - 1;

/** CLOCK_MONOTONIC, as other processes see it, ms with fractions. */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function createClock(): Clock {
  return {
    now: monotonicNow,
    wall: () => new Date(),
    uptime: readUptime,
    jitter: () => Math.random(),
    alarm(instant, ring) {
      let cancel: () => void;
      const arm = (): void => {
        const wait = Math.ceil(instant - monotonicNow());
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

/** Hundredths of a second are all that is told: proc_uptime(5). Where there is no /proc, nothing is seen of a suspension. */
function readUptime(): number {
  try {
    return Number(readFileSync('/proc/uptime', 'latin1').split(' ', 1)[0]) * 1000;
  } catch {
    return monotonicNow();
  }
}
