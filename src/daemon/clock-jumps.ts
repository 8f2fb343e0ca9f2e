// Sees time that the monotonic clock has not counted: a suspended machine, a wall clock that was set forward.
// Law: a jump can only make us stop earlier. What stood still altogether cannot be seen from inside.
import type { Clock } from '../ports.ts';

/** More than this between two clocks is no drift, ms. */
const tolerance = 1_000;
/** How often to look, ms. */
const period = 1_000;

export interface JumpDetector {
  /** When to look next, monotonic ms. */
  deadline(): number;
  /** Ms that have passed unseen since the last look. */
  look(): number | undefined;
}

export function createJumpDetector(clock: Clock): JumpDetector {
  const read = () => ({ monotonic: clock.now(), boot: clock.uptime(), wall: clock.wall().getTime() });
  let last = read();
  return {
    deadline: () => last.monotonic + period,
    look() {
      const now = read();
      const seen = now.monotonic - last.monotonic;
      const unseen = Math.max(now.boot - last.boot, now.wall - last.wall) - seen;
      last = now;
      return unseen > tolerance ? unseen : undefined;
    },
  };
}
