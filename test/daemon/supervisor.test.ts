import { describe, expect, test } from 'vitest';
import type { LogRecord } from '../../src/daemon/records.ts';
import { layer, world } from '../support/world.ts';

const two = `
services:
  a: {override: replace, command: run a, startup: enabled}
  b: {override: replace, command: run b, startup: enabled, after: [a]}
`;

function summaryOf(w: ReturnType<typeof world>, id: string): string {
  const { summary, status, tasks } = w.change(id);
  return `${summary} | ${status} | ${tasks.map((task) => `${task.summary}: ${task.status}`).join(', ')}`;
}

describe('starting', () => {
  test('orders by after, even without requires', () => {
    const w = world({ plan: two });
    const id = w.act('autostart');
    expect(w.spawner.processes.map(({ launch }) => launch.owner)).toEqual(['a']);
    w.pass(1_000);
    expect(w.spawner.processes.map(({ launch }) => launch.owner)).toEqual(['a', 'b']);
    w.pass(1_000);
    expect(summaryOf(w, id)).toBe(
      'Autostart service "a" and 1 more | Done | Start service "a": Done, Start service "b": Done',
    );
  });

  test('goes on with what only follows a service that failed', () => {
    const w = world({ plan: two });
    w.spawner.refuse('a', 'cannot start: no such file');
    const id = w.act('autostart');
    w.pass(1_000);
    expect(w.service('b').current).toBe('active');
    expect(w.change(id).err).toBe(
      'cannot perform the following tasks:\n- Start service "a" (cannot start: no such file)',
    );
  });

  test('holds what requires a service that failed', () => {
    const w = world({
      plan: `
services:
  a: {override: replace, command: run a}
  c: {override: replace, command: run c, requires: [a]}
`,
    });
    w.spawner.refuse('a', 'no');
    const id = w.act('start', 'c');
    expect(summaryOf(w, id)).toBe(
      'Start service "c" and 1 more | Error | Start service "a": Error, Start service "c": Hold',
    );
  });

  test('gives a failed start the last lines of this run and what its exit means', () => {
    const w = world({ plan: two });
    const id = w.act('start', 'a');
    w.spawner.latest('a').print('hello\nno module\n');
    w.spawner.latest('a').exit(3);
    w.settle();
    expect(w.change(id).tasks[0]?.log.map((line) => line.slice(line.indexOf(' ') + 1))).toEqual([
      'INFO Most recent service output:\n    hello\n    no module',
      'ERROR service start attempt: exited quickly with code 3 (the application does not import), will restart',
    ]);
    expect(w.service('a')).toMatchObject({
      current: 'backoff',
      reason: 'exited with code 3: the application does not import',
    });
  });

  test("gives services the daemon's environment with their own on top", () => {
    const w = world({
      plan: 'services:\n  a: {override: replace, command: run a, environment: {PATH: /x, A: "1"}}',
    });
    w.act('start', 'a');
    expect(w.spawner.latest('a').launch.environment).toEqual({ PATH: '/x', INHERITED: 'yes', A: '1' });
  });

  test('of an unknown service is refused and changes nothing', () => {
    const w = world({ plan: two });
    expect(w.face.actOnServices('start', ['zz'])).toMatchObject({
      failure: { kind: 'bad-request', message: 'cannot start services: service "zz" does not exist' },
    });
    expect(w.face.changes('all', undefined)).toEqual([]);
  });

  test('with nothing enabled says so', () => {
    const w = world({ plan: 'services:\n  a: {override: replace, command: run a}' });
    expect(w.face.actOnServices('autostart', [])).toMatchObject({ failure: { kind: 'no-default-services' } });
  });
});

describe('restarting', () => {
  test('stops, then starts, and holds only the start of what would not stop', () => {
    const w = world({
      plan: 'services:\n  a: {override: replace, command: run a, kill-delay: 1s}\n  c: {override: replace, command: run c}',
    });
    w.up('a', 'c');
    const id = w.act('restart', 'a', 'c');
    w.pass(3_000);
    expect(summaryOf(w, id)).toContain('Restart service "a" and 1 more | Done');
    expect(w.service('a').current).toBe('active');
  });

  test('by policy counts, waits its backoff, and says when it will retry', () => {
    const w = world({ plan: two });
    w.up('a');
    w.spawner.latest('a').exit(1);
    w.settle();
    expect(w.service('a')).toMatchObject({ current: 'backoff', restarts: 0, lastExit: 'code 1' });
    expect(w.service('a').retryAt?.getTime()).toBe(w.clock.wall().getTime() + 500);
    w.pass(600);
    expect(w.service('a')).toMatchObject({ current: 'active', restarts: 1 });
  });

  test('by policy has a change that tells the story, one for a whole crash loop, done once it has stayed up', async () => {
    const w = world({ plan: two });
    w.up('a');
    w.spawner.latest('a').exit(3);
    w.pass(600);
    w.spawner.latest('a').exit(1);
    w.pass(1_100);
    const [recovery, ...others] = w.face.changes('all', 'a').filter(({ kind }) => kind === 'recover-service');
    expect(others).toEqual([]);
    const summary = 'Recover service "a": stopped unexpectedly with code 3: the application does not import';
    expect(recovery).toMatchObject({ summary, status: 'Doing' });
    const told = recovery?.tasks[0]?.log.map((line) => line.slice(line.indexOf(' ') + 1));
    expect(told).toEqual([
      'INFO stopped unexpectedly with code 3: the application does not import',
      'INFO waiting ~500ms before restart (backoff 1)',
      'INFO started again with pid 101',
      'INFO stopped unexpectedly with code 1',
      'INFO waiting ~1s before restart (backoff 2)',
      'INFO started again with pid 102',
    ]);
    const noted: string[] = [];
    for await (const batch of w.face.logs(['a'], 10, false, new AbortController().signal))
      noted.push(...batch.map(({ message }) => message));
    expect(noted).toEqual(told?.map((line) => line.replace('INFO', 'djsup:')));
    w.pass(30_000);
    expect(w.change(recovery?.id ?? '').status).toBe('Done');
  });

  test('that is given up by a stop has its change put on hold', () => {
    const w = world({ plan: two });
    w.up('a');
    w.spawner.latest('a').exit(3);
    w.settle();
    w.act('stop', 'a');
    const recovery = w.face.changes('all', 'a').find(({ kind }) => kind === 'recover-service');
    expect(recovery?.status).toBe('Hold');
  });

  test('and every other action is told in lines that people look for', async () => {
    const plan = (keys: string): string => `services:\n  a: {override: replace, command: run a, ${keys}}`;
    const told = async (keys: string, code: number): Promise<readonly string[]> => {
      const w = world({ plan: plan(keys) });
      w.up('a');
      w.spawner.latest('a').exit(code);
      w.settle();
      await w.listen();
      return w.log.lines
        .filter((line) => line.includes('action is'))
        .map((line) => line.replace(/^\w+ /, ''));
    };
    expect(await told('on-failure: restart', 3)).toEqual([
      'Service "a" on-failure action is "restart", waiting ~500ms before restart (backoff 1)',
    ]);
    expect(await told('on-failure: ignore', 3)).toEqual([
      'Service "a" on-failure action is "ignore", not doing anything further',
    ]);
    expect(await told('on-success: shutdown', 0)).toEqual([
      'Service "a" on-success action is "shutdown", triggering success shutdown',
    ]);
    expect(await told('on-failure: shutdown', 3)).toEqual([
      'Service "a" on-failure action is "shutdown", triggering failure shutdown',
    ]);
  });

  test('that is taken over by a start by hand has its change done', () => {
    const w = world({ plan: two });
    w.up('a');
    w.spawner.latest('a').exit(3);
    w.settle();
    w.act('start', 'a');
    const recovery = w.face.changes('all', 'a').find(({ kind }) => kind === 'recover-service');
    expect(recovery?.status).toBe('Done');
    expect(recovery?.tasks[0]?.log.at(-1)).toContain('started on request');
  });

  test('that a start by hand ends in vain has its change put on hold', () => {
    const w = world({ plan: two });
    w.up('a');
    w.spawner.latest('a').exit(3);
    w.settle();
    w.spawner.refuse('a', 'cannot start: no such file');
    w.act('start', 'a');
    const recovery = w.face.changes('all', 'a').find(({ kind }) => kind === 'recover-service');
    expect(recovery?.status).toBe('Hold');
    expect(w.service('a').current).toBe('inactive');
  });

  test('leaves to itself what only happens to share the plan', () => {
    const w = world({ plan: two });
    w.up('a', 'b');
    const before = w.service('b').pid;
    w.act('restart', 'a');
    w.pass(2_000);
    expect(w.service('b').pid).toBe(before);
  });
});

describe('replanning', () => {
  const changed = (command: string): string => `services:\n  a: {override: merge, command: ${command}}`;

  function add(w: ReturnType<typeof world>, text: string) {
    return w.face.addLayer({ label: 'more', combine: true, inner: false, text }, { uid: 0 });
  }

  test('restarts what differs and leaves the rest', () => {
    const w = world({ plan: two });
    w.up('a', 'b');
    const before = w.service('b').pid;
    expect(add(w, changed('run other')).ok).toBe(true);
    const id = w.act('replan');
    w.pass(2_000);
    expect(w.spawner.latest('a').launch.argv).toEqual(['run', 'other']);
    expect(w.service('b').pid).toBe(before);
    expect(w.change(id).status).toBe('Done');
  });

  test('does not start what somebody stopped', () => {
    const w = world({ plan: two });
    w.up('a', 'b');
    w.act('stop', 'a');
    w.pass(1_000);
    add(w, changed('run other'));
    w.act('replan');
    w.pass(2_000);
    expect(w.service('a').current).toBe('inactive');
  });

  test('with nothing to do is done at once with no tasks', () => {
    const w = world({ plan: 'services:\n  a: {override: replace, command: run a}' });
    expect(summaryOf(w, w.act('replan'))).toBe('Replan - no services | Done | ');
  });

  test('stops what the plan no longer has', () => {
    const w = world({ plan: two });
    w.up('a', 'b');
    w.supervisor.load([layer('services:\n  a: {override: replace, command: run a, startup: enabled}')]);
    w.act('replan');
    w.pass(1_000);
    expect(w.spawner.latest('b').alive).toBe(false);
    expect(w.spawner.latest('a').alive).toBe(true);
  });

  test('a refused layer leaves the plan as it was and names every error', () => {
    const w = world({ plan: two });
    const before = w.face.planText();
    const refused = add(w, 'services:\n  a: {override: merge, startup: zork, on-failure: zip}\n');
    expect(refused.ok ? '' : refused.failure.message).toMatch(
      /YAML:\nmore:2:33: .*startup.*\nmore:2:51: .*on-failure/,
    );
    expect(w.face.planText()).toBe(before);
  });
});

describe('stopping the daemon', () => {
  test('stops in reverse order, saves, and ends with its code', async () => {
    const w = world({ plan: two });
    w.up('a', 'b');
    w.supervisor.stop(0, 'Exiting on terminated signal.');
    w.settle();
    expect(w.spawner.latest('b').alive).toBe(false);
    w.pass(100);
    expect(w.spawner.latest('a').alive).toBe(false);
    expect(await w.supervisor.ended).toBe(0);
    expect(w.log.find('Stopping all running services.')).toHaveLength(1);
    expect(w.files.contents.get('/state.json')).toContain('Stop all running services');
  });

  test('kills what ignores SIGTERM at its kill-delay', async () => {
    const w = world({ plan: 'services:\n  a: {override: replace, command: run a, kill-delay: 2s}' });
    w.up('a');
    w.spawner.stubborn.add('a');
    w.supervisor.stop(0, 'bye');
    w.pass(1_900);
    expect(w.spawner.latest('a').alive).toBe(true);
    w.pass(200);
    expect(await w.supervisor.ended).toBe(0);
    expect(w.spawner.latest('a').signals).toEqual(['main SIGTERM', 'group SIGKILL']);
  });

  test('kills what its order leaves no time for, so that nothing outlives it', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const services = names.map((name, index) => {
      const after = index === 0 ? '' : `, after: [${names[index - 1]}]`;
      return `  ${name}: {override: replace, command: run ${name}, kill-delay: 2s${after}}`;
    });
    const w = world({ plan: `services:\n${services.join('\n')}` });
    w.up(...names);
    for (const name of names) w.spawner.stubborn.add(name);
    w.supervisor.stop(0, 'bye');
    w.pass(7_000);
    expect(names.filter((name) => w.spawner.latest(name).alive)).toEqual(['a', 'b']);
    w.pass(200);
    expect(await w.supervisor.ended).toBe(0);
    expect(names.filter((name) => w.spawner.latest(name).alive)).toEqual([]);
    expect(w.log.find('cannot stop in time, sending SIGKILL to: a, b')).toHaveLength(1);
    expect(w.spawner.sweeps.at(-1)).toBe('all 1000');
  });

  test('starts no check that a new plan brings', async () => {
    const w = world({ plan: 'services:\n  a: {override: replace, command: run a, kill-delay: 3s}' });
    w.up('a');
    w.spawner.stubborn.add('a');
    w.supervisor.stop(0, 'bye');
    w.settle();
    const late = 'checks:\n  late: {override: replace, period: 100ms, timeout: 100ms, tcp: {port: 1}}';
    expect(w.supervisor.load([layer(late)])).toMatchObject({ ok: true });
    w.pass(3_100);
    expect(await w.supervisor.ended).toBe(0);
    expect(w.prober.asked).toEqual([]);
  });

  test('is made quick by a second signal', async () => {
    const w = world({ plan: 'services:\n  a: {override: replace, command: run a, kill-delay: 60s}' });
    w.up('a');
    w.spawner.stubborn.add('a');
    w.supervisor.stop(0, 'bye');
    w.settle();
    w.supervisor.stop(0, 'now');
    w.settle();
    expect(await w.supervisor.ended).toBe(0);
    expect(w.spawner.latest('a').signals).toEqual(['main SIGTERM', 'group SIGKILL']);
  });

  test('refuses what is asked meanwhile and starts nothing that waits', async () => {
    const w = world({ plan: two });
    w.act('autostart');
    w.supervisor.stop(0, 'bye');
    expect(w.face.actOnServices('start', ['b'])).toMatchObject({
      failure: { message: 'cannot start services: djsup is stopping' },
    });
    w.pass(5_000);
    expect(await w.supervisor.ended).toBe(0);
    expect(w.spawner.processes).toHaveLength(1);
  });

  test.each([
    ['on-success: shutdown', 0, 0],
    ['on-failure: shutdown', 2, 10],
    ['on-failure: success-shutdown', 2, 0],
    ['on-success: failure-shutdown', 0, 10],
  ])('with %s after code %i ends with %i', async (key, code, expected) => {
    const w = world({
      plan: `services:\n  a: {override: replace, command: run a, ${key}}\n  c: {override: replace, command: run c}`,
    });
    w.up('a', 'c');
    w.spawner.latest('a').exit(code);
    w.pass(1_000);
    expect(await w.supervisor.ended).toBe(expected);
    expect(w.spawner.latest('c').alive).toBe(false);
  });

  test('with nothing running ends at once', async () => {
    const w = world({ plan: two });
    w.supervisor.stop(0, 'bye');
    w.settle();
    expect(await w.supervisor.ended).toBe(0);
  });
});

describe('state', () => {
  test('survives a crash: numbers go on, what had begun is not repeated', async () => {
    const first = world({ plan: two });
    first.act('autostart');
    await first.listen();
    const saved = first.files.contents.get('/state.json') ?? '';
    const second = world({ plan: two, files: { '/state.json': saved } });
    second.supervisor.resume();
    second.settle();
    expect(summaryOf(second, '1')).toBe(
      'Autostart service "a" and 1 more | Doing | Start service "a": Error, Start service "b": Doing',
    );
    expect(second.act('start', 'a')).toBe('2');
  });

  test('that cannot be written is kept in memory, which is said once', async () => {
    const w = world({ plan: two });
    w.files.broken = 'cannot write "/state.json": read-only file system';
    w.up('a');
    await w.listen();
    w.act('stop', 'a');
    await w.listen();
    expect(w.log.find('kept in memory only')).toHaveLength(1);
  });

  test('is saved again once there is room, and that is said', async () => {
    const w = world({ plan: two });
    w.files.broken = 'cannot write "/state.json": no space is left on the device';
    w.up('a');
    await w.listen();
    expect(w.files.contents.has('/state.json')).toBe(false);
    w.files.broken = undefined;
    w.act('stop', 'a');
    await w.listen();
    expect(w.files.contents.get('/state.json')).toContain('Stop service');
    expect(w.log.find('changes are saved')).toHaveLength(1);
  });

  test('that is broken is put aside, said, and does not stop the start', async () => {
    const w = world({ plan: two, files: { '/state.json': '{oops' } });
    await w.listen();
    expect(w.log.find('cannot use state file')).toHaveLength(1);
    expect(w.files.contents.get('/state.json.broken')).toBe('{oops');
    w.up('a');
  });
});

describe('checks', () => {
  const checked = (action: string): string => `
services:
  a: {override: replace, command: run a, on-check-failure: {web: ${action}}}
checks:
  web: {override: replace, period: 1s, threshold: 2, http: {url: "http://localhost:1/"}}
`;

  async function seconds(w: ReturnType<typeof world>, count: number): Promise<void> {
    for (let second = 0; second < count; second += 1) {
      w.pass(1_000);
      await w.listen();
    }
  }

  test('tied to a service do not run before it is up', async () => {
    const w = world({ plan: checked('restart') });
    await seconds(w, 5);
    expect(w.prober.asked).toEqual([]);
    expect(w.face.checks(undefined, [])[0]).toMatchObject({ status: 'inactive', waitingFor: ['a'] });
    w.up('a');
    await seconds(w, 2);
    expect(w.prober.asked.length).toBeGreaterThan(0);
  });

  test('that go down restart their service once and recover', async () => {
    const w = world({ plan: checked('restart') });
    w.up('a');
    w.prober.outcome = { up: false, error: 'refused', details: 'more' };
    await seconds(w, 5);
    expect(w.spawner.processes.length).toBeGreaterThan(1);
    const [check] = w.face.checks(undefined, []);
    expect(check?.status).toBe('down');
    const changes = w.face.changes('all', undefined);
    expect(changes.find((one) => one.kind === 'perform-check')).toMatchObject({
      status: 'Error',
      err: expect.stringContaining('refused; more'),
    });
    expect(changes.find((one) => one.kind === 'recover-check')).toMatchObject({
      status: 'Doing',
      id: check?.changeId,
    });
    w.prober.outcome = { up: true };
    await seconds(w, 3);
    expect(w.face.checks(undefined, [])[0]).toMatchObject({ status: 'up', prevChangeId: check?.changeId });
  });

  test('that go down shut the daemon down with 11 where the plan says so', async () => {
    const w = world({ plan: checked('shutdown') });
    w.up('a');
    w.prober.outcome = { up: false, error: 'refused', details: '' };
    await seconds(w, 4);
    expect(await w.supervisor.ended).toBe(11);
  });

  test('that fail do not cancel the restart policy', async () => {
    const w = world({ plan: checked('ignore') });
    w.up('a');
    w.prober.outcome = { up: false, error: 'refused', details: '' };
    await seconds(w, 4);
    w.spawner.latest('a').exit(1);
    w.pass(1_000);
    expect(w.service('a').current).toBe('active');
  });

  test('rewrite no state file with their results', async () => {
    const w = world({ plan: checked('ignore') });
    w.up('a');
    await w.listen();
    const { writes } = w.files;
    await seconds(w, 30);
    w.prober.outcome = { up: false, error: 'refused', details: '' };
    await seconds(w, 1);
    expect(w.files.writes).toBe(writes);
  });

  test('can be stopped, started and refreshed by name', async () => {
    const w = world({ plan: checked('ignore') });
    w.up('a');
    expect(w.face.stopChecks(['web'], { uid: 0 })).toEqual({ ok: true, value: ['web'] });
    expect(w.face.stopChecks(['web'], { uid: 0 })).toEqual({ ok: true, value: [] });
    expect(await w.face.refreshCheck('web')).toMatchObject({
      ok: true,
      value: { info: { status: 'inactive' } },
    });
    expect(w.face.startChecks(['web'])).toEqual({ ok: true, value: ['web'] });
    w.prober.outcome = { up: false, error: 'refused', details: '' };
    const refreshed = w.face.refreshCheck('web');
    await w.listen();
    expect(await refreshed).toMatchObject({ ok: true, value: { error: 'refused', info: { failures: 1 } } });
    expect(w.face.startChecks(['nope', 'x'])).toMatchObject({
      failure: { message: 'cannot start checks: cannot find checks in plan: nope, x' },
    });
    expect(w.log.find('sys_monitor_disabled:0,web')).toHaveLength(1);
  });

  test('begin anew with changed settings and stop when disabled', async () => {
    const w = world({ plan: checked('ignore') });
    w.up('a');
    const [before] = w.face.checks(undefined, []);
    w.face.addLayer({ label: 'x', combine: false, inner: false, text: 'summary: same\n' }, { uid: 0 });
    expect(w.face.checks(undefined, [])[0]?.changeId).toBe(before?.changeId);
    w.face.addLayer(
      { label: 'yyy', combine: false, inner: false, text: 'checks:\n  web: {override: merge, period: 2s}\n' },
      { uid: 0 },
    );
    expect(w.face.checks(undefined, [])[0]?.changeId).not.toBe(before?.changeId);
    w.face.addLayer(
      {
        label: 'zzz',
        combine: false,
        inner: false,
        text: 'checks:\n  web: {override: merge, startup: disabled}\n',
      },
      { uid: 0 },
    );
    expect(w.face.checks(undefined, [])[0]).toMatchObject({ status: 'inactive', startup: 'disabled' });
  });
});

describe('changes', () => {
  test('can be waited for, in vain until the time is up', async () => {
    const w = world({ plan: two });
    const id = w.act('start', 'a');
    const { signal } = new AbortController();
    const short = w.face.waitChange(id, 100, signal);
    const long = w.face.waitChange(id, undefined, signal);
    w.pass(100);
    expect(await short).toMatchObject({
      failure: { kind: 'time-out', message: 'timed out waiting for change after 100ms' },
    });
    w.pass(1_000);
    expect(await long).toMatchObject({ ok: true, value: { status: 'Done', ready: true } });
    expect(await w.face.waitChange('99', 100, signal)).toMatchObject({ failure: { kind: 'not-found' } });
  });

  test('are bounded in number, however fast they come', () => {
    const w = world({ plan: two });
    w.up('a');
    for (let count = 0; count < 2_500; count += 1) w.act('start', 'a');
    expect(w.face.changes('all', undefined).length).toBeLessThanOrEqual(2_000);
    expect(w.act('start', 'a')).toBe('2502');
  });

  test('can be aborted while they run and not afterwards', () => {
    const w = world({ plan: two });
    const id = w.act('autostart');
    expect(w.face.abortChange(id).ok).toBe(true);
    w.settle();
    expect(summaryOf(w, id)).toContain('Start service "a": Error, Start service "b": Hold');
    expect(w.spawner.latest('a').signals).toEqual(['group SIGKILL']);
    expect(w.face.abortChange(id)).toMatchObject({
      failure: { message: `cannot abort change ${id} with nothing pending` },
    });
  });

  test('are found by service and by state', () => {
    const w = world({ plan: two });
    w.act('start', 'a');
    expect(w.face.changes('in-progress', 'a')).toHaveLength(1);
    expect(w.face.changes('in-progress', 'b')).toHaveLength(0);
    expect(w.face.changes('ready', undefined)).toHaveLength(0);
  });
});

describe('signals', () => {
  test('reach the main process only, and all errors are told', () => {
    const w = world({ plan: two });
    w.up('a');
    expect(w.face.signalServices('SIGHUP', ['a']).ok).toBe(true);
    expect(w.spawner.latest('a').signals).toEqual(['main SIGHUP']);
    expect(w.face.signalServices('SIGHUP', ['b', 'zz'])).toMatchObject({
      failure: {
        kind: 'internal',
        message:
          'cannot send signal to "b": service is not running; cannot send signal to "zz": service is not running',
      },
    });
    expect(w.face.signalServices('SIGFOO', ['a'])).toMatchObject({
      failure: { message: 'cannot send signal to "a": invalid signal name "SIGFOO"' },
    });
  });
});

describe('logs', () => {
  async function collect(batches: AsyncIterable<readonly LogRecord[]>): Promise<string[]> {
    const all: string[] = [];
    for await (const batch of batches)
      all.push(...batch.map(({ service, message }) => `${service}: ${message}`));
    return all;
  }

  test('are merged by time, the unfinished line included', async () => {
    const w = world({ plan: two, verbose: true });
    w.up('a', 'b');
    w.spawner.latest('a').print('one\n');
    w.clock.pass(5);
    w.spawner.latest('b').print('two\n');
    w.clock.pass(5);
    w.spawner.latest('a').print('three');
    const { signal } = new AbortController();
    expect(await collect(w.face.logs([], 30, false, signal))).toEqual(['a: one', 'b: two', 'a: three']);
    expect(await collect(w.face.logs(['a'], 1, false, signal))).toEqual(['a: three']);
    expect(w.copied[0]).toMatch(/Z \[a\] one\n$/);
    w.spawner.latest('a').exit(0);
    expect(await collect(w.face.logs(['a'], -1, false, signal))).toEqual([
      'a: one',
      'a: three',
      'a: djsup: stopped unexpectedly with code 0',
      'a: djsup: waiting ~500ms before restart (backoff 1)',
    ]);
  });

  test('can be followed, services that start later included', async () => {
    const w = world({ plan: two });
    const stop = new AbortController();
    const lines = collect(w.face.logs([], 0, true, stop.signal));
    await w.listen();
    w.up('a');
    w.spawner.latest('a').print('late\n');
    await w.listen();
    stop.abort();
    expect(await lines).toEqual(['a: late']);
  });

  test('of a reader that is too slow are cut, and it is told', async () => {
    const w = world({ plan: two });
    const stop = new AbortController();
    const batches = w.face.logs([], 0, true, stop.signal)[Symbol.asyncIterator]();
    await batches.next();
    const next = batches.next();
    w.up('a');
    w.spawner.latest('a').print('x\n'.repeat(6_000));
    const batch = (await next).value as readonly LogRecord[];
    const rest = batch.length === 1 ? ((await batches.next()).value as readonly LogRecord[]) : batch;
    expect(rest.at(-1)?.message).toContain('too slow for');
    stop.abort();
  });

  test('that mean trouble are warned about', () => {
    const w = world({ plan: two });
    w.up('a');
    w.spawner.latest('a').print('boot\n');
    expect(w.log.find('Service "a": workers exit at boot')).toHaveLength(1);
    const reason = () => w.face.services(['a'])[0]?.reason;
    expect(reason()).toBe('workers exit at boot');
    w.pass(200_000);
    expect(reason()).toBeUndefined();
  });
});

describe('a bug in one turn', () => {
  test('is logged and does not stop the daemon', () => {
    const w = world({ plan: two });
    w.up('a');
    const { events } = w.spawner.latest('a');
    // An exit of no known form is what no process can have.
    events.exited(undefined as never, true);
    expect(w.log.find('bug in turn "exit of a"')).toHaveLength(1);
    w.up('b');
    expect(w.service('b').current).toBe('active');
  });
});
