// The words for how a process ended, where its guard had to do with it.
import { expect, test } from 'vitest';
import { exitCause } from '../../src/core/exit-cause.ts';
import { describeExit } from '../../src/core/exit.ts';
import type { Exit } from '../../src/core/exit.ts';
import type { ServiceState } from '../../src/core/service-state.ts';

test('an end that was that of its guard is told as that, with the kernel where it was the kernel', () => {
  expect(describeExit({ signal: 'SIGKILL', guardLost: true })).toBe(
    'signal SIGKILL, its guard ("djsup-guard", the process above it) was killed, and it with that',
  );
  expect(describeExit({ code: 1, guardLost: true })).toBe(
    'code 1, which is that of its guard, which has failed',
  );
  expect(describeExit({ signal: 'SIGKILL', outOfMemory: { limit: undefined }, guardLost: true })).toContain(
    'signal SIGKILL, out of memory, its guard',
  );
});

test('it counts as that of the guard, unless the kernel was short of memory or djsup wanted the end', () => {
  const running = { kind: 'running' } as ServiceState;
  const lost: Exit = { signal: 'SIGKILL', guardLost: true };
  expect(exitCause(running, lost, false)).toBe('guard');
  expect(exitCause(running, { code: 1, guardLost: true }, false)).toBe('guard');
  expect(exitCause(running, { ...lost, outOfMemory: { limit: 1 } }, false)).toBe('oom');
  const killing = { kind: 'killing', afterwards: { kind: 'stopped' } } as unknown as ServiceState;
  expect(exitCause(killing, lost, false)).toBe('stop');
});
