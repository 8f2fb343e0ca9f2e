import { describe, expect, test } from 'vitest';
import { refused, sync } from '../wire/fake-server.ts';
import { djsup, djsupAgainst } from './harness.ts';

const progress = { label: '', done: 1, total: 1 };
const start = {
  id: '2',
  kind: 'start',
  summary: 'Start service "web"',
  status: 'Error',
  ready: true,
  'spawn-time': '2026-11-20T10:00:00.2Z',
  'ready-time': '2026-11-20T10:00:01Z',
  tasks: [
    {
      id: '3',
      kind: 'start',
      summary: 'Start service "web"',
      status: 'Error',
      log: ['2026-11-20T10:00:01Z INFO one', '2026-11-20T10:00:01Z ERROR two'],
      progress,
      'spawn-time': '2026-11-20T10:00:00Z',
      'ready-time': '2026-11-20T10:00:01Z',
    },
    {
      id: '4',
      kind: 'start',
      summary: 'Start service "b"',
      status: 'Doing',
      progress: { label: '', done: 1, total: 8 },
      'spawn-time': '2026-11-20T10:00:00Z',
    },
  ],
};
const autostart = {
  id: '1',
  kind: 'autostart',
  summary: 'Autostart service "a"',
  status: 'Doing',
  ready: false,
  'spawn-time': '2026-11-19T10:00:00Z',
};

const changes = (list: unknown) => ({ 'GET /v1/changes': sync(list) });

describe('changes', () => {
  test('lists them by time, with a blank line at the end', async () => {
    const result = await djsupAgainst(changes([start, autostart]), ['changes', 'web']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.asked[0]?.url).toBe('/v1/changes?select=all&for=web');
    expect(result.stdout).toBe(
      `ID   Status  Spawn                   Ready               Summary
1    Doing   yesterday at 10:00 UTC  -                   Autostart service "a"
2    Error   today at 10:00 UTC      today at 10:00 UTC  Start service "web"

`,
    );
  });

  test('says on stderr that there are none, and prints an empty list as JSON and YAML', async () => {
    expect(await djsupAgainst(changes([]), ['changes'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'no changes found\n',
    });
    expect((await djsupAgainst(changes([]), ['changes', '--format=json'])).stdout).toBe('{"changes":[]}\n');
    expect((await djsupAgainst(changes([]), ['changes', '--format=yaml'])).stdout).toBe('changes: []\n');
  });

  test('sends who gives a number to tasks', async () => {
    expect(await djsup(['changes', '5'])).toMatchObject({
      code: 1,
      stderr: "error: 'djsup changes' command expects a service name, try 'djsup tasks 5'\n",
    });
  });

  test('everything changes', async () => {
    expect((await djsup(['changes', 'everything'])).stdout).toBe('Yes, yes it does.\n');
  });
});

describe('tasks', () => {
  test('shows the steps and their logs', async () => {
    const { code, stdout } = await djsupAgainst({ 'GET /v1/changes/2': sync(start) }, ['tasks', '2']);
    expect(code).toBe(0);
    expect(stdout).toBe(
      `Status  Spawn               Ready               Summary
Error   today at 10:00 UTC  today at 10:00 UTC  Start service "web"
Doing   today at 10:00 UTC  -                   Start service "b" (12.50%)

......................................................................
Start service "web"

2026-11-20T10:00:01Z INFO one
2026-11-20T10:00:01Z ERROR two

`,
    );
  });

  test('--last takes the latest change of a kind', async () => {
    const older = { ...start, id: '1', 'spawn-time': '2026-11-19T10:00:00Z', tasks: [] };
    const { stdout } = await djsupAgainst(changes([start, older]), [
      'tasks',
      '--last=start',
      '--format=json',
    ]);
    expect(JSON.parse(stdout)).toEqual(start);
  });

  test('--last fails where there is none, unless the kind ends with ?', async () => {
    expect(await djsupAgainst(changes([start]), ['tasks', '--last', 'stop'])).toMatchObject({
      code: 1,
      stderr: 'error: no changes of type "stop" found\n',
    });
    expect(await djsupAgainst(changes([start]), ['tasks', '--last', 'stop?'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  test.each([
    [[], 'please provide change ID or type with --last=<type>'],
    [['2', '--last=start'], 'cannot use change ID and type together'],
    [['../services'], 'invalid change ID "../services"'],
  ])('with %j is refused', async (words, message) => {
    expect(await djsup(['tasks', ...words])).toEqual({ code: 1, stdout: '', stderr: `error: ${message}\n` });
  });

  test('of an unknown change fail', async () => {
    const routes = { 'GET /v1/changes/9': refused(404, 'cannot find change with id "9"') };
    expect((await djsupAgainst(routes, ['tasks', '9'])).stderr).toBe(
      'error: cannot find change with id "9"\n',
    );
  });
});
