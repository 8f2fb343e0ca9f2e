import { describe, expect, test } from 'vitest';
import { accepted, refused, sync, type Answerer } from '../wire/fake-server.ts';
import { djsup, djsupAgainst } from './harness.ts';

const web = { name: 'web', startup: 'enabled', current: 'active', 'current-since': '2026-11-20T22:55:49.5Z' };
const worker = { name: 'worker', startup: 'disabled', current: 'inactive' };
const wide = [
  { ...web, state: 'running', pid: 42, restarts: 1, 'last-exit': 'signal SIGKILL' },
  {
    ...worker,
    current: 'backoff',
    state: 'backoff',
    restarts: 3,
    'last-exit': 'code 3',
    reason: 'exited with code 3',
    'retry-at': '2026-11-20T23:00:02.5Z',
  },
];

const services = (list: unknown) => ({ 'GET /v1/services': sync(list) });

describe('services', () => {
  test('lists one and many', async () => {
    const result = await djsupAgainst(services([web, worker]), ['services']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toBe(
      `Service  Startup   Current   Since
web      enabled   active    today at 22:55 UTC
worker   disabled  inactive  -
`,
    );
  });

  test('--abs-time shows the time in full', async () => {
    const { stdout } = await djsupAgainst(services([web]), ['services', '--abs-time']);
    expect(stdout).toBe(
      `Service  Startup  Current  Since\nweb      enabled  active   2026-11-20T22:55:49Z\n`,
    );
  });

  test('--wide adds columns and leaves the others as they are', async () => {
    const { stdout } = await djsupAgainst(services(wide), ['services', '--wide']);
    expect(stdout).toBe(
      `Service  Startup   Current  Since               State    PID  Restarts  Last exit       Retry    Reason
web      enabled   active   today at 22:55 UTC  running  42   1         signal SIGKILL  -        -
worker   disabled  backoff  -                   backoff  -    3         code 3          in 2.5s  exited with code 3
`,
    );
  });

  test('says on stderr that there are none', async () => {
    expect(await djsupAgainst(services([]), ['services'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'Plan has no services.\n',
    });
    expect((await djsupAgainst(services([]), ['services', 'x'])).stderr).toBe('No matching services.\n');
  });

  test("prints JSON on one line, djsup's own fields included, and an empty object for none", async () => {
    const { stdout } = await djsupAgainst(services(wide), ['services', '--format', 'json']);
    expect(stdout.endsWith('}\n')).toBe(true);
    expect(JSON.parse(stdout)).toEqual({ services: { web: wide[0], worker: wide[1] } });
    const none = await djsupAgainst(services([]), ['services', '--format=json']);
    expect(none).toMatchObject({ code: 0, stdout: '{"services":{}}\n', stderr: '' });
  });

  test('prints YAML', async () => {
    const { stdout } = await djsupAgainst(services([worker]), ['services', '--format', 'yaml']);
    expect(stdout).toBe(
      'services:\n    worker:\n        name: worker\n        startup: disabled\n        current: inactive\n',
    );
  });

  test('fails with a refusal of the server, and says what may help where the user is not root', async () => {
    const routes = { 'GET /v1/services': refused(401, 'access denied', 'login-required') };
    expect(await djsupAgainst(routes, ['services'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'error: access denied\n',
    });
    expect((await djsupAgainst(routes, ['services'], { isRoot: false })).stderr).toBe(
      'error: access denied (try with sudo)\n',
    );
  });

  test('fails at once when no daemon runs', async () => {
    expect(await djsup(['services'])).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'error: cannot communicate with server: socket "/nowhere/.djsup.socket" not found; is djsup running?\n',
    });
  });

  test('breaks a long refusal into lines for a terminal only', async () => {
    const routes = { 'GET /v1/services': refused(400, 'one two three four five six') };
    expect((await djsupAgainst(routes, ['services'], { stderrColumns: 24 })).stderr).toBe(
      'error: one two three\n       four five six\n',
    );
    expect((await djsupAgainst(routes, ['services'])).stderr).toBe('error: one two three four five six\n');
  });
});

const change = {
  id: '7',
  kind: 'start',
  summary: 'Start service "web"',
  status: 'Done',
  ready: true,
  'spawn-time': '2026-11-20T22:55:49Z',
};
const err = 'cannot perform the following tasks:\n- Start service "web" (cannot start)';

const changing = (end: object) => ({
  'POST /v1/services': accepted('7'),
  'GET /v1/changes/7/wait': sync({ ...change, ...end }),
});

describe.each([['start'], ['stop'], ['restart']])('%s', (name) => {
  test('waits and is silent when all went well', async () => {
    const result = await djsupAgainst(changing({}), [name, 'web', 'worker']);
    expect(result).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(JSON.parse(result.asked[0]?.body ?? '')).toEqual({ action: name, services: ['web', 'worker'] });
  });
});

describe.each([['autostart'], ['replan']])('%s', (name) => {
  test('takes no names', async () => {
    expect((await djsupAgainst(changing({}), [name])).code).toBe(0);
    expect((await djsup([name, 'web'])).stderr).toBe('error: too many arguments for command\n');
  });

  test('prints what the server refuses', async () => {
    const routes = { 'POST /v1/services': refused(400, 'no default services', 'no-default-services') };
    expect(await djsupAgainst(routes, [name])).toMatchObject({
      code: 1,
      stderr: 'error: no default services\n',
    });
  });
});

describe('a change', () => {
  test('that fails gives its text and exit code 1', async () => {
    expect(await djsupAgainst(changing({ status: 'Error', err }), ['start', 'web'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `error: ${err}\n`,
    });
  });

  test('that ends otherwise says how', async () => {
    expect(await djsupAgainst(changing({ status: 'Hold' }), ['start', 'web'])).toMatchObject({
      code: 1,
      stderr: 'error: change finished in status "Hold" with no error message\n',
    });
  });

  test('is not waited for with --no-wait, but named', async () => {
    const result = await djsupAgainst(changing({}), ['start', 'web', '--no-wait']);
    expect(result).toMatchObject({ code: 0, stdout: '7\n' });
    expect(result.asked).toHaveLength(1);
  });

  test('is aborted by the first Ctrl-C and waited for, and given up by the second', async () => {
    let interrupt: () => void = () => undefined;
    const options = {
      onInterrupt(handler: () => void) {
        interrupt = handler;
        return () => undefined;
      },
    };
    // The first Ctrl-C comes while the wait is on, the second with the request to abort.
    const routes: Record<string, Answerer> = {
      'POST /v1/services': accepted('7'),
      'GET /v1/changes/7/wait': () => interrupt(),
      'POST /v1/changes/7': (response, ...rest) => {
        interrupt();
        sync({ ...change, status: 'Abort', ready: false })(response, ...rest);
      },
    };
    const result = await djsupAgainst(routes, ['start', 'web'], options);
    expect(result).toMatchObject({ code: 130, stdout: '', stderr: '' });
    expect(result.asked.map(({ method, url, body }) => `${method} ${url} ${body}`)).toContain(
      'POST /v1/changes/7 {"action":"abort"}',
    );
  });
});

describe('signal', () => {
  test.each([['HUP'], ['SIGHUP']])('sends %s as SIGHUP', async (name) => {
    const result = await djsupAgainst({ 'POST /v1/signals': sync(true) }, ['signal', name, 'web']);
    expect(result).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(JSON.parse(result.asked[0]?.body ?? '')).toEqual({ signal: 'SIGHUP', services: ['web'] });
  });

  test('wants upper case', async () => {
    expect(await djsup(['signal', 'hup', 'web'])).toMatchObject({
      code: 1,
      stderr: 'error: signal name must be uppercase, for example HUP\n',
    });
  });
});
