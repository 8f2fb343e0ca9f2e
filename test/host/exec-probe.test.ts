import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProbeOutcome } from '../../src/ports.ts';
import { createMachine, launchOf } from './machine.ts';
import type { Machine } from './machine.ts';

let machine: Machine;
beforeAll(async () => {
  machine = await createMachine();
});
afterAll(() => machine.reaper.stop());

function probe(argv: readonly string[], timeout = 10_000): Promise<ProbeOutcome> {
  return machine.spawner.run(launchOf(argv), timeout);
}

test('exit code 0 is up', async () => {
  expect(await probe(['true'])).toEqual({ up: true });
});

test('another code is down, with the last five lines', async () => {
  expect(await probe(['sh', '-c', 'seq 1 7; echo end >&2; exit 7'])).toEqual({
    up: false,
    error: 'exit status 7',
    details: '(...)\n4\n5\n6\n7\nend',
  });
});

test('of one long line the last 512 bytes are kept', async () => {
  const outcome = await probe(['sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" x; exit 1']);
  expect(outcome).toEqual({ up: false, error: 'exit status 1', details: `(...)\n${'x'.repeat(512)}` });
});

test('a death by signal is named', async () => {
  expect(await probe(['sh', '-c', 'kill -9 $$'])).toMatchObject({ up: false, error: 'ended by SIGKILL' });
});

test('a failure to start is the error', async () => {
  const error = 'cannot start: executable "no-such-thing" was not found in $PATH';
  expect(await probe(['no-such-thing'])).toEqual({ up: false, error, details: '' });
});

test('at the time-out the whole group ends, and what was printed is told', async () => {
  const outcome = await probe(['sh', '-c', 'echo waiting; sleep 1000 & sleep 1000'], 300);
  expect(outcome).toEqual({ up: false, error: 'check timed out after 300ms', details: 'waiting' });
});

test('a grandchild that got away with the pipe is not waited for', async () => {
  const begun = performance.now();
  expect(await probe(['sh', '-c', 'setsid sleep 3 & exit 0'])).toEqual({ up: true });
  expect(performance.now() - begun).toBeLessThan(2500);
});
