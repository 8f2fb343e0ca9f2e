// When a SIGKILL is called out of memory: told with a counter and a clock of the test's.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeExit } from '../../src/core/exit.ts';
import { explain, explains, look, settle, unseen } from '../../src/core/out-of-memory.ts';
import type { OomState } from '../../src/core/out-of-memory.ts';

const begun = look(unseen, 7, 0);

test("a SIGKILL without a rise of the counter is somebody else's", () => {
  expect(explain(look(begun, 7, 100), 100)[1]).toBe(false);
});

test('what was counted before djsup looked for the first time explains nothing', () => {
  expect(explain(begun, 0)[1]).toBe(false);
});

test('a rise explains the exit, and nothing is left to tell', () => {
  const [state, outOfMemory] = explain(look(begun, 8, 100), 100);
  expect(outOfMemory).toBe(true);
  expect(settle(state, 100 + explains + 1)[1]).toBe(0);
});

test('a rise explains no more exits than it counted', () => {
  const [once] = explain(look(begun, 8, 100), 100);
  expect(explain(look(once, 8, 120), 120)[1]).toBe(false);
  const [first] = explain(look(begun, 9, 100), 100);
  expect(explain(look(first, 9, 120), 120)[1]).toBe(true);
});

test('a rise does not explain what is killed long after it', () => {
  const [, outOfMemory] = explain(look(begun, 8, 100), 100 + explains + 1);
  expect(outOfMemory).toBe(false);
});

test('processes that were no main process are told once, when no exit has explained them', () => {
  const risen = look(begun, 10, 100);
  const [state] = explain(risen, 110);
  expect(settle(state, 200)).toEqual([state, 0]);
  const [told, others] = settle(state, 100 + explains + 1);
  expect(others).toBe(2);
  expect(settle(told, 100 + 2 * explains)[1]).toBe(0);
});

test('a main process that dies of it again and again does not put off what is to be told of a worker', () => {
  let state: OomState = look(begun, 8, 0);
  for (let now = 1_000; now <= explains + 1_000; now += 1_000) {
    state = explain(look(state, 8 + now / 1_000, now), now)[0];
  }
  expect(settle(state, explains + 1_000)[1]).toBe(1);
});

test('a counter that cannot be read, or goes back, is no rise', () => {
  expect(look(begun, undefined, 100)).toBe(begun);
  expect(explain(look(begun, 3, 100), 100)[1]).toBe(false);
});

test('law: without a rise no SIGKILL is called out of memory, and no more is told than has risen', () => {
  const steps = fc.array(fc.tuple(fc.nat(3), fc.nat(4_000), fc.boolean()), { maxLength: 30 });
  fc.assert(
    fc.property(steps, (given) => {
      let state = look(unseen, 0, 0);
      let [now, kills, rose, told] = [0, 0, 0, 0];
      let wrong = false;
      for (const [grown, passed, killed] of given) {
        now += passed;
        kills += grown;
        rose += grown;
        state = look(state, kills, now);
        if (killed) {
          const [next, outOfMemory] = explain(state, now);
          state = next;
          wrong ||= outOfMemory && rose === 0;
        }
        const [next, others] = settle(state, now);
        state = next;
        told += others;
      }
      expect(wrong).toBe(false);
      expect(told).toBeLessThanOrEqual(rose);
    }),
  );
});

test('the words for it name the limit where there is one', () => {
  const limit = 512 * 1024 ** 2;
  expect(describeExit({ signal: 'SIGKILL' })).toBe('signal SIGKILL');
  expect(describeExit({ signal: 'SIGKILL', outOfMemory: { limit } })).toBe(
    'signal SIGKILL, out of memory (cgroup limit 512 MiB)',
  );
  expect(describeExit({ signal: 'SIGKILL', outOfMemory: { limit: undefined } })).toBe(
    'signal SIGKILL, out of memory',
  );
});
