import { expect, test } from 'vitest';
import { createTurnstile } from '../../src/host/turnstile.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('many begin in order, a few a turn, and all of them do', async () => {
  const pass = createTurnstile(2);
  const begun: number[] = [];
  for (let one = 0; one < 7; one += 1) void pass().then(() => begun.push(one));
  const seen: number[] = [];
  while (begun.length < 7) {
    await nextTurn();
    seen.push(begun.length);
  }
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
  const steps = seen.map((count, turn) => count - (seen[turn - 1] ?? 0));
  expect(Math.max(...steps.slice(1))).toBe(2);
});

test('one that comes alone begins at once, also after a crowd', async () => {
  const pass = createTurnstile(1);
  await Promise.all([pass(), pass(), pass()]);
  await nextTurn();
  await nextTurn();
  let begun = false;
  void pass().then(() => (begun = true));
  await Promise.resolve();
  expect(begun).toBe(true);
});
