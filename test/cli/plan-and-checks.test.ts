import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { refused, sync } from '../wire/fake-server.ts';
import { djsup, djsupAgainst, fakeProgram } from './harness.ts';

describe('plan', () => {
  test("prints the server's text as it is", async () => {
    const text = 'services:\n    web:\n        command: x\n';
    expect(await djsupAgainst({ 'GET /v1/plan': sync(text) }, ['plan'])).toMatchObject({
      code: 0,
      stdout: text,
    });
  });

  test('--check combines a directory without a daemon, by default the layers of the paths', async () => {
    const directories: string[] = [];
    const { program } = fakeProgram({
      checkPlan(directory) {
        directories.push(directory);
        return Promise.resolve({ ok: true, output: '{}\n', warnings: ['a.yaml:1:2: y'] });
      },
    });
    const options = { program, cwd: '/home' };
    const stderr = 'warning: a.yaml:1:2: y\n';
    expect(await djsup(['plan', '--check'], options)).toEqual({ code: 0, stdout: '{}\n', stderr });
    await djsup(['plan', '--check', 'mine'], options);
    expect(directories).toEqual(['/nowhere/layers', '/home/mine']);
  });

  test('--check prints the errors on stderr', async () => {
    const { program } = fakeProgram({
      checkPlan: () => Promise.resolve({ ok: false, output: 'a.yaml:1:2: x\nb.yaml:3:4: y', warnings: [] }),
    });
    expect(await djsup(['plan', '--check'], { program })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'a.yaml:1:2: x\nb.yaml:3:4: y\n',
    });
  });

  test('takes a directory with --check only', async () => {
    expect((await djsup(['plan', 'x'])).stderr).toBe('error: cannot use "x" without --check\n');
  });
});

test('detect prints what the program finds, and exits as it says', async () => {
  const asked: unknown[] = [];
  const { program } = fakeProgram({
    detect(directory) {
      asked.push(directory);
      return Promise.resolve({ ok: directory === '/p', text: 'no project\n', data: { ok: false } });
    },
  });
  expect(await djsup(['detect', 'x'], { program })).toMatchObject({ code: 1, stdout: 'no project\n' });
  expect(await djsup(['detect', 'x', '--format', 'json'], { program })).toMatchObject({
    code: 1,
    stdout: '{"ok":false}\n',
  });
  expect((await djsup(['detect', 'x', '--format', 'yaml'], { program })).stdout).toBe('ok: false\n');
  expect(await djsup(['detect'], { program, cwd: '/p' })).toMatchObject({ code: 0 });
  expect(asked).toEqual(['/x', '/x', '/x', '/p']);
});

describe('add', () => {
  function layerFile(text: string): string {
    const directory = mkdtempSync(join(tmpdir(), 'djsup-add-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, 'x.yaml'), text);
    return directory;
  }

  test('sends the file and says so', async () => {
    const cwd = layerFile('services: {}\n');
    const routes = { 'POST /v1/layers': sync(true) };
    const result = await djsupAgainst(routes, ['add', 'mine', 'x.yaml', '--combine'], { cwd });
    expect(result).toMatchObject({ code: 0, stdout: 'Layer "mine" added successfully from "x.yaml"\n' });
    expect(JSON.parse(result.asked[0]?.body ?? '')).toEqual({
      action: 'add',
      combine: true,
      inner: false,
      label: 'mine',
      format: 'yaml',
      layer: 'services: {}\n',
    });
  });

  test('fails where the file cannot be read, or the server refuses it', async () => {
    expect(await djsup(['add', 'mine', 'none.yaml'])).toMatchObject({
      code: 1,
      stderr: 'error: cannot read layer "none.yaml": no such file or directory\n',
    });
    const cwd = layerFile('x');
    const routes = { 'POST /v1/layers': refused(400, 'layer "mine" already exists') };
    expect(await djsupAgainst(routes, ['add', 'mine', 'x.yaml'], { cwd })).toMatchObject({
      code: 1,
      stderr: 'error: layer "mine" already exists\n',
    });
  });
});

describe('layers', () => {
  const layer = { order: 1000, label: 'django', origin: 'built in' };

  test('lists them', async () => {
    expect((await djsupAgainst({ 'GET /v1/layers': sync([layer]) }, ['layers'])).stdout).toBe(
      'Order  Label   Origin\n1000   django  built in\n',
    );
    expect(await djsupAgainst({ 'GET /v1/layers': sync([]) }, ['layers'])).toMatchObject({
      code: 0,
      stderr: 'Plan has no layers.\n',
    });
  });
});

describe('health', () => {
  test.each([
    [true, [], 0, 'healthy\n'],
    [false, [], 1, 'unhealthy\n'],
    [false, ['--format', 'json'], 0, '{"healthy":false}\n'],
    [true, ['--format', 'yaml'], 0, 'healthy: true\n'],
  ])('%s with %j', async (healthy, words, code, stdout) => {
    const routes = { 'GET /v1/health': sync({ healthy }, healthy ? 200 : 502) };
    expect(await djsupAgainst(routes, ['health', ...words])).toMatchObject({ code, stdout, stderr: '' });
  });

  test('passes level and names', async () => {
    const { asked } = await djsupAgainst({ 'GET /v1/health': sync({ healthy: true }) }, [
      'health',
      '--level=alive',
      'a',
      'b',
    ]);
    expect(asked[0]?.url).toBe('/v1/health?level=alive&names=a%2Cb');
  });

  test('is an error when nobody answers', async () => {
    expect(await djsup(['health'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is djsup running?'),
    });
  });
});

const up = {
  name: 'up',
  level: 'alive',
  startup: 'enabled',
  status: 'up',
  successes: 5,
  threshold: 3,
  'change-id': '1',
};
const down = {
  name: 'down',
  startup: 'enabled',
  status: 'down',
  successes: 1,
  failures: 42,
  threshold: 3,
  'change-id': '4',
};
const off = { name: 'off', level: 'ready', startup: 'disabled', status: 'inactive', threshold: 3 };

const changeOf = (log: readonly string[]) => ({
  id: '4',
  kind: 'recover-check',
  summary: 'x',
  status: 'Doing',
  ready: false,
  'spawn-time': '2026-11-20T22:55:49Z',
  tasks: [
    { kind: 'recover-check', summary: 'x', status: 'Doing', log, progress: { label: '', done: 1, total: 1 } },
  ],
});

describe('checks', () => {
  test('lists them, with what the failing ones said last', async () => {
    const log = ['2026-11-20T22:55:48Z ERROR old', '2026-11-20T22:55:49Z ERROR refused\nby "x"'];
    const routes = { 'GET /v1/checks': sync([down, off, up]), 'GET /v1/changes/4': sync(changeOf(log)) };
    const result = await djsupAgainst(routes, ['checks']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toBe(
      `Check  Level  Startup   Status    Successes  Failures  Change
down   -      enabled   down      1          42/3      4 (refused\\nby "x")
off    ready  disabled  inactive  -          -         -
up     alive  enabled   up        5          0/3       1
`,
    );
  });

  test('cuts what a check said to 70 bytes', async () => {
    const log = [`2026-11-20T22:55:49Z ERROR ${'ä'.repeat(40)}`];
    const routes = { 'GET /v1/checks': sync([down]), 'GET /v1/changes/4': sync(changeOf(log)) };
    const { stdout } = await djsupAgainst(routes, ['checks']);
    const shown = /4 \((.*)\)\n$/.exec(stdout)?.[1] ?? '';
    expect(shown).toBe(`${'ä'.repeat(19)}... run "djsup tasks 4" for more`);
    expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(70);
  });

  test('says ? where the server tells no successes, and gives no text where the change has gone', async () => {
    const { successes: _, ...old } = down;
    const routes = { 'GET /v1/checks': sync([old]), 'GET /v1/changes/4': refused(404, 'gone') };
    const { stdout } = await djsupAgainst(routes, ['checks']);
    expect(stdout.split('\n')[1]).toBe('down   -      enabled  down    ?          42/3      4');
  });

  test.each([
    [[], 'Plan has no health checks.\n'],
    [['x'], 'No matching health checks.\n'],
    [['--level=ready'], 'No matching health checks.\n'],
  ])('says on stderr that there are none for %j', async (words, stderr) => {
    const routes = { 'GET /v1/checks': sync([]) };
    expect(await djsupAgainst(routes, ['checks', ...words])).toMatchObject({ code: 0, stdout: '', stderr });
    const json = await djsupAgainst(routes, ['checks', ...words, '--format=json']);
    expect(json).toMatchObject({ stdout: '{"checks":{}}\n', stderr: '' });
  });

  test('refuses a level that does not exist', async () => {
    expect((await djsup(['checks', '--level=x'])).stderr).toBe(
      'error: invalid value "x" for flag `--level\', must be alive or ready\n',
    );
  });
});

describe('check', () => {
  const log = ['2026-11-20T22:55:49Z ERROR one', '2026-11-20T22:55:59Z ERROR two'];

  test('shows all about one as YAML', async () => {
    const routes = { 'GET /v1/checks': sync([down]), 'GET /v1/changes/4': sync(changeOf(log)) };
    expect(await djsupAgainst(routes, ['check', 'down'])).toMatchObject({
      code: 0,
      stdout: `name: down
startup: enabled
status: down
successes: 1
failures: 42
threshold: 3
change-id: "4"
logs: |
    2026-11-20T22:55:49Z ERROR one
    2026-11-20T22:55:59Z ERROR two
`,
    });
  });

  test('--refresh runs it and shows its error', async () => {
    const routes = { 'POST /v1/checks/refresh': sync({ info: off, error: 'refused' }) };
    const result = await djsupAgainst(routes, ['check', '--refresh', 'off', '--format=json']);
    expect(JSON.parse(result.stdout)).toEqual({ ...off, failures: 0, error: 'refused' });
    expect(result.code).toBe(0);
  });

  test('fails for one that does not exist', async () => {
    expect(await djsupAgainst({ 'GET /v1/checks': sync([]) }, ['check', 'x'])).toMatchObject({
      code: 1,
      stderr: 'error: cannot find check "x"\n',
    });
  });
});

describe.each([
  ['start', 'started'],
  ['stop', 'stopped'],
])('%s-checks', (action, past) => {
  test('says what changed', async () => {
    const some = await djsupAgainst({ 'POST /v1/checks': sync({ changed: ['a', 'b'] }) }, [
      `${action}-checks`,
      'a',
      'b',
    ]);
    expect(some).toMatchObject({ code: 0, stdout: `Checks ${past}: a, b\n` });
    expect(JSON.parse(some.asked[0]?.body ?? '')).toEqual({ action, checks: ['a', 'b'] });
    const none = await djsupAgainst({ 'POST /v1/checks': sync({ changed: [] }) }, [`${action}-checks`, 'a']);
    expect(none).toMatchObject({ code: 0, stdout: `Checks already ${past}.\n` });
  });
});
