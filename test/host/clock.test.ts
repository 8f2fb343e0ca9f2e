import { expect, test, vi } from 'vitest';
import { createClock } from '../../src/host/clock.ts';

const clock = createClock();

function ring(after: number): Promise<number> {
  const due = clock.now() + after;
  return new Promise((resolve) => clock.alarm(due, () => resolve(clock.now() - due)));
}

test('an alarm never rings early, whatever the fraction, and one that is due rings in a later turn', async () => {
  const late = await Promise.all([-5, 0, 0.2, 1, 1.7, 10.4, 20.9].map(ring));
  for (const by of late) expect(by).toBeGreaterThanOrEqual(0);
  let rung = false;
  clock.alarm(clock.now(), () => (rung = true));
  expect(rung).toBe(false);
});

test('a cancelled alarm does not ring', async () => {
  let rung = 0;
  const cancels = [0, 5].map((after) => clock.alarm(clock.now() + after, () => (rung += 1)));
  for (const cancel of cancels) cancel();
  await ring(30);
  expect(rung).toBe(0);
});

test('an alarm beyond what a timer takes waits, and does not ring at once', () => {
  vi.useFakeTimers();
  try {
    const far = createClock();
    let rung = 0;
    far.alarm(far.now() + 2 ** 31 + 1000, () => (rung += 1));
    vi.advanceTimersByTime(2 ** 31 - 1);
    expect(rung).toBe(0);
    vi.advanceTimersByTime(2000);
    expect(rung).toBe(1);
  } finally {
    vi.useRealTimers();
  }
});
