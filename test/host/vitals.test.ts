// What real processes use, against what they were made to use.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createVitals, membersOf } from '../../src/host/vitals.ts';
import type { ProcessStat } from '../../src/host/proc.ts';
import { until } from '../support/rig.ts';
import { createMachine, launchOf, start } from './machine.ts';
import type { Machine } from './machine.ts';

let machine: Machine;

beforeAll(async () => {
  machine = await createMachine();
});
afterAll(() => machine.reaper.stop());

test('a service is all of its group, its session and its descendants', async () => {
  const script = 'setsid sleep 1000 & sh -c "sleep 1000 & wait" & echo up; exec sleep 1000';
  const { child, told } = start(machine.spawner, launchOf(['sh', '-c', script]));
  const other = start(machine.spawner, launchOf(['sleep', '1000'], { owner: 'other' }));
  const mains = new Map([
    ['web', child.pid],
    ['other', other.child.pid],
    ['gone', 999_999_999],
  ]);
  const vitals = createVitals();
  await until('all have started', async () => {
    return told.output === 'up\n' && (await vitals.services(mains)).get('web')?.processes === 4;
  });
  const usages = await vitals.services(mains);
  expect(usages.get('web')).toMatchObject({ processes: 4, threads: 4 });
  expect(usages.get('other')).toMatchObject({ processes: 1, threads: 1 });
  expect(usages.get('web')?.openFiles).toBeGreaterThanOrEqual(12);
  expect(usages.has('gone')).toBe(false);
  child.signal('group', 'SIGKILL');
  other.child.signal('group', 'SIGKILL');
  await new Promise<void>((resolve) => machine.spawner.sweep('web', 0, () => resolve()));
});

test('memory and CPU time are those that a process has used', async () => {
  const script = 'x = bytearray(b"1") * 50_000_000\nwhile True: pass';
  const { child } = start(machine.spawner, launchOf(['python3', '-c', script]));
  const vitals = createVitals();
  const read = async () => (await vitals.services(new Map([['web', child.pid]]))).get('web');
  const usage = await until('it has worked for a while', async () => {
    const now = await read();
    return now !== undefined && (now.memoryBytes ?? 0) > 50_000_000 && now.cpuSeconds > 0.3 && now;
  });
  expect(usage.memoryBytes).toBeLessThan(90_000_000);
  expect((await read())?.cpuSeconds).toBeGreaterThanOrEqual(usage.cpuSeconds);
  child.signal('group', 'SIGKILL');
});

test('djsup itself', () => {
  const { residentBytes, openFiles, startSeconds, cpuSeconds, loopDelay } = createVitals().own();
  expect(residentBytes).toBeGreaterThan(20_000_000);
  expect(openFiles).toBeGreaterThan(2);
  expect(Math.abs(startSeconds - Date.now() / 1000)).toBeLessThan(600);
  expect(cpuSeconds).toBeGreaterThan(0);
  expect(loopDelay.quantiles.map(([quantile]) => quantile)).toEqual([0.5, 0.9, 0.99]);
});

test('an event loop that is held up shows', async () => {
  const vitals = createVitals();
  await until('it was measured once', () => vitals.own().loopDelay.count > 0);
  const end = performance.now() + 400;
  while (performance.now() < end) readFileSync('/proc/self/stat');
  const worst = (): number => vitals.own().loopDelay.quantiles.at(-1)?.[1] ?? 0;
  expect(await until('the delay shows', () => worst() > 0.2 && worst())).toBeLessThan(5);
});

test('a process that took another session belongs to the service that it descends from', () => {
  const stat = (pid: number, parent: number, group: number): ProcessStat => {
    return { pid, state: 'S', parent, group, session: group, startTime: '1', threads: 1, cpuTicks: 0 };
  };
  const stats = [stat(1, 0, 1), stat(10, 1, 10), stat(11, 10, 10), stat(12, 11, 12), stat(20, 1, 20)];
  const members = membersOf(new Map([['web', 10]]), stats);
  expect(members.get('web')?.map(({ pid }) => pid)).toEqual([10, 11, 12]);
});
