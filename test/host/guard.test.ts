// A run under a guard is the run it would be without: output, environment, signals, exit, failures. Both guards, the one in
// Python and the one for machines without it, go through the same tests.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { delimiter, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { monotonicNow } from '../../src/host/clock.ts';
import { readStat } from '../../src/host/proc.ts';
import {
  directory,
  inTools,
  isRoot,
  kinds,
  mutant,
  note,
  pathWith,
  pathWithoutCtypes,
  python,
  recorder,
  recording,
  script,
  stage,
  tools,
} from './guard-kit.ts';
import { createMachine, launchOf, start } from './machine.ts';
import type { Machine, Told } from './machine.ts';
import { until } from './until.ts';
import type { Launch } from '../../src/ports.ts';

describe.each(kinds)('$kind', ({ kind, path, memory, start: startBound }) => {
  const on = stage(path);

  describe('a run under it', () => {
    test('has its output, environment, directory and session; and no other descriptor but the anchor', async () => {
      const file = openSync(join(directory, 'anchor'), 'w');
      const guard = { killAt: monotonicNow() + 60_000, anchor: file };
      const text = `${tools}/env; pwd; ${tools}/ls -l /proc/self/fd; ${tools}/cut -d" " -f5,6 /proc/$$/stat`;
      const { child, told } = start(
        on.machine.spawner,
        launchOf(script(text), { guard, environment: { ONLY: 'this' }, workingDir: directory }),
      );
      await until('it has exited', () => told.exit !== undefined);
      const variables = told.output
        .split('\n')
        .filter((line) => /^\w+=/.test(line) && !line.startsWith('PWD=') && !line.startsWith('_='));
      expect(variables.toSorted()).toEqual([
        `DJSUP_INSTANCE=test-${process.pid}`,
        'DJSUP_SERVICE=web',
        'ONLY=this',
      ]);
      const open = openIn(told.output);
      const without = start(on.machine.spawner, launchOf(script(text), inTools));
      await until('the other has exited', () => without.told.exit !== undefined);
      expect(open.filter(([fd]) => fd !== '4')).toEqual(openIn(without.told.output));
      expect(open).toContainEqual(['4', `${directory}/anchor`]);
      expect(told.output).toContain(`\n${directory}\n`);
      expect(told.output).toMatch(new RegExp(`\\n${child.pid} ${child.pid}\\n$`));
    });

    test.each([
      ['exit 0', { code: 0 }],
      ['exit 3', { code: 3 }],
      ['kill -USR1 $$', { signal: 'SIGUSR1' }],
      ['kill -SEGV $$', { signal: 'SIGSEGV' }],
      ['kill -KILL $$', { signal: 'SIGKILL' }],
    ])('"%s" ends it as it would without', async (text, exit) => {
      const { told } = on.guarded(script(`echo all; ${text}`));
      await until('it has exited', () => told.exit !== undefined);
      expect(told).toMatchObject({ output: 'all\n', exit, alone: true });
    });

    test('says what it lacks where it is not the better guard', async () => {
      const { told } = on.guarded(script('exit 0'), 60_000, inTools);
      const lacks = expect.stringMatching(/45 MB .* 22 to 27 ms .* install python3$/);
      const bare = start(on.machine.spawner, launchOf(script('exit 0'), inTools));
      await until('both have exited', () => told.exit !== undefined && bare.told.exit !== undefined);
      expect(told.weakness).toEqual(kind === 'guard.py' ? undefined : lacks);
      expect(bare.told.weakness).toBeUndefined();
    });

    test('that ends with its guard says so, and one that is killed itself does not', async () => {
      const { child, told } = on.guarded(script('echo up; exec sleep 100'), 60_000, inTools);
      await until('it is up', () => told.output === 'up\n');
      process.kill(child.pid, 'SIGKILL');
      await until('it has exited', () => told.exit !== undefined);
      expect(told.exit).toEqual({ signal: 'SIGKILL', guardLost: true });
      // Many at once, since an end may be told together with that of others; but guard.mjs ends all of one service.
      const many = kind === 'guard.py' ? 20 : 1;
      const killed = Array.from({ length: many }, () => on.guarded(script('kill -KILL $$'), 60_000, inTools));
      await until('all have exited', () => killed.every((one) => one.told.exit !== undefined));
      for (const one of killed) expect(one.told.exit).toEqual({ signal: 'SIGKILL' });
    });

    test('whose guard is killed before it has obeyed a kill leaves nothing of its group', async () => {
      const text = `(trap "" TERM; while :; do ${tools}/sleep 100; done) & echo $!; exec ${tools}/sleep 100`;
      const { child, told } = on.guarded(script(text), 60_000, inTools);
      await until('all of it runs', () => readStat(Number(told.output)) !== undefined);
      process.kill(child.pid, 'SIGSTOP');
      child.signal('group', 'SIGKILL');
      process.kill(child.pid, 'SIGKILL');
      await until('it has exited', () => told.exit !== undefined);
      await until('its group is empty', () => told.alone === true || told.emptied);
      expect(told.exit).toEqual({ signal: 'SIGKILL' });
    });

    test('that is fed up to its end is not taken for one that was killed itself', async () => {
      for (let turn = 0; turn < 10; turn += 1) {
        const { child, told } = on.guarded(script('exit 3'), 60_000, inTools);
        while (told.exit === undefined) {
          child.feed(monotonicNow() + 60_000);
          await setImmediate();
        }
        expect(told.exit).toEqual({ code: 3 });
      }
    });

    test('gets each signal to the main process, and only it; the guard heeds none', async () => {
      const text =
        'for s in HUP INT QUIT USR1 USR2 TERM ALRM; do trap "echo $s" $s; done; echo up; while :; do sleep 0.01; done';
      const { child, told } = on.guarded(script(text), 60_000, inTools);
      await until('it is up', () => told.output === 'up\n');
      const names = ['HUP', 'INT', 'QUIT', 'USR1', 'USR2', 'TERM', 'ALRM'];
      for (const name of names) {
        child.signal('main', `SIG${name}` as NodeJS.Signals);
        await until(`it has ${name}`, () => told.output.endsWith(`${name}\n`));
      }
      for (const name of names.filter((one) => one !== 'ALRM')) {
        process.kill(child.pid, `SIG${name}`);
        child.signal('group', `SIG${name}` as NodeJS.Signals);
        await until(`it has ${name} again`, () => told.output.endsWith(`${name}\n`));
      }
      // The shell also says how its "sleep" has ended.
      const heard = told.output.split('\n').filter((line) => names.includes(line));
      expect(heard).toEqual([...names, ...names.filter((one) => one !== 'ALRM')]);
      child.signal('main', 'SIGKILL');
      await until('it has exited', () => told.exit !== undefined);
      expect(told.exit).toEqual({ signal: 'SIGKILL' });
    });

    test('a stop and a continue reach the main process', async () => {
      const work = recording();
      const { child, told } = on.guarded(work.argv);
      await work.untilBeats();
      child.signal('main', 'SIGSTOP');
      await work.untilSilent();
      child.signal('main', 'SIGCONT');
      await until('it beats again', () => (work.life()?.stretches.length ?? 0) > 1);
      child.signal('main', 'SIGTERM');
      await until('it has exited', () => told.exit !== undefined);
      expect(told.exit).toEqual({ code: 0 });
      expect(work.life()?.end).toBeDefined();
    });

    test('is left alone by a sweep of its owner, and ended by the sweep of all', async () => {
      const { spawner } = on.machine;
      const text = `(setsid ${tools}/sh -c 'echo $$; exec sleep 100' &); exec sleep 100`;
      const { child, told } = on.guarded(script(text), 60_000, inTools);
      const heir = kind === 'guard.py' ? child.pid : process.pid;
      await until('its daemon is an orphan', () => readStat(Number(told.output))?.parent === heir);
      // A daemon in a session of its own is the guard's where it is a subreaper, else a stray as without a guard.
      const escaped = kind === 'guard.py' ? 0 : 1;
      expect(await new Promise((resolve) => spawner.sweep('web', 5000, resolve))).toBe(escaped);
      expect(told.exit).toBeUndefined();
      // The guard, the main process, and its daemon if that is left.
      expect(await new Promise((resolve) => spawner.sweepAll(5000, resolve))).toBe(3 - escaped);
      await until('it has exited', () => told.exit !== undefined);
      expect(told).toMatchObject({ exit: { signal: 'SIGTERM' }, alone: true });
    });

    test('under another account it has that account, and its guard too', async (context) => {
      if (!isRoot) return context.skip('needs root, to become another user');
      if (kind === 'guard.mjs' && !isOpenToAll(process.execPath))
        return context.skip('this Node is not for all accounts');
      const { child, told } = on.guarded(script('id -u; read x'), 60_000, {
        ...inTools,
        account: { user: 'nobody' },
      });
      await until('it has exited', () => told.exit !== undefined);
      expect(told.output).toBe('65534\n');
      expect(child.pid).toBeGreaterThan(0);
    });
  });

  describe('a start that fails', () => {
    test.each([
      ['a missing file', ['/no/such/thing'], 'cannot start: executable "/no/such/thing" does not exist'],
      ['a directory', [directory], `cannot start: "${directory}" is a directory`],
      ['a file without the x bit', [recorder], `cannot start: "${recorder}" may not be executed`],
    ])('because of %s is one sentence, at once, and leaves nothing open', (_, argv, reason) => {
      const before = openFiles();
      const guard = { killAt: monotonicNow() + 60_000, anchor: undefined };
      const result = on.machine.spawner.spawn(launchOf(argv, { guard }), {
        output: () => expect.unreachable(),
        exited: () => expect.unreachable(),
        emptied: () => expect.unreachable(),
        weak: () => expect.unreachable(),
      });
      expect(result).toEqual({ ok: false, failure: expect.stringContaining(reason) as string });
      expect(openFiles()).toBe(before);
    });

    test('that only exec can tell is one sentence in its output, and exit code 127', async () => {
      const odd = join(directory, 'odd');
      writeFileSync(odd, '#!/\n', { mode: 0o755 });
      const { told } = on.guarded([odd]);
      await until('it has exited', () => told.exit !== undefined);
      // setpriv has numbers of its own.
      expect(told.exit).toEqual({ code: kind === 'guard.py' ? 127 : 126 });
      expect(told.output.trim().split('\n')).toHaveLength(1);
      expect(told.output).toContain(odd);
    });

    test('a script without a first line goes to the shell, as ever', async () => {
      const bare = join(directory, 'bare');
      writeFileSync(bare, 'echo from the shell\n', { mode: 0o755 });
      const { told } = on.guarded([bare]);
      await until('it has exited', () => told.exit !== undefined);
      expect(told.output).toBe('from the shell\n');
    });

    test('nothing is started once the deadline has passed', async () => {
      const guard = { killAt: monotonicNow() - 1, anchor: undefined };
      const result = on.machine.spawner.spawn(launchOf([join(tools, 'true')], { guard }), {
        output() {},
        exited() {},
        emptied() {},
        weak() {},
      });
      expect(result).toEqual({ ok: false, failure: 'cannot start: its lease has run out' });

      const mark = join(directory, `started-${kind}`);
      const { told } = on.guarded(script(`: >${mark}`), 5);
      await until('it has exited', () => told.exit !== undefined);
      expect(told.exit).toEqual({ signal: 'SIGKILL' });
      expect(existsSync(mark)).toBe(false);
    });
  });

  test('costs', async () => {
    const starts: number[] = [];
    let resident = 0;
    for (let round = 0; round < 10; round += 1) {
      const begun = monotonicNow();
      const { child, told } = on.guarded(script('echo up; exec sleep 100'), 60_000, inTools);
      await until('it is up', () => told.output === 'up\n');
      starts.push(monotonicNow() - begun);
      resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024;
      child.signal('group', 'SIGKILL');
      await until('it has exited', () => told.exit !== undefined);
    }
    note(`${kind}: start, spawn to the command's first output`, ...starts.toSorted((x, y) => x - y));
    note(`${kind}: resident memory, MB`, resident);
    expect(resident).toBeLessThan(memory);
    expect(Math.min(...starts)).toBeLessThan(startBound);
  });
});

test('guard.py goes before all others on a busy machine where it may, its command never', async (context) => {
  if (!isRoot || spawnSync('chrt', ['--fifo', '1', 'true']).status !== 0)
    return context.skip('needs root, chrt (util-linux), and the right to run in real time (CAP_SYS_NICE)');
  const path = pathWith({ python3: python });
  const machine = await createMachine({ path });
  const slack = readFileSync('/proc/self/timerslack_ns', 'utf8').trim();
  const paceUnder = async ({ spawner }: Machine, further: Partial<Launch> = {}): Promise<unknown> => {
    const guard = { killAt: monotonicNow() + 60_000, anchor: undefined };
    const text = `${tools}/cut -d" " -f19,41 /proc/self/stat; ${tools}/cut -f1 /proc/self/timerslack_ns`;
    const argv = script(`echo $(${text}); exec ${tools}/sleep 100`);
    const { child, told } = atNice(10, () => start(spawner, launchOf(argv, { guard, ...further })));
    await until('it is up', () => told.output !== '');
    const guards = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(' ')[40];
    child.signal('group', 'SIGKILL');
    await until('it has exited', () => told.exit !== undefined);
    const [nice, policy, its] = told.output.trim().split(' ');
    return { guard: guards, policy, nice, slack: its };
  };
  // sched(7): 0 is SCHED_OTHER, 1 SCHED_FIFO.
  expect(await paceUnder(machine)).toEqual({ guard: '1', policy: '0', nice: '10', slack });
  const nobody = { account: { user: 'nobody' } };
  expect(await paceUnder(machine, nobody)).toEqual({ guard: '0', policy: '0', nice: '10', slack });
  machine.reaper.stop();
  const faulty = await createMachine({ path, guards: mutant('        restore(*pace)\n', '') });
  expect(await paceUnder(faulty)).toMatchObject({ guard: '1', policy: '0', nice: '0' });
  faulty.reaper.stop();
});

describe('a Python without ctypes', () => {
  const lacking = pathWithoutCtypes();
  const whole = pathWith({ python3: python });
  const text = `${tools}/env; ${tools}/sleep 0.01; exit 3`;
  const run = async (
    directories: readonly string[],
    { guards, account = {} }: { guards?: string; account?: Launch['account'] } = {},
  ): Promise<Told> => {
    const path = directories.join(delimiter);
    const machine = await createMachine(guards === undefined ? { path } : { path, guards });
    const guard = { killAt: monotonicNow() + 60_000, anchor: undefined };
    // Without a locale, since Python then sets a variable of its own.
    const wanted = launchOf(script(text), { guard, ...inTools, account });
    const { told } = start(machine.spawner, wanted);
    await until('it has exited', () => told.exit !== undefined);
    machine.reaper.stop();
    return told;
  };

  test('becomes the next guard, past one that the account may not execute, and the run is the same', async () => {
    const locked = pathWith({});
    copyFileSync(python, join(locked, 'python3'));
    chmodSync(join(locked, 'python3'), 0o700);
    const account = isRoot ? { user: 'nobody' } : {};
    const told = await run([lacking, lacking, locked, whole], { account });
    expect(told).toMatchObject({ exit: { code: 3 }, weakness: undefined });
    expect(told.output).toBe((await run([whole], { account })).output);
    expect(told.output).not.toContain('LC_CTYPE');
  });

  test.each([
    ['alone', [lacking]],
    ['twice', [lacking, lacking]],
  ])('%s becomes the guard on Node, which says so', async (_, path) => {
    const told = await run(path);
    const lacks = expect.stringMatching(/has ctypes .* 45 MB .* 22 to 27 ms .* install python3$/);
    expect(told).toMatchObject({ exit: { code: 3 }, weakness: lacks });
    expect(told.output).toBe((await run([whole])).output);
  });

  test('that gave up would leave the service without a start; with what Python itself sets it would not be the same', async () => {
    const becoming = '    become_next(sys.argv[0], sys.argv[1:end], order)';
    const gaveUp = await run([lacking, whole], { guards: mutant(becoming, '    sys.exit("no ctypes")') });
    expect(gaveUp).toMatchObject({ exit: { code: 1, guardLost: true }, output: 'no ctypes\n' });
    const reading = '    environment = read_environment()\n    while';
    const guards = mutant(reading, '    environment = os.environ\n    while');
    const polluted = await run([lacking, whole], { guards });
    expect(polluted.output).toContain('LC_CTYPE');
  });
});

test('the Python beside the command serves as well, and one that the account may not execute is passed over', async (context) => {
  if (!isRoot) return context.skip('needs root, to become another user');
  const locked = pathWith({});
  copyFileSync(python, join(locked, 'python3'));
  chmodSync(join(locked, 'python3'), 0o700);
  const beside = pathWith({ python3: python, work: '/bin/sleep' });
  const machine = await createMachine({ path: locked });
  const guard = { killAt: monotonicNow() + 60_000, anchor: undefined };
  const { child, told } = start(
    machine.spawner,
    launchOf([join(beside, 'work'), '100'], { guard, account: { user: 'nobody' } }),
  );
  expect(readlinkSync(`/proc/${child.pid}/exe`)).toContain('python');
  child.signal('group', 'SIGKILL');
  await until('it has exited', () => told.exit !== undefined);
  machine.reaper.stop();
});

/** What \`begin\` starts inherits this nice value. */
function atNice<T>(nice: number, begin: () => T): T {
  const before = getPriority();
  setPriority(nice);
  try {
    return begin();
  } finally {
    setPriority(before);
  }
}

/** Descriptors and what they are, as `ls -l /proc/self/fd` lists them, but for its own. */
function openIn(listing: string): readonly (readonly string[])[] {
  const lines = [...listing.matchAll(/ (\d+) -> (.*)$/gm)];
  const open = lines.map(([, fd = '', to = '']) => [fd, to.replace(/\[\d+\]/, '[N]')]);
  return open.filter(([, to]) => !/^.proc.\d+.fd$/.test(to ?? ''));
}

function isOpenToAll(path: string): boolean {
  return spawnSync('setpriv', ['--reuid', '65534', '--clear-groups', path, '--version']).status === 0;
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}
