import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { monotonicNow } from '../../src/host/clock.ts';
import { listProcesses, readStat, readVariables } from '../../src/host/proc.ts';
import { createStrays } from '../../src/host/strays.ts';
import { createMachine, launchOf, start } from './machine.ts';
import type { Machine } from './machine.ts';
import { until } from './until.ts';

let machine: Machine;
beforeAll(async () => {
  machine = await createMachine();
});
afterAll(() => machine.reaper.stop());

function sweep(owner: string, grace: number): Promise<{ found: number; left: number }> {
  return new Promise((resolve) => {
    machine.spawner.sweep(owner, grace, (found, left) => resolve({ found, left }));
  });
}

/** Runs a shell script as `owner` to its end and gives the pids that it printed, one a line. */
async function leave(owner: string, text: string): Promise<number[]> {
  const { told } = start(machine.spawner, launchOf(['sh', '-c', text], { owner }));
  await until('it has exited', () => told.exit !== undefined);
  return told.output.trim().split('\n').map(Number);
}

function isAlive(pid: number | undefined): boolean {
  const state = pid === undefined ? undefined : readStat(pid)?.state;
  return state !== undefined && state !== 'Z';
}

const escape = 'setsid sleep 1000 >/dev/null 2>&1 & echo $!;';

test('a process that went into a session of its own is found by its mark and ended', async () => {
  const [stray] = await leave('escaped', `${escape} sleep 0.05`);
  expect(isAlive(stray)).toBe(true);
  expect(await sweep('escaped', 5000)).toEqual({ found: 1, left: 0 });
  expect(isAlive(stray)).toBe(false);
});

test('each sweep finds what has been left since the one before', async () => {
  for (const times of [1, 2, 3]) {
    expect(await sweep('again', 5000), `before run ${times}`).toEqual({ found: 0, left: 0 });
    const [stray] = await leave('again', `${escape} sleep 0.05`);
    expect(await sweep('again', 5000), `after run ${times}`).toEqual({ found: 1, left: 0 });
    expect(isAlive(stray)).toBe(false);
  }
});

test('what was there before the first run of its owner, as of an earlier daemon, is found by its mark', async () => {
  const mark = { DJSUP_SERVICE: 'earlier', DJSUP_INSTANCE: `test-${process.pid}` };
  const command = 'setsid sleep 1000 >/dev/null 2>&1 & echo $!';
  const { stdout } = spawnSync('sh', ['-c', command], { env: { ...process.env, ...mark }, encoding: 'utf8' });
  expect(isAlive(Number(stdout))).toBe(true);
  expect(await sweep('earlier', 5000)).toEqual({ found: 1, left: 0 });
});

test('once its guard was killed, an orphan is ended that carries no mark, but none from before', async () => {
  const hide = 'env -i setsid sleep 1000 >/dev/null 2>&1 & echo $!;';
  const [earlier] = await leave('another', `${hide} sleep 0.05`);
  // Start times are told in ticks of 10 ms since boot.
  const born = Number(readStat(earlier ?? 0)?.startTime);
  const uptime = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  await until('a tick is over', () => uptime() * 100 > born + 1);
  const guard = { killAt: monotonicNow() + 60_000, anchor: undefined };
  const argv = ['sh', '-c', `${hide} exec sleep 1000`];
  const { child, told } = start(machine.spawner, launchOf(argv, { owner: 'guarded', guard }));
  await until('it is up', () => told.output !== '');
  const hidden = Number(told.output);
  expect(await sweep('guarded', 5000)).toEqual({ found: 0, left: 0 });
  process.kill(child.pid, 'SIGKILL');
  await until('it has exited', () => told.exit !== undefined);
  expect(isAlive(hidden)).toBe(true);
  expect((await sweep('guarded', 0)).left).toBe(0);
  expect(isAlive(hidden)).toBe(false);
  expect(isAlive(earlier)).toBe(true);
  const [later] = await leave('another', `${hide} sleep 0.05`);
  expect(await sweep('guarded', 0)).toEqual({ found: 0, left: 0 });
  expect(isAlive(later)).toBe(true);
  for (const pid of [earlier, later]) process.kill(pid ?? 0, 'SIGKILL');
});

test('one that has cleared its environment is found by the group of the run', async () => {
  const [stray] = await leave('cleared', 'env -i sleep 1000 & echo $!');
  await until(
    'its environment is empty',
    () => readVariables(stray ?? 0, ['DJSUP_SERVICE']).DJSUP_SERVICE === undefined,
  );
  expect(await sweep('cleared', 5000)).toEqual({ found: 1, left: 0 });
});

test('one that does not heed SIGTERM gets SIGKILL after the grace', async () => {
  const ready = `trap "" TERM; echo $$; exec >/dev/null; while :; do sleep 1000; done`;
  const { told } = start(
    machine.spawner,
    launchOf(
      [
        'sh',
        '-c',
        `setsid sh -c '${ready}' & read x < /dev/null; while kill -0 $! 2>/dev/null; do sleep 1; done`,
      ],
      { owner: 'deaf' },
    ),
  );
  await until('the deaf one is there', () => /^\d+\n$/.test(told.output));
  const stray = Number(told.output);
  process.kill(listProcesses().find(({ pid }) => pid === stray)?.parent ?? 0, 'SIGKILL');
  await until('its parent has gone', () => told.exit !== undefined);
  const begun = performance.now();
  const { left } = await sweep('deaf', 100);
  expect(left).toBe(0);
  expect(isAlive(stray)).toBe(false);
  expect(performance.now() - begun).toBeGreaterThanOrEqual(100);
});

test('with no strays it answers at once, in a later turn', async () => {
  let answer: unknown;
  machine.spawner.sweep('nobody at all', 5000, (found, left) => (answer = { found, left }));
  expect(answer).toBeUndefined();
  await until('it answers', () => answer !== undefined, 1000);
  expect(answer).toEqual({ found: 0, left: 0 });
});

test('other owners, other daemons and living runs are left alone', async () => {
  const [other] = await leave('other', `${escape} sleep 0.05`);
  const { child, told } = start(
    machine.spawner,
    launchOf(['sh', '-c', `${escape} echo up; sleep 1000`], { owner: 'living' }),
  );
  await until('it is up', () => told.output.endsWith('up\n'));
  const descendant = Number(told.output.split('\n')[0]);
  expect(await sweep('living', 5000)).toEqual({ found: 0, left: 0 });
  expect([isAlive(other), isAlive(child.pid), isAlive(descendant)]).toEqual([true, true, true]);

  const foreign = createStrays({ instance: 'another daemon', isOwn: () => false, adopts: true });
  const found = await new Promise((resolve) => foreign.sweep('other', 5000, resolve));
  expect(found).toBe(0);

  child.signal('group', 'SIGKILL');
  await until('it has exited', () => told.exit !== undefined);
  expect(await sweep('living', 5000)).toEqual({ found: 1, left: 0 });
  expect(await sweep('other', 5000)).toEqual({ found: 1, left: 0 });
});

test('planted fault: without knowing its living children, a sweep would end them', async () => {
  const { told } = start(machine.spawner, launchOf(['sleep', '1000'], { owner: 'mine' }));
  const blind = createStrays({ instance: `test-${process.pid}`, isOwn: () => false, adopts: true });
  expect(await new Promise((resolve) => blind.sweep('mine', 5000, resolve))).toBe(1);
  await until('it has exited', () => told.exit !== undefined);
});

test('at the end of all, what lives is ended whatever it did to hide, and so are runs and checks that go on', async () => {
  const hidden = 'env -i setsid sh -c "sleep 1000 & exit" >/dev/null 2>&1;';
  const [stray] = await leave('hidden', `${escape} ${hidden} sleep 0.05`);
  const { child } = start(machine.spawner, launchOf(['sleep', '1000'], { owner: 'running' }));
  const probe = machine.spawner.run(launchOf(['sleep', '1000']), 60_000);
  const orphans = (): number[] => descendants().map(({ pid }) => pid);
  await until('all are there', () => orphans().length >= 4);
  const swept = await new Promise((resolve) => {
    machine.spawner.sweepAll(5000, (found, left) => resolve({ found, left }));
  });
  expect(swept).toEqual({ found: 4, left: 0 });
  expect(orphans()).toEqual([]);
  expect(isAlive(stray) || isAlive(child.pid)).toBe(false);
  expect(await probe).toMatchObject({ up: false, error: 'ended by SIGTERM' });
});

function descendants(): ReturnType<typeof listProcesses> {
  return listProcesses().filter(({ parent, state }) => parent === process.pid && state !== 'Z');
}
