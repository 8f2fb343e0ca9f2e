// Waiting in tests of the machine: for a condition, with a deadline, never for a time.
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves once `condition` holds; throws with `what` after `deadline` ms. */
export async function until(what: string, condition: () => boolean, deadline = 10_000): Promise<void> {
  const end = performance.now() + deadline;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${deadline} ms in vain: ${what}`);
    await sleep(5);
  }
}
