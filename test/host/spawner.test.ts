import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { explainSpawn } from '../../src/host/launch-failure.ts';
import { createMachine, launchOf, start } from './machine.ts';
import type { Machine } from './machine.ts';
import { until } from './until.ts';

let machine: Machine;
const directory = mkdtempSync(join(tmpdir(), 'djsup-spawner-'));
beforeAll(async () => {
  machine = await createMachine();
});
afterAll(() => {
  machine.reaper.stop();
  rmSync(directory, { recursive: true });
});

const isRoot = process.getuid?.() === 0;
const asRoot = 'needs root, to become another user';

function script(text: string): readonly string[] {
  return ['sh', '-c', text];
}

describe('a start', () => {
  test('output of stdout and stderr comes in the order written, then the exit, with the last process', async () => {
    const { told } = start(machine.spawner, launchOf(script('echo one; echo two >&2; echo three; exit 3')));
    await until('it has exited', () => told.exit !== undefined);
    expect(told).toMatchObject({ output: 'one\ntwo\nthree\n', exit: { code: 3 }, alone: true });
    expect(told.order.at(-1)).toBe('exited');
  });

  test('a death by signal is told as such, and as fast as the kernel tells it', async () => {
    const { child, told } = start(machine.spawner, launchOf(['sleep', '100']));
    child.signal('main', 'SIGKILL');
    await until('it has exited', () => told.exit !== undefined);
    expect(told).toMatchObject({ exit: { signal: 'SIGKILL' }, alone: true });
  });

  test('all output up to a full pipe is told before the exit', async () => {
    const { told } = start(machine.spawner, launchOf(script('head -c 60000 /dev/zero; exit 1')));
    await until('it has exited', () => told.exit !== undefined);
    expect(told.output.length).toBe(60_000);
  });

  test('its environment is the one given and the marks, nothing of ours', async () => {
    const wanted = launchOf(['env'], { environment: { ONLY: 'this' }, owner: 'the web' });
    const { told } = start(machine.spawner, wanted);
    await until('it has exited', () => told.exit !== undefined);
    const mine = told.output.trim().split('\n').toSorted();
    expect(mine).toEqual([`DJSUP_INSTANCE=test-${process.pid}`, 'DJSUP_SERVICE=the web', 'ONLY=this']);
  });

  test('it runs in its directory, in a session of its own, with an empty stdin', async () => {
    const { child, told } = start(
      machine.spawner,
      launchOf(script('pwd; cat; cut -d" " -f5,6 /proc/$$/stat'), { workingDir: directory }),
    );
    await until('it has exited', () => told.exit !== undefined);
    expect(told.output).toBe(`${directory}\n${child.pid} ${child.pid}\n`);
  });

  test('under another account it has that account, its HOME and USER, and may open /dev/stdout again', async (context) => {
    if (!isRoot) return context.skip(asRoot);
    const text = 'id -u; id -G; echo $HOME $USER; echo again >/dev/stdout';
    const { told } = start(machine.spawner, launchOf(script(text), { account: { user: 'nobody' } }));
    await until('it has exited', () => told.exit !== undefined);
    expect(told.output).toMatch(/^65534\n65534\n\/\S+ nobody\nagain\n$/);
  });

  test('a HOME of its own stays', async (context) => {
    if (!isRoot) return context.skip(asRoot);
    const environment = { PATH: '/usr/bin:/bin', HOME: '/own' };
    const wanted = launchOf(script('echo $HOME'), { account: { user: 'nobody' }, environment });
    const { told } = start(machine.spawner, wanted);
    await until('it has exited', () => told.exit !== undefined);
    expect(told.output).toBe('/own\n');
  });

  test('our own account by number needs no right at all', async () => {
    const account = { userId: process.getuid?.() ?? 0, groupId: process.getgid?.() ?? 0 };
    const { told } = start(machine.spawner, launchOf(script('id -u'), { account }));
    await until('it has exited', () => told.exit !== undefined);
    expect(told.output).toBe(`${process.getuid?.()}\n`);
  });
});

describe('what a main process leaves behind', () => {
  test('a grandchild that holds the pipe delays nothing; its output follows, then the group is empty', async () => {
    const text = 'mkfifo gate; (read x <gate; echo late) & exit 0';
    const { told } = start(machine.spawner, launchOf(script(text), { workingDir: directory }));
    await until('it has exited', () => told.exit !== undefined);
    expect(told).toMatchObject({ exit: { code: 0 }, alone: false, emptied: false });
    await writeFile(join(directory, 'gate'), 'go\n');
    await until('the group is empty', () => told.emptied);
    expect(told.order).toEqual(['exited', 'output', 'emptied']);
  });

  test('a signal to the group reaches it, one to the main process that has gone does nothing', async () => {
    const { child, told } = start(machine.spawner, launchOf(script('sleep 100 & exit 0')));
    await until('it has exited', () => told.exit !== undefined);
    child.signal('main', 'SIGKILL');
    expect(told.emptied).toBe(false);
    child.signal('group', 'SIGTERM');
    await until('the group is empty', () => told.emptied);
  });

  test('after the end of a group no signal is sent to its number', async () => {
    const { child, told } = start(machine.spawner, launchOf(['true']));
    await until('it has exited', () => told.exit !== undefined);
    const kill = vi.spyOn(process, 'kill');
    child.signal('main', 'SIGTERM');
    child.signal('group', 'SIGTERM');
    const sent = kill.mock.calls;
    kill.mockRestore();
    expect(sent).toEqual([]);
  });
});

describe('a start that fails is one sentence', () => {
  const plain = join(directory, 'plain');
  const orphanScript = join(directory, 'orphan-script');
  const closed = join(directory, 'closed');
  beforeAll(() => {
    writeFileSync(plain, 'x', { mode: 0o644 });
    writeFileSync(orphanScript, '#!/no/such/python3 -u\n', { mode: 0o755 });
    chmodSync(orphanScript, 0o755);
    writeFileSync(closed, '', { mode: 0o600 });
  });

  test.each([
    [
      'a bare name that is nowhere',
      ['no-such-thing'],
      {},
      'executable "no-such-thing" was not found in $PATH',
    ],
    ['no command at all', [], {}, 'executable "" was not found in $PATH'],
    ['a missing file', ['/no/such/thing'], {}, 'executable "/no/such/thing" does not exist'],
    ['a file without the x bit', [plain], {}, `"${plain}" may not be executed (permission denied)`],
    ['a directory', [directory], {}, `"${directory}" is a directory`],
    [
      'a script without its interpreter',
      [orphanScript],
      {},
      `the interpreter "/no/such/python3" of "${orphanScript}" does not exist`,
    ],
    [
      'a missing directory',
      ['true'],
      { workingDir: '/no/dir' },
      'working directory "/no/dir" does not exist',
    ],
    [
      'a file as directory',
      ['true'],
      { workingDir: plain },
      `working directory "${plain}" is not a directory`,
    ],
    ['a group alone', ['true'], { account: { group: 'root' } }, 'must specify user, not just group'],
    ['an unknown user', ['true'], { account: { user: 'no-such-user' } }, 'user: unknown user no-such-user'],
    [
      'too much on its command line',
      ['true', 'x'.repeat(3_000_000)],
      {},
      'its arguments and environment are longer than the kernel allows (E2BIG)',
    ],
    ['a NUL byte', ['true', 'a\0b'], {}, 'its command, environment or working directory contains a NUL byte'],
  ])('%s', (_, argv, further, reason) => {
    const before = readdirSync('/proc/self/fd').length;
    const result = machine.spawner.spawn(launchOf(argv, further), {
      output: () => expect.unreachable(),
      exited: () => expect.unreachable(),
      emptied: () => expect.unreachable(),
      weak: () => expect.unreachable(),
    });
    expect(result).toEqual({
      ok: false,
      failure: expect.stringContaining(`cannot start: ${reason}`) as string,
    });
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  test.each([
    ['EPERM', 'may not become uid 5, gid 6; run it as root or leave the user out'],
    ['EAGAIN', 'raise the limit on processes'],
    ['EMFILE', 'raise the limit on open files'],
    ['ENOMEM', 'not enough memory'],
    ['EWHATEVER', '"/bin/true": EWHATEVER'],
  ])('%s says what to do', (code, reason) => {
    const become = { uid: 5, gid: 6, home: undefined, user: undefined };
    const error = Object.assign(new Error('spawn'), { code });
    expect(explainSpawn(error, '/bin/true', undefined, become)).toContain(reason);
  });

  test('a hundred starts and failures leave no file open', async () => {
    const count = (): number => readdirSync('/proc/self/fd').length;
    const before = count();
    const all = Array.from({ length: 50 }, () => {
      machine.spawner.spawn(launchOf(['/no/such/thing']), {
        output() {},
        exited() {},
        emptied() {},
        weak() {},
      });
      return start(machine.spawner, launchOf(['true'])).told;
    });
    await until('all have exited', () => all.every(({ exit }) => exit !== undefined));
    await until('their pipes are closed', () => count() <= before);
    expect(count()).toBeLessThanOrEqual(before);
  });
});
