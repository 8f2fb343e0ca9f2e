// The command line as a person types it, against a real djsup: what is printed, where, and the exit code.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answers, launch, ownPebble } from '../pebble/pair.ts';
import { pythonForTests } from '../support/python.ts';
import { launchRig, program, root, startRig, until } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

const through = ['env'];
const time = String.raw`(?:today|yesterday) at \d\d:\d\d \S+`;
const silent = { code: 0, stdout: '', stderr: '' };

const layer = `
services:
  web: {override: replace, command: "sh -c 'trap \\"echo got it\\" URG; while :; do sleep 0.05; done'", startup: enabled}
  worker: {override: replace, command: sleep 1000, requires: [web]}
  broken: {override: replace, command: "sh -c 'echo oops; exit 3'", on-failure: ignore}
  weak: {override: replace, command: "sh -c 'sleep 1.2; exit 4'", backoff-delay: 60s, backoff-limit: 60s}
  chatty: {override: replace, command: "sh -c 'i=0; while :; do i=$((i+1)); echo line $i; sleep 0.02; done'"}
checks:
  up: {override: replace, level: alive, period: 100ms, exec: {command: 'true'}}
  down: {override: replace, level: ready, period: 100ms, threshold: 1, startup: disabled, exec: {command: "sh -c 'echo no; exit 7'"}}
`;

/** A command line in a shell, with djsup on PATH. */
function shell(rig: Rig, line: string) {
  const PATH = [dirname(program), process.env['PATH']].join(delimiter);
  const done = spawnSync('sh', ['-c', line], {
    env: { PATH, DJSUP: rig.directory },
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}

/** A command that goes on until it gets a signal. */
function lasting(rig: Rig, ...words: readonly string[]) {
  const child = spawn(program, words, { env: { PATH: process.env['PATH'], DJSUP: rig.directory } });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { text: () => text, interrupt: () => child.kill('SIGINT'), ended };
}

describe('with a daemon', () => {
  let shared: Rig | undefined;
  const cli = (...words: readonly string[]) => running().cli(...words);

  function running(): Rig {
    if (shared === undefined) throw new Error('no djsup was started');
    return shared;
  }

  beforeAll(async () => {
    shared = await startRig({ layers: { base: layer }, through });
    await until('web is up', () => cli('changes', 'web').stdout.includes('Done'));
  });
  afterAll(() => shared?.[Symbol.asyncDispose]());

  test('services lists them, in a table, as JSON and as YAML', () => {
    const { code, stdout, stderr } = cli('services');
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^Service +Startup +Current +Since$/);
    expect(lines[1]).toMatch(/^broken +disabled +inactive +-$/);
    expect(lines[3]).toMatch(new RegExp(`^weak +disabled +inactive +-$`));
    expect(lines[4]).toMatch(new RegExp(`^web +enabled +active +${time}$`));
    expect(cli('services', 'nope')).toEqual({ ...silent, stderr: 'No matching services.\n' });
    expect(JSON.parse(cli('services', 'web', '--format', 'json').stdout).services.web).toMatchObject({
      current: 'active',
      state: 'running',
      restarts: 0,
    });
    expect(cli('services', '--format=yaml', 'worker').stdout).toMatch(
      /^services:\n {4}worker:\n {8}name: worker\n/,
    );
    expect(cli('services', '--abs-time', 'web').stdout).toMatch(
      /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)\n$/,
    );
  });

  test('services --wide says what became of a service that waits', async () => {
    expect(cli('start', 'weak')).toEqual(silent);
    const row = await until(
      'weak waits',
      () => /^weak .*backoff.*$/m.exec(cli('services', '--wide').stdout)?.[0],
    );
    expect(row).toMatch(/backoff +- +\d+ +code 4 +in (?:[\d.]+)s /);
    expect(cli('services', '--wide', 'web').stdout).toMatch(
      /^web +enabled +active .* running +\d+ +0 +- +- +-\n/m,
    );
    expect(cli('stop', 'weak')).toEqual(silent);
  });

  test('start, restart and stop are silent, wait, and take what is linked with them along', () => {
    expect(cli('start', 'worker')).toEqual(silent);
    expect(cli('services', 'worker').stdout).toContain('active');
    expect(cli('restart', 'web')).toEqual(silent);
    expect(cli('stop', 'web')).toEqual(silent);
    expect(cli('services').stdout).not.toMatch(/(?<!in)active/);
    expect(cli('start', 'web', 'worker')).toEqual(silent);
  });

  test('--no-wait prints the id of the change, which tasks explains', async () => {
    const { stdout } = cli('start', 'broken', '--no-wait');
    expect(stdout).toMatch(/^\d+\n$/);
    const id = stdout.trim();
    await until('it has ended', () => new RegExp(`^${id} +Error`, 'm').test(cli('changes').stdout));
    const tasks = cli('tasks', id).stdout;
    expect(tasks).toMatch(/^Status +Spawn +Ready +Summary\nError .* Start service "broken"\n\n\.{70}\n/);
    expect(tasks).toMatch(
      /INFO Most recent service output:\n {4}oops\n.* ERROR .* exited quickly with code 3/,
    );
    expect(cli('tasks', '--last=start').stdout).toBe(tasks);
    expect(JSON.parse(cli('tasks', id, '--format=json').stdout)).toMatchObject({ id, status: 'Error' });
  });

  test('a start that fails says why, and so does a name that is not known', () => {
    expect(cli('start', 'broken')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: cannot perform the following tasks:\n- Start service "broken" /),
    });
    expect(cli('start', 'nope')).toMatchObject({
      code: 1,
      stderr: 'error: cannot start services: service "nope" does not exist\n',
    });
    expect(cli('start').stderr).toMatch(/^error: the required argument/);
  });

  test('changes lists all, and those of one service', () => {
    expect(cli('changes').stdout).toMatch(
      new RegExp(
        `^ID +Status +Spawn +Ready +Summary\n(?:\\d+ .*\n)*\\d+ +Done +${time} +${time} +Autostart service "web"\n`,
      ),
    );
    expect(cli('changes', 'nope')).toEqual({ ...silent, stderr: 'no changes found\n' });
    expect(cli('changes', '3').stderr).toContain("try 'djsup tasks 3'");
  });

  test('logs prints the latest lines, and with -f those that come, until the reader has enough', () => {
    expect(cli('start', 'chatty')).toEqual(silent);
    const followed = shell(running(), 'djsup logs -f -n 1 chatty | head -n 5');
    expect(followed).toMatchObject({ code: 0, stderr: '' });
    const numbers = [...followed.stdout.matchAll(/^\S+Z \[chatty\] line (\d+)$/gm)].map(([, number]) =>
      Number(number),
    );
    const [first = 0] = numbers;
    expect(numbers).toEqual([0, 1, 2, 3, 4].map((step) => first + step));
    expect(cli('logs', '-n', '2', 'chatty').stdout.split('\n')).toHaveLength(3);
    expect(cli('logs', '-n0')).toEqual(silent);
    expect(JSON.parse(cli('logs', '-n=1', '--format=json', 'chatty').stdout)).toMatchObject({
      service: 'chatty',
    });
    expect(cli('logs', '-n', 'zip').stderr).toBe(
      'error: expected n to be a non-negative integer or "all", not "zip"\n',
    );
  });

  test('logs -f ends with Ctrl-C, as a success', async () => {
    const follow = lasting(running(), 'logs', '-f', 'chatty');
    await until('it follows', () => follow.text().includes('[chatty] line'));
    follow.interrupt();
    expect(await follow.ended).toBe(0);
    expect(cli('stop', 'chatty')).toEqual(silent);
  });

  test('start aborts its change with Ctrl-C', async () => {
    expect(cli('stop', 'worker')).toEqual(silent);
    const start = lasting(running(), 'start', 'worker');
    await until('it starts', () => /^worker .* active/m.test(cli('services').stdout));
    start.interrupt();
    expect(await start.ended).toBe(1);
    expect(start.text()).toContain('start aborted');
  });

  test('signal reaches the main process', async () => {
    expect(cli('signal', 'URG', 'web')).toEqual(silent);
    await until('web has got it', () => cli('logs', 'web').stdout.includes('got it'));
    expect(cli('signal', 'HUP', 'nope').stderr).toBe(
      'error: cannot send signal to "nope": service is not running\n',
    );
    expect(cli('signal', 'ZIP', 'web').stderr).toContain('invalid signal name "SIGZIP"');
    expect(cli('signal', 'hup', 'web').stderr).toContain('must be uppercase');
  });

  test('checks, check and health tell how things stand', async () => {
    const table = await until('up has succeeded', () => {
      const { stdout } = cli('checks');
      return /^up .* up +[1-9]/m.test(stdout) && stdout;
    });
    expect(table).toMatch(
      /^Check +Level +Startup +Status +Successes +Failures +Change\ndown +ready +disabled +inactive +- +- +-\n/,
    );
    expect(cli('health')).toEqual({ ...silent, stdout: 'healthy\n' });

    expect(cli('check', 'down', '--refresh').stdout).toMatch(
      /status: inactive\n(?:.*\n)*error: .*exit status 7/,
    );
    expect(cli('start-checks', 'down').stdout).toBe('Checks started: down\n');
    await until('down is down', () => cli('health').code === 1);
    expect(cli('health').stdout).toBe('unhealthy\n');
    expect(cli('health', '--level', 'alive').stdout).toBe('healthy\n');
    expect(cli('health', 'up').code).toBe(0);
    expect(cli('health', '--format', 'json')).toEqual({ ...silent, stdout: '{"healthy":false}\n' });
    expect(cli('checks', 'down').stdout).toMatch(/down +0 +\d+\/1 +\d+ \(exit status 7; no\)\n/);
    expect(cli('check', 'down').stdout).toMatch(/^name: down\nlevel: ready\n(?:.*\n)*logs: \|/);
    expect(cli('stop-checks', 'down').stdout).toBe('Checks stopped: down\n');
    expect(cli('check', 'nope').stderr).toBe('error: cannot find check "nope"\n');
  });

  test('add takes a layer, plan shows it, replan carries it out', () => {
    const file = join(running().directory, 'more.yaml');
    writeFileSync(file, 'services: {extra: {override: replace, command: sleep 7, startup: enabled}}\n');
    expect(cli('add', 'more', file).stdout).toBe(`Layer "more" added successfully from "${file}"\n`);
    expect(cli('add', 'more', file).stderr).toBe('error: layer "more" already exists\n');
    expect(cli('add', 'more', file, '--combine').code).toBe(0);
    expect(cli('plan').stdout).toContain('    extra:\n        startup: enabled\n        override: replace\n');
    expect(cli('layers').stdout).toMatch(/^Order +Label +Origin\n1000 +base .*\n2000 +more +api\n$/);
    expect(cli('replan')).toEqual(silent);
    expect(cli('services', 'extra').stdout).toContain('active');
    writeFileSync(file, 'services:\n  extra: {override: replace}\n  other: {comand: x}\n');
    expect(cli('add', 'worse', file)).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'error: cannot parse layer YAML:\n' +
        'worse:2:3: plan must define "command" for service "extra"\n' +
        'worse:3:3: cannot use service "other": it needs "override: merge" or "override: replace"\n' +
        'worse:3:11: cannot use key "comand" of service "other": there is no such key, did you mean "command"?\n',
    });
    expect(cli('add', 'none', '/nope').stderr).toBe(
      'error: cannot read layer "/nope": no such file or directory\n',
    );
  });

  test('version tells both', () => {
    expect(cli('version').stdout).toMatch(/^client +(\S+)\nserver +\1\n$/);
    expect(cli('version', '--client').stdout).toBe(cli('--version').stdout);
  });
});

describe('with no daemon', () => {
  let directory = '';
  beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'djsup-cli-'))));
  afterAll(() => rmSync(directory, { recursive: true }));

  function alone(...words: readonly string[]) {
    const done = spawnSync(program, words, {
      env: { PATH: process.env['PATH'], DJSUP: directory },
      cwd: directory,
      encoding: 'utf8',
    });
    return { code: done.status, stdout: done.stdout, stderr: done.stderr };
  }

  test.each(['services', 'start x', 'logs -f', 'health', 'plan', 'changes', 'checks', 'replan'])(
    '%s says so within a second',
    (line) => {
      const from = performance.now();
      expect(alone(...line.split(' '))).toEqual({
        code: 1,
        stdout: '',
        stderr: `error: cannot communicate with server: socket "${directory}/.djsup.socket" not found; is djsup running?\n`,
      });
      // A second is promised; the rest is for a machine that does much else.
      expect(performance.now() - from).toBeLessThan(3_000);
    },
  );

  test('version has only its own', () => {
    expect(alone('version')).toMatchObject({ code: 0, stdout: expect.stringMatching(/\nserver +-\n$/) });
    expect(alone('version', '--format=json').code).toBe(1);
  });

  test('help explains every command', () => {
    const { code, stdout } = alone('help', '--all');
    expect(code).toBe(0);
    const names = [...stdout.matchAll(/^ {4}(\S+) {2,}/gm)].map(([, name = '']) => name);
    expect(names).toEqual(expect.arrayContaining(['run', 'services', 'plan', 'logs', 'detect']));
    for (const name of names)
      expect(alone('help', name).stdout).toMatch(new RegExp(`^Usage: djsup ${name} `));
    expect(alone().stdout).toBe(alone('help').stdout);
    expect(alone('servces')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('did you mean "services"?'),
    });
  });

  test('plan --check combines a directory, or tells all that is wrong with it', () => {
    const layers = join(directory, 'checked');
    mkdirSync(layers);
    writeFileSync(join(layers, '001-one.yaml'), 'services: {a: {override: replace, command: x}}');
    writeFileSync(join(layers, '002-two.yaml'), 'services: {a: {override: merge, summary: two}}');
    expect(alone('plan', '--check', 'checked')).toEqual({
      ...silent,
      stdout: 'services:\n    a:\n        summary: two\n        override: replace\n        command: x\n',
    });
    writeFileSync(
      join(layers, '002-two.yaml'),
      'services: {a: {override: merge, requires: [b], after: [c]}}\nchecks: []\n',
    );
    writeFileSync(join(layers, '03-three.yaml'), '');
    const { code, stdout, stderr } = alone('plan', '--check', 'checked');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n').map((line) => line.replace(`${layers}/`, ''))).toEqual([
      expect.stringMatching(/^03-three\.yaml: invalid layer filename/),
      '002-two.yaml:2:9: cannot use "checks" of the layer: must be a map, not a list',
      '',
    ]);
  });

  test('detect tells what it finds and where, as text and as JSON', () => {
    const example = join(root, 'examples/hello');
    expect(alone('detect', example).stdout).toMatch(
      /^Django project in .*\n +project +hello .*\n +wsgi +hello\.wsgi:application /,
    );
    expect(JSON.parse(alone('detect', example, '--format=json').stdout)).toBeInstanceOf(Object);
    expect(alone('detect', directory)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^No Django project/),
    });
  });
});

describe('enter', () => {
  const base = `
services:
  one: {override: replace, command: "sh -c 'echo given $0 $1; sleep 1000' [ a b ]", startup: enabled}
  two: {override: replace, command: sleep 1001}
  bad: {override: replace, command: "sh -c 'exit 3'", on-failure: ignore}
`;

  test.each([
    ['services one', 0, /^Service .*\none +enabled +inactive +-\n$/, /^$/],
    ['plan', 0, /^services:\n/, /^$/],
    ['version', 0, /^client/, /^$/],
    ['help', 0, /Usage: djsup/, /^$/],
    ['start bad', 1, /^$/, /error: cannot perform/],
    ['--run services', 1, /^$/, /^error: enter: cannot provide --run before "services" subcommand\n$/],
    ['stop one', 1, /^$/, /^error: enter: must use --run before "stop" subcommand\n$/],
    ['logs', 1, /^$/, /^error: enter: subcommand "logs" is not supported\n$/],
    ['--args', 1, /^$/, /--args requires a service name/],
    ['--args zip x', 1, /^$/, /service "zip" not found in plan/],
  ])('%s ends with %i', async (line, code, stdout, stderr) => {
    await using rig = launchRig({ layers: { base }, through, words: ['enter', ...line.split(' ')] });
    expect(await rig.ended).toEqual({ code, signal: null });
    await until('all is read', () => stdout.test(rig.stdout()) && stderr.test(rig.stderr()));
  });

  // The line, how many changes come of it, and the services that run then.
  test.each([
    ['', 1, ['one']],
    ['--hold', 0, []],
    ['start two', 1, ['two']],
    ['--run start two', 2, ['one', 'two']],
    ['--run stop one', 2, []],
  ])('%s goes on, after %i changes', async (line, changes, active) => {
    const words = ['enter', ...line.split(' ').filter((word) => word !== '')];
    await using rig = await startRig({ layers: { base }, through, words });
    const ready = () => rig.api('GET', '/v1/changes?select=ready');
    await until('its changes are over', async () => (await ready()).json.result.length === changes);
    const { json } = await rig.api('GET', '/v1/services');
    const running = json.result.filter(({ current }: { current: string }) => current === 'active');
    expect(running.map(({ name }: { name: string }) => name)).toEqual(active);
    rig.signal('SIGTERM');
    expect(await rig.ended).toEqual({ code: 0, signal: null });
  });

  test('--args puts other words in place of the default ones', async () => {
    await using rig = await startRig({
      layers: { base },
      through,
      words: ['enter', '--args', 'one', 'x y', 'z'],
    });
    await until('it has printed', () => rig.cli('logs').stdout.includes('[one] given x y z\n'));
    expect(rig.cli('plan').stdout).toContain("[ 'x y' z ]");
  });
});

describe('under the name pebble', () => {
  test('with only $PEBBLE set, files, socket and log lines are those of Pebble', async () => {
    const layers = {
      '001-base.yaml': 'services: {a: {override: replace, command: sleep 1000, startup: enabled}}',
    };
    await using daemon = launch(ownPebble(), layers);
    await answers(daemon);
    expect((await daemon.cli(ownPebble(), 'services')).stdout).toMatch(/^a +enabled +/m);
    expect((await daemon.cli(program, 'services')).stdout).toMatch(/^a +enabled +/m);
    expect((await daemon.cli(ownPebble(), 'changes', '1')).stderr).toContain("'pebble tasks 1'");
    const { stderr } = await daemon.stop();
    for (const line of stderr.trim().split('\n')) expect(line).toMatch(/^TIME \[pebble\] \S/);
  });

  test('looks for no Django project, but djsup with only $PEBBLE set does', async () => {
    const cwd = join(root, 'examples/hello');
    const PATH = [dirname(pythonForTests()), process.env['PATH']].join(delimiter);
    const directory = mkdtempSync(join(tmpdir(), 'djsup-cli-'));
    const environment = { DJSUP: '', PEBBLE: directory, PATH };
    const rig = launchRig({ directory, cwd, through, environment, words: ['run', '--hold'] });
    {
      await using own = rig;
      await until('it has found the project', () => own.stderr().includes('Django: project is hello'));
      await until('it answers', () => /^django /m.test(own.cli('services').stdout));
    }
    await using stand = launchRig({
      cwd,
      through: ['env', 'DJSUP_INVOKED_AS=pebble'],
      environment: { PATH },
      words: ['run'],
    });
    await until('it has nothing to start', () => stand.stderr().includes('no default services'));
    expect(stand.stderr()).not.toContain('Django');
  });
});
