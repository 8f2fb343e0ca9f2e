import { describe, expect, test } from 'vitest';
import { accepted, refused, startFakeServer, sync, type Answerer } from '../wire/fake-server.ts';
import { djsup, fakeProgram } from './harness.ts';

const plain = {
  createDirs: false,
  hold: false,
  http: undefined,
  verbose: false,
  args: new Map(),
  quiet: false,
};

async function entered(argv: readonly string[], routes: Readonly<Record<string, Answerer>> = {}) {
  await using server = await startFakeServer(routes);
  const fake = fakeProgram();
  const environment = { DJSUP_SOCKET: server.socketPath };
  const ended = await djsup(['enter', ...argv], { environment, program: () => fake.program() });
  return { ...ended, runs: fake.runs, sessions: fake.sessions, asked: server.asked.map(({ url }) => url) };
}

describe('run', () => {
  test('passes its options on', async () => {
    const { program, runs } = fakeProgram();
    await djsup(['run'], { program });
    await djsup(['run', '--create-dirs', '--hold', '--http', ':4000', '-v', '--args', 'django', 'sync'], {
      program,
    });
    expect(runs).toEqual([
      plain,
      {
        createDirs: true,
        hold: true,
        http: ':4000',
        verbose: true,
        args: new Map([['django', ['sync']]]),
        quiet: false,
      },
    ]);
  });

  test.each([
    ['DJSUP_VERBOSE', '1', true],
    ['PEBBLE_VERBOSE', '1', true],
    ['DJSUP_VERBOSE', 'yes', false],
  ])('with %s=%s is verbose: %s', async (name, value, verbose) => {
    const { program, runs } = fakeProgram();
    await djsup(['run'], { program, environment: { [name]: value } });
    expect(runs[0]?.verbose).toBe(verbose);
  });

  test("exits with the daemon's code", async () => {
    const { program } = fakeProgram({ run: () => Promise.resolve(10) });
    expect(await djsup(['run'], { program })).toMatchObject({ code: 10, stdout: '', stderr: '' });
  });

  test('a bug in the program is one line and no stack', async () => {
    expect(await djsup(['run'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: cannot go on, this is a bug: Error: the program was loaded\n',
    });
  });
});

describe('enter', () => {
  test('without a sub-command runs the daemon as run does', async () => {
    const { code, runs, sessions } = await entered(['--args', 'django', 'sync']);
    expect(code).toBe(0);
    expect(runs).toEqual([{ ...plain, args: new Map([['django', ['sync']]]) }]);
    expect(sessions).toEqual([]);
  });

  test('help starts no daemon', async () => {
    const { code, stdout, runs } = await entered(['help']);
    expect({ code, runs }).toEqual({ code: 0, runs: [] });
    expect(stdout).toContain('Usage: djsup <command>');
  });

  test.each([
    ['version', { 'GET /v1/system-info': sync({ version: 'v9' }) }, 'client  1.2.3\nserver  v9\n'],
    ['plan', { 'GET /v1/plan': sync('{}\n') }, '{}\n'],
    ['services', { 'GET /v1/services': sync([]) }, ''],
  ])('%s runs a quiet, held daemon that ends with it', async (name, routes, stdout) => {
    const result = await entered([name], routes);
    expect(result).toMatchObject({
      code: 0,
      stdout,
      runs: [{ ...plain, hold: true, quiet: true }],
      sessions: [0],
    });
  });

  test('-v makes the daemon heard', async () => {
    const { runs } = await entered(['-v', 'plan'], { 'GET /v1/plan': sync('{}\n') });
    expect(runs[0]).toMatchObject({ verbose: true, quiet: false });
  });

  test('a sub-command that fails ends the daemon with its code', async () => {
    const result = await entered(['plan'], { 'GET /v1/plan': refused(500, 'no plan') });
    expect(result).toMatchObject({ code: 1, stderr: 'error: no plan\n', sessions: [1] });
  });

  const done = { id: '7', kind: 'start', summary: 'x', status: 'Done', ready: true, 'spawn-time': 'x' };
  const change = { 'POST /v1/services': accepted('7'), 'GET /v1/changes/7/wait': sync(done) };

  test('start leaves the daemon running, and ends it when it fails', async () => {
    const good = await entered(['start', 'web'], change);
    expect(good).toMatchObject({ code: 0, runs: [{ ...plain, hold: true }], sessions: ['stay'] });
    const bad = await entered(['start', 'x'], {
      'POST /v1/services': refused(400, 'service "x" does not exist'),
    });
    expect(bad).toMatchObject({ code: 1, stderr: 'error: service "x" does not exist\n', sessions: [1] });
  });

  test('--run lets the default services start first, however that ends', async () => {
    const result = await entered(['--run', 'stop', 'web'], {
      ...change,
      'GET /v1/changes': sync([{ ...done, id: '3', kind: 'autostart', status: 'Doing', ready: false }]),
      'GET /v1/changes/3/wait': sync({ ...done, id: '3', kind: 'autostart', status: 'Error', err: 'x' }),
    });
    expect(result).toMatchObject({ code: 0, runs: [{ ...plain, hold: false }], sessions: ['stay'] });
    expect(result.asked).toEqual([
      '/v1/changes?select=in-progress',
      '/v1/changes/3/wait?timeout=4s',
      '/v1/services',
      '/v1/changes/7/wait?timeout=4s',
    ]);
  });

  test.each([
    [['stop', 'web'], 'enter: must use --run before "stop" subcommand'],
    [['--run', 'version'], 'enter: cannot provide --run before "version" subcommand'],
    [['--run', 'plan'], 'enter: cannot provide --run before "plan" subcommand'],
    [['logs'], 'enter: subcommand "logs" is not supported'],
    [['exec', 'ls'], 'enter: subcommand "exec" is not supported'],
    [['bogus'], 'enter: subcommand "bogus" is not supported'],
    [['services', '--bogus'], "unknown flag `bogus'"],
    [['start'], 'the required argument `<service> (at least 1 argument)` was not provided'],
    [['--args'], '--args requires a service name'],
  ])('%j is refused before a daemon starts', async (argv, message) => {
    expect(await entered(argv)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `error: ${message}\n`,
      runs: [],
    });
  });

  test('a sub-command can be asked for its help without a daemon', async () => {
    const { code, stdout, runs } = await entered(['services', '--help']);
    expect({ code, runs }).toEqual({ code: 0, runs: [] });
    expect(stdout).toContain('Usage: djsup services');
  });
});
