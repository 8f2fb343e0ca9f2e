// djsup in hard times: floods, full disks, readers that stall, processes that hide, signals at the wrong moment.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
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

const notPid1 = ['env'];

function service(name: string, command: string, more = ''): string {
  return `  ${name}: {override: replace, startup: enabled, command: ${JSON.stringify(command)}${more}}\n`;
}

async function up(rig: Rig, name = 'one'): Promise<number> {
  return until(`${name} runs`, async () => {
    const { json } = await rig.api('GET', `/v1/services?names=${name}`);
    const [found] = json.result;
    return found?.state === 'running' ? found.pid : undefined;
  });
}

function logged(rig: Rig, text: string): Promise<unknown> {
  return until(`"${text}" is logged`, () => rig.cli('logs', '-n', '100').stdout.includes(text));
}

/** Of all processes, those with this word in the environment they were started with. */
function withEnvironment(word: string): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return readFileSync(`/proc/${name}/environ`, 'latin1').includes(`\0${word}\0`);
    } catch {
      return false;
    }
  });
}

describe('a signal in the first moments', () => {
  test('of PID 1, which the kernel would drop, ends it as any other', async () => {
    await using rig = launchRig({ layers: { base: `services:\n${service('one', 'sleep 1000')}` } });
    // From /proc/PID/status, the mask of signals that have a handler: SIGHUP is the last of djsup's, and none of Node's own.
    const listens = (): boolean => {
      const status = readFileSync(`/proc/${rig.pid()}/status`, 'utf8');
      const mask = /^SigCgt:\s*(?<mask>[0-9a-f]+)$/m.exec(status)?.groups?.['mask'] ?? '0';
      return commandOf(rig.pid()).includes('main.cjs') && (BigInt(`0x${mask}`) & 1n) !== 0n;
    };
    await until('it listens', listens);
    rig.signal('SIGTERM');
    expect(await rig.ended).toEqual({ code: 0, signal: null });
    expect(rig.stderr()).toContain('Exiting on terminated signal.');
  });
});

describe('its end, where the kernel ends nothing for it', () => {
  test('takes all along: what hid from its group, its session and its mark, and checks that run', async () => {
    const hides = 'setsid sleep 1001 & env -i setsid sh -c "sleep 1002 & exit" & sleep 0.2; exec sleep 1003';
    const checks = [
      `  forks: {override: replace, period: 100ms, timeout: 100ms, exec: {command: "setsid -f sleep 1004"}}`,
      `  long: {override: replace, period: 90s, timeout: 90s, exec: {command: sleep 1005}}`,
    ];
    const base = `services:\n${service('one', `sh -c '${hides}'`)}checks:\n${checks.join('\n')}\n`;
    await using rig = await startRig({ layers: { base }, through: notPid1 });
    await up(rig);
    void rig.api('POST', '/v1/checks/refresh', { name: 'long' }).catch(() => {});
    const own = (): readonly string[] =>
      childrenOf(rig.pid())
        .flatMap((pid) => [pid, ...childrenOf(pid)])
        .map(commandOf);
    const all = ['1001', '1002', '1003', '1004', '1005'];
    await until('all are there', () => all.every((time) => own().some((line) => line.endsWith(time))));
    const pids = childrenOf(rig.pid());
    rig.signal('SIGTERM');
    expect((await rig.ended).code).toBe(0);
    expect(pids.filter((pid) => stateOf(pid) !== undefined && commandOf(pid).includes('sleep 100'))).toEqual(
      [],
    );
    expect(withEnvironment(`DJSUP=${rig.directory}`)).toEqual([]);
  });
});

describe('a second djsup', () => {
  test('in the same directory is refused and harms nothing, even with a socket of its own', async () => {
    await using rig = await startRig({
      layers: { base: `services:\n${service('one', 'sleep 1000')}` },
      through: notPid1,
    });
    const pid = await up(rig);
    const socket = join(rig.directory, 'another.socket');
    for (const environment of [{}, { DJSUP_SOCKET: socket }]) {
      const second = launchRig({ directory: rig.directory, environment, through: notPid1 });
      expect((await second.ended).code).toBe(1);
      expect(second.stderr()).toMatch(/already in use|another one runs in/);
    }
    expect(readdirSync(rig.directory)).not.toContain('another.socket');
    expect(await up(rig)).toBe(pid);
    expect(stateOf(pid)).toBe('S');
  });
});

describe('a start that is refused', () => {
  test('leaves no socket behind, which clients would take for a daemon that has died', async () => {
    await using rig = launchRig({
      layers: { base: `services:\n${service('one', 'sleep 1000')}` },
      through: notPid1,
      words: ['run', '--http', 'nowhere'],
    });
    expect(await rig.ended).toEqual({ code: 1, signal: null });
    expect(rig.stderr()).toContain('cannot listen on "nowhere"');
    expect(readdirSync(rig.directory)).not.toContain('.djsup.socket');
  });

  test('by an exception ends too, and does not live on deaf to every signal', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'djsup-fault-'));
    const fault = join(directory, 'fault.cjs');
    writeFileSync(
      fault,
      `const fs = require('node:fs'); const { openSync } = fs;
fs.openSync = (path, ...rest) => {
  if (path === ${JSON.stringify(directory)}) throw new Error('planted');
  return openSync(path, ...rest);
};`,
    );
    await using rig = launchRig({
      directory,
      layers: { base: `services:\n${service('one', 'sleep 1000')}` },
      environment: { NODE_OPTIONS: `--require=${fault}` },
      through: notPid1,
    });
    expect(await rig.ended).toEqual({ code: 1, signal: null });
    expect(rig.stderr()).toMatch(/cannot run daemon: this is a bug: Error: planted$/m);
  });

  test.each(['nowhere', '0', '65536', '80;'])('of the example on port "%s" is one sentence', (port) => {
    const start = spawnSync('sh', [join(import.meta.dirname, '../../bin/start')], {
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', PORT: port },
      encoding: 'utf8',
    });
    expect(start).toMatchObject({
      status: 1,
      stdout: '',
      stderr: `djsup: cannot serve on port "${port}": set PORT to a number from 1 to 65535, as in PORT=8001 npm start\n`,
    });
  });
});

describe('a directory that can be written and not read', () => {
  test('cannot be locked, so changes are kept in memory', async ({ skip }) => {
    const become = ['setpriv', '--reuid=584792', '--regid=584792', '--clear-groups'];
    const reachable = spawnSync('setpriv', [...become.slice(1), program, '--version']).status === 0;
    skip(
      !reachable,
      `cannot run "${program}" as another user: that takes root, and directories open to others`,
    );
    const directory = mkdtempSync(join(tmpdir(), 'djsup-unreadable-'));
    chmodSync(directory, 0o733);
    await using rig = await startRig({
      directory,
      layers: { base: `services:\n${service('one', 'sleep 1000')}` },
      through: become,
    });
    expect(rig.stderr()).toContain(`cannot read and write in directory "${directory}" (EACCES)`);
    expect(await up(rig)).toBeGreaterThan(0);
  });
});

describe('a flood of output', () => {
  test.each([
    ['short lines', 'yes'],
    ['no line end at all', 'sh -c \'tr "\\0" x < /dev/zero\''],
    ['what is no text', 'cat /dev/urandom'],
  ])('of %s leaves the API quick', async (_what, command) => {
    await using rig = await startRig({ layers: { base: `services:\n${service('one', command)}` } });
    await up(rig);
    const from = performance.now();
    for (let count = 0; count < 20; count += 1) {
      const { json } = await rig.api('GET', '/v1/services');
      expect(json.result[0].state).toBe('running');
    }
    // A twentieth of what one such request took when a flood had the loop to itself.
    expect(performance.now() - from).toBeLessThan(4_000);
  });
});

describe('readers of stdout and stderr that both stall', () => {
  test('hold up nothing, and once they read again they are told how much they missed, in the form of the log', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'djsup-stall-'));
    const noisy = 'sh -c \'while :; do head -c 60000 /dev/zero | tr "\\\\0" x; echo; done\'';
    writeLayers(directory, {
      base: `services:\n${service('noisy', noisy)}${service('one', 'sleep 1000', ', backoff-delay: 1ms')}`,
    });
    execFileSync('mkfifo', [join(directory, 'out'), join(directory, 'err')]);
    const [out, err] = ['out', 'err'].map((name) =>
      openSync(join(directory, name), constants.O_RDONLY | constants.O_NONBLOCK),
    );
    if (out === undefined || err === undefined) throw new Error('no pipes');
    const through = ['sh', '-c', `exec "$0" "$@" >${directory}/out 2>${directory}/err`];
    await using rig = await startRig({ directory, through, words: ['run', '--verbose'] });
    const before = await up(rig);
    process.kill(childRunning(rig.pid(), 'sleep 1000'), 'SIGKILL');
    await until('it is restarted', async () => (await up(rig)) !== before, 5_000);
    // More than pipe and queue hold together has been written once this much has been read from the service.
    let said = '';
    await until('the gap is said', () => {
      said += readNow(out);
      return /lines dropped/.test(said);
    });
    expect(said).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z \[djsup\] \d+ lines dropped: /m);
    expect(readNow(err)).toContain('stopped unexpectedly with signal SIGKILL');
    rig.signal('SIGTERM');
    let over = false;
    void rig.ended.then(() => (over = true));
    await until('it ends', () => {
      readNow(out);
      readNow(err);
      return over;
    });
    closeSync(out);
    closeSync(err);
  });
});

function readNow(fd: number): string {
  const bytes = Buffer.alloc(1024 * 1024);
  try {
    return bytes.toString('latin1', 0, readSync(fd, bytes));
  } catch {
    return '';
  }
}

describe('a disk that is full', () => {
  test('keeps changes in memory, and they are saved once there is room', async () => {
    const place = mkdtempSync(join(tmpdir(), 'djsup-full-'));
    const fifo = join(place, 'go');
    execFileSync('mkfifo', [fifo]);
    const disk = join(place, 'disk');
    const layer = `services:\\n  one: {override: replace, startup: enabled, command: sleep 1000}\\n`;
    // In a mount namespace of its own: a small disk, filled to the brim; cleared when told.
    const script = [
      `mkdir ${disk} && mount -t tmpfs -o size=64k none ${disk} && mkdir ${disk}/layers`,
      `printf '${layer}' > ${disk}/layers/001-base.yaml`,
      `(cat ${fifo}; rm ${disk}/filler; cat ${fifo}; cp ${disk}/.djsup.state ${place}/copy) >/dev/null 2>&1 &`,
      `cat /dev/zero > ${disk}/filler 2>/dev/null; exec "$0" "$@"`,
    ].join('\n');
    const through = ['unshare', '--mount', 'sh', '-c', script];
    const environment = { DJSUP: disk, DJSUP_SOCKET: join(place, 'socket') };
    await using rig = launchRig({ directory: place, through, environment });
    await until('it says so', () => rig.stderr().includes('no space is left on the device'));
    await until('all the same it starts', () => rig.stderr().includes('Started default services'));
    expect(rig.stderr().match(/in memory only/g)).toHaveLength(1);
    writeFileSync(fifo, '');
    await until('there is room', () => {
      rig.cli('restart', 'one');
      return rig.stderr().includes('changes are saved');
    });
    writeFileSync(fifo, '');
    await until('it has been saved', () => {
      try {
        return readFileSync(join(place, 'copy'), 'utf8').includes('Restart service');
      } catch {
        return false;
      }
    });
  });
});

describe('a stop', () => {
  // As a Celery pool child, which loses its task by SIGTERM; the main process waits for it.
  const pool =
    'sh -c \'trap "wait; echo main done" TERM; (trap "echo task lost; exit 1" TERM; while ! [ -e go ]; do sleep 0.05; done; echo task done) & wait; wait\'';

  test('asks the main process alone while it lives, so that its children end their work', async () => {
    await using rig = await startRig({
      layers: { base: `services:\n${service('one', pool, ', kill-delay: 20s')}` },
    });
    await up(rig);
    const { json } = await rig.api('POST', '/v1/services', { action: 'stop', services: ['one'] });
    writeFileSync(join(rig.directory, 'go'), '');
    await rig.api('GET', `/v1/changes/${json.change}/wait?timeout=20s`);
    await logged(rig, 'main done');
    expect(rig.cli('logs').stdout).toContain('task done');
    expect(rig.cli('logs').stdout).not.toContain('task lost');
  });

  test('with kill-mode group asks all at once', async () => {
    await using rig = await startRig({
      layers: { base: `services:\n${service('one', pool, ', kill-delay: 20s, kill-mode: group')}` },
    });
    await up(rig);
    expect(rig.cli('stop', 'one').code).toBe(0);
    await logged(rig, 'task lost');
    expect(rig.cli('logs').stdout).not.toContain('task done');
  });
});

describe('a program that is missing at a restart', () => {
  test('is started once it is there again', async () => {
    await using rig = await startRig({ layers: { base: 'services: {}\n' }, through: notPid1 });
    const file = join(rig.directory, 'program');
    writeFileSync(file, '#!/bin/sh\nexec sleep 1000\n');
    chmodSync(file, 0o755);
    writeLayers(rig.directory, {
      base: `services:\n${service('one', file, ', backoff-delay: 20ms, backoff-factor: 1.0')}`,
    });
    rig.signal('SIGHUP');
    const before = await up(rig);
    renameSync(file, `${file}.away`);
    process.kill(before, 'SIGKILL');
    await until('it says what is missing', () => rig.stderr().includes('program" does not exist'));
    renameSync(`${file}.away`, file);
    expect(await up(rig)).not.toBe(before);
  });
});

describe('a process that is stopped and goes on', () => {
  test('makes up for no missed checks in a burst', async () => {
    const runs = join(mkdtempSync(join(tmpdir(), 'djsup-runs-')), 'runs');
    const check = `  c: {override: replace, period: 50ms, timeout: 50ms, exec: {command: sh -c "echo x >> ${runs}"}}\n`;
    await using rig = await startRig({ layers: { base: `checks:\n${check}` }, through: notPid1 });
    const count = (): number => {
      try {
        return readFileSync(runs, 'utf8').length / 2;
      } catch {
        return 0;
      }
    };
    await until('it runs', () => count() > 2);
    process.kill(rig.pid(), 'SIGSTOP');
    const paused = spawn('sleep', ['2']);
    await new Promise((resolve) => paused.once('exit', resolve));
    const before = count();
    process.kill(rig.pid(), 'SIGCONT');
    const from = performance.now();
    await until('it runs again', () => count() > before + 3);
    const periods = (performance.now() - from) / 50;
    expect(count() - before).toBeLessThanOrEqual(periods + 2);
    rmSync(join(runs, '..'), { recursive: true });
  });
});
