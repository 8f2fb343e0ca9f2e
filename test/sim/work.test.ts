// The pretend guard and work of the simulation, where a story once went wrong because of them and not of the machine.
import { expect, test } from 'vitest';
import { millisecond, profiles, second } from '../../src/core/leader/timing.ts';
import { createClock, createRandom, createSchedule } from './schedule.ts';
import { createWork } from './work.ts';

test('a guard that has killed says so, even where the work crashes before the SIGKILL works', () => {
  const schedule = createSchedule();
  const told: string[] = [];
  const say = (what: string) => (): void => void told.push(what);
  const work = createWork({
    schedule,
    random: createRandom(1),
    clock: createClock(schedule, 0, 1),
    timing: profiles.default,
    referee: { began: say('began'), ceased: say('ceased') },
    events: { drained: say('drained'), guardGone: say('guard gone'), undying: say('undying') },
    mayRun: () => true,
    whenAwake: (action) => action(),
    guard: 'whole',
  });
  const pass = (until: number): void => schedule.runUntil(until, () => false);
  work.start('a term', 1, second);
  pass(second + millisecond);
  expect(told).toEqual(['began']);
  expect(work.crashChild()).toBe(true);
  pass(60 * second);
  expect(told).toEqual(['began', 'ceased', 'guard gone']);
});
