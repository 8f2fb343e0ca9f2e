// djsup as PID 1 of a PID namespace of its own.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  childRunning,
  childrenOf,
  commandOf,
  launchRig,
  noNamespaces,
  program,
  startRig,
  stateOf,
  until,
  writeLayers,
} from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

beforeEach(({ skip }) => skip(noNamespaces !== undefined, noNamespaces));

function service(command: string, more = ''): string {
  return `services:\n  one:\n    override: replace\n    startup: enabled\n    command: ${command}\n${more.replaceAll(/^/gm, '    ')}\n`;
}

async function up(rig: Rig, name = 'one'): Promise<number> {
  return until(`${name} is active`, async () => {
    const { json } = await rig.api('GET', `/v1/services?names=${name}`);
    const [found] = json.result;
    return found?.current === 'active' && found.state === 'running' ? found.pid : undefined;
  });
}

describe('orphans', () => {
  test('by the thousand are all reaped, and the exit of its own child is not lost', async () => {
    const script = 'for i in $(seq 2000); do (true &) ; done; echo made; exec sleep 1000';
    await using rig = await startRig({ layers: { base: service(`sh -c '${script}'`) } });
    await until('the orphans are made', async () => rig.cli('logs').stdout.includes('made'), 60_000);
    await until('no zombie is left', () => childrenOf(rig.pid()).every((pid) => stateOf(pid) !== 'Z'));
    const pid = await up(rig);
    // Pids are those of its own namespace, so the main process is found among its children.
    const main = childRunning(rig.pid(), 'sleep 1000');
    process.kill(main, 'SIGKILL');
    await until('it runs again', async () => (await up(rig)) !== pid);
    expect(rig.stderr()).toContain('stopped unexpectedly with signal SIGKILL');
  });

  test('that a service left behind outside its group are ended before its next start', async () => {
    const script = 'setsid sleep 777 & sleep 0.2; exec sleep 1000';
    await using rig = await startRig({
      layers: { base: service(`sh -c '${script}'`, 'backoff-delay: 10ms') },
    });
    await up(rig);
    const strays = () =>
      childrenOf(rig.pid())
        .flatMap((pid) => [pid, ...childrenOf(pid)])
        .filter((pid) => commandOf(pid) === 'sleep 777');
    const [first] = await until('the stray is there', () => (strays().length === 1 ? strays() : undefined));
    const main = childRunning(rig.pid(), 'sleep 1000');
    process.kill(main, 'SIGKILL');
    await until(
      'the first stray has gone and a new one is there',
      () => strays().length === 1 && strays()[0] !== first,
    );
    const told = 'ended 1 process that an earlier run left behind';
    await until('it is told', () => rig.stderr().includes(told));
    expect(strays()).toHaveLength(1);
  });
});

describe('its own end', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)(
    'by %s is orderly, with code 0, and removes its socket',
    async (signal) => {
      await using rig = await startRig({ layers: { base: service('sleep 1000') } });
      await up(rig);
      rig.signal(signal);
      expect(await rig.ended).toEqual({ code: 0, signal: null });
      expect(rig.stderr()).toContain('Stopping all running services.');
      expect(rig.cli('services').stderr).toContain('is djsup running?');
    },
  );

  test('by a second signal is quick', async () => {
    const stubborn = 'sh -c \'trap "" TERM; echo ready; while :; do sleep 0.1; done\'';
    await using rig = await startRig({ layers: { base: service(stubborn, 'kill-delay: 60s') } });
    await until('it ignores SIGTERM', () => rig.cli('logs').stdout.includes('ready'));
    rig.signal('SIGTERM');
    await until('it stops', () => rig.stderr().includes('Stopping all'));
    rig.signal('SIGINT');
    expect((await rig.ended).code).toBe(0);
  });

  test.each([
    ['on-success: shutdown', 0, 0],
    ['on-failure: shutdown', 3, 10],
    ['on-failure: success-shutdown', 3, 0],
  ])('by %s after code %i has exit code %i', async (key, code, expected) => {
    await using rig = launchRig({ layers: { base: service(`sh -c 'exit ${code}'`, key) } });
    expect((await rig.ended).code).toBe(expected);
  });

  test('by a failed check has exit code 11', async () => {
    const layer = `${service('sleep 1000', 'on-check-failure: {c: shutdown}')}checks:\n  c: {override: replace, period: 100ms, threshold: 2, exec: {command: false}}\n`;
    await using rig = launchRig({ layers: { base: layer } });
    expect((await rig.ended).code).toBe(11);
  });

  test('by a bad layer has exit code 1, names every error with its place, and shows no stack', async () => {
    const layer =
      'services:\n  one: {override: replace, startup: zork}\n  two: {override: replace, command: x, bogus: 1}\n';
    await using rig = launchRig({ layers: { base: layer } });
    expect((await rig.ended).code).toBe(1);
    expect(rig.stderr()).toMatch(/001-base\.yaml:2:\d+: /);
    expect(rig.stderr()).toMatch(/001-base\.yaml:3:\d+: /);
    expect(rig.stderr()).not.toMatch(/^\s+at /m);
  });
});

describe('SIGHUP', () => {
  test('re-reads the layers and restarts what differs; a refused one changes nothing', async () => {
    await using rig = await startRig({ layers: { base: service('sleep 1000') } });
    const before = await up(rig);
    writeLayers(rig.directory, { base: 'services: {one: {override: zork}}\n' });
    rig.signal('SIGHUP');
    await until('it refuses', () => rig.stderr().includes('the plan stays as it was'));
    expect(await up(rig)).toBe(before);
    writeLayers(rig.directory, { base: service('sleep 2000') });
    await until('it takes the new layer', async () => {
      rig.signal('SIGHUP');
      return (await up(rig)) !== before;
    });
    expect(rig.cli('plan').stdout).toContain('sleep 2000');
  });
});

describe('a reader that stalls', () => {
  test('delays neither reaping nor restarts nor the API, and what was dropped is told', async () => {
    const noisy = 'sh -c \'while :; do head -c 60000 /dev/zero | tr "\\\\0" x; echo; done\'';
    const layers = {
      base: `${service(noisy)}  two: {override: replace, startup: enabled, command: sleep 1000, backoff-delay: 1ms}\n`,
    };
    await using rig = await startRig({ layers, words: ['run', '--verbose'], stdout: 'stall' });
    const before = await up(rig, 'two');
    await until('more was printed than the reader and djsup hold', async () => {
      const { json } = await rig.api('GET', '/v1/services');
      return json.result.length === 2 && rig.cli('logs', '-n', '1', 'one').stdout.length > 1_000;
    });
    const main = childRunning(rig.pid(), 'sleep 1000');
    process.kill(main, 'SIGKILL');
    await until('the other service is restarted', async () => (await up(rig, 'two')) !== before, 5_000);
    rig.signal('SIGTERM');
    expect((await rig.ended).code).toBe(0);
  });
});

describe('a place that cannot be written', () => {
  test('keeps state in memory, which is said once', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'djsup-ro-'));
    const sockets = mkdtempSync(join(tmpdir(), 'djsup-run-'));
    writeLayers(directory, { base: service('sleep 1000') });
    const script = `mount --bind ${directory} ${directory} && mount -o remount,bind,ro ${directory} && exec "$0" "$@"`;
    const through = [
      'unshare',
      '--mount',
      '--pid',
      '--fork',
      '--mount-proc',
      '--kill-child',
      'sh',
      '-c',
      script,
    ];
    const environment = { DJSUP_SOCKET: join(sockets, 's') };
    await using rig = launchRig({ directory, through, environment, cwd: '/' });
    await until('it starts the service', () => rig.stderr().includes('Started default services'));
    expect(rig.cli('services').stdout).toContain('active');
    expect(rig.stderr().match(/in memory only/g)).toHaveLength(1);
    rig.signal('SIGTERM');
    expect((await rig.ended).code).toBe(0);
    rmSync(sockets, { recursive: true });
  });

  test('with PERSIST=never has no state file and says nothing', async () => {
    await using rig = await startRig({
      layers: { base: service('sleep 1000') },
      environment: { DJSUP_PERSIST: 'never' },
    });
    await up(rig);
    expect(rig.stderr()).not.toContain('in memory');
    rig.signal('SIGTERM');
    await rig.ended;
    expect(existsSync(join(rig.directory, '.djsup.state'))).toBe(false);
  });
});

describe('another user', () => {
  const become = ['setpriv', '--reuid=584792', '--regid=584792', '--clear-groups', '--no-new-privs'];

  test('with a number of its own and no entry anywhere runs djsup', async ({ skip }) => {
    const reachable = spawnSync(become[0] ?? '', [...become.slice(1), program, '--version']).status === 0;
    skip(!reachable, `another user cannot reach "${program}": a directory above it is closed to others`);
    const directory = mkdtempSync(join(tmpdir(), 'djsup-user-'));
    writeLayers(directory, { base: service('sleep 1000') });
    chmodSync(directory, 0o755);
    chownSync(directory, 584792, 584792);
    const through = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', ...become];
    await using rig = await startRig({ directory, through });
    await up(rig);
    expect(rig.cli('stop', 'one').code).toBe(0);
    rig.signal('SIGTERM');
    expect((await rig.ended).code).toBe(0);
  });
});

describe('a crash of djsup', () => {
  test('loses no change: numbers go on, and what it had started is ended before it starts again', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'djsup-crash-'));
    writeLayers(directory, { base: service('sleep 4242') });
    const through = ['env'];
    const first = await startRig({ directory, through });
    await up(first);
    const left = childRunning(first.pid(), 'sleep 4242');
    first.signal('SIGKILL');
    await first.ended;
    expect(stateOf(left)).toBe('S');
    await using second = await startRig({ directory, through });
    await up(second);
    expect(stateOf(left)).not.toBe('S');
    expect(second.cli('changes').stdout).toMatch(/^2 .*Autostart/m);
  });

  test('in the middle of writing leaves a state file that can be read', async () => {
    await using rig = await startRig({ layers: { base: service('sleep 1000') } });
    await up(rig);
    writeFileSync(join(rig.directory, '.djsup.state.tmp'), '{half');
    expect(rig.cli('changes').code).toBe(0);
  });
});
