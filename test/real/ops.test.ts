// The Python library that charms use, ops, against a real djsup: its Pebble client must find what it expects of Pebble.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pythonForTests } from '../support/python.ts';
import { root, startRig, until } from '../support/rig.ts';
import type { Json, Rig } from '../support/rig.ts';

const python = pythonForTests();
const missing =
  spawnSync(python, ['-c', 'import ops.pebble']).status === 0
    ? undefined
    : `"${python}" has no ops: run "npm run setup" without DJSUP_TEST_PYTHON`;
beforeEach(({ skip }) => skip(missing !== undefined, missing));

const layer = `
services:
  web: {override: replace, command: sleep 1000, startup: enabled, environment: {A: b}}
  worker: {override: replace, command: sleep 1001, requires: [web]}
  broken: {override: replace, command: "sh -c 'echo oops; exit 3'", on-failure: ignore}
checks:
  up: {override: replace, level: alive, period: 100ms, exec: {command: 'true'}}
  off: {override: replace, startup: disabled, tcp: {port: 1}}
`;

let rig: Rig | undefined;

beforeAll(async () => {
  if (missing !== undefined) return;
  rig = await startRig({ layers: { base: layer }, through: ['env'] });
  await until('web is up', async () => (await changes('autostart'))[0]?.status === 'Done');
});
afterAll(() => rig?.[Symbol.asyncDispose]());

async function changes(kind: string): Promise<Json[]> {
  const { json } = (await rig?.api('GET', '/v1/changes?select=all')) ?? {};
  return json.result.filter((change: Json) => change.kind === kind);
}

/** What the expression of the client `c` gives, or the error it raises. */
function ops(expression: string): Json {
  const socket = join(rig?.directory ?? '', '.djsup.socket');
  const done = spawnSync(python, [join(root, 'test/support/ops_client.py'), socket, expression], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  if (done.status !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout);
}

describe('services', () => {
  test('are listed', () => {
    const listed = ops('[(s.name, s.startup, s.current, s.is_running()) for s in c.get_services()]');
    expect(listed.value).toEqual([
      ['broken', 'disabled', 'inactive', false],
      ['web', 'enabled', 'active', true],
      ['worker', 'disabled', 'inactive', false],
    ]);
    expect(ops('[s.name for s in c.get_services(["web", "nope"])]').value).toEqual(['web']);
  });

  test('start, restart and stop, and the call waits for it', () => {
    const running = '[s.is_running() for s in c.get_services(["web", "worker"])]';
    expect(ops(`(c.start_services(["worker"]), ${running})[1]`).value).toEqual([true, true]);
    expect(ops(`(c.restart_services(["worker"]), ${running})[1]`).value).toEqual([true, true]);
    expect(ops(`(c.stop_services(["worker"]), ${running})[1]`).value).toEqual([true, false]);
    expect(ops('c.wait_change(c.replan_services(timeout=0)).status').value).toBe('Done');
    expect(ops('c.wait_change(c.autostart_services(timeout=0)).kind').value).toBe('autostart');
  });

  test('that do not start raise the error of the change, with what they printed', () => {
    const { error, message } = ops('c.start_services(["broken"])');
    expect(error).toBe('ChangeError');
    expect(message).toContain('- Start service "broken" (service start attempt: exited quickly with code 3');
    expect(message).toContain('Most recent service output:\n    oops');
    expect(ops('c.start_services(["nope"])')).toEqual({
      error: 'APIError',
      message: 'cannot start services: service "nope" does not exist',
    });
  });

  test('get signals', () => {
    expect(ops('c.send_signal("SIGURG", ["web"])')).toEqual({ value: null });
    expect(ops('c.send_signal("SIGURG", ["worker"])').message).toBe(
      'cannot send signal to "worker": service is not running',
    );
  });
});

describe('changes', () => {
  test('are listed, filtered and found by id', () => {
    expect(
      ops('{x.kind for x in c.get_changes(p.ChangeState.ALL)} >= {"autostart", "perform-check"}'),
    ).toEqual({
      value: true,
    });
    expect(ops('[x.summary for x in c.get_changes(p.ChangeState.ALL, service="web")][0]').value).toBe(
      'Autostart service "web"',
    );
    const found = ops(
      '[(x.ready, x.err, x.spawn_time <= x.ready_time, x.tasks[0].summary) for x in [c.get_change("2")]]',
    );
    expect(found.value).toEqual([[true, null, true, 'Start service "web"']]);
    expect(ops('c.get_change("999")').message).toBe('cannot find change with id "999"');
  });

  test('are waited for until a time-out, and aborted', () => {
    const start = 'c.start_services(["worker"], timeout=0)';
    expect(ops(`c.wait_change(${start}, timeout=0.1)`).error).toBe('TimeoutError');
    expect(ops('c.stop_services(["worker"])').error).toBeUndefined();
    expect(ops(`c.wait_change(c.abort_change(${start}).id).err`).value).toContain('start aborted');
    expect(ops('c.abort_change("2")').message).toBe('cannot abort change 2 with nothing pending');
  });
});

describe('the plan', () => {
  test('is read, and layers are added and combined', () => {
    expect(ops('c.get_plan().services["web"]').value).toMatchObject({
      command: 'sleep 1000',
      startup: 'enabled',
    });
    const added = { services: { extra: { override: 'replace', command: 'sleep 5' } } };
    expect(ops(`c.add_layer("more", ${JSON.stringify(added)})`)).toEqual({ value: null });
    expect(ops(`c.add_layer("more", ${JSON.stringify(added)})`).message).toBe('layer "more" already exists');
    const merged = { services: { extra: { override: 'merge', environment: { A: "it's: b" } } } };
    expect(ops(`c.add_layer("more", p.Layer(${JSON.stringify(merged)}), combine=True)`)).toEqual({
      value: null,
    });
    expect(ops('c.get_plan().services["extra"]').value).toEqual({
      override: 'replace',
      command: 'sleep 5',
      environment: { A: "it's: b" },
    });
    expect(ops('c.add_layer("bad", "services: {x: {override: merge}}")').message).toBe(
      'bad:1:12: plan must define "command" for service "x"',
    );
  });

  test('of a change to a running service is carried out by a replan', () => {
    const changed = { services: { web: { override: 'merge', environment: { A: 'c' } } } };
    expect(ops(`(c.add_layer("env", ${JSON.stringify(changed)}), c.replan_services())[0]`)).toEqual({
      value: null,
    });
    expect(ops('[x.summary for x in c.get_changes(p.ChangeState.ALL) if x.kind == "replan"][-1]').value).toBe(
      'Replan service "web"',
    );
  });
});

describe('checks', () => {
  test('are listed, stopped and started', async () => {
    await until('up has succeeded', () => ops('c.get_checks(names=["up"])[0].successes').value > 0);
    expect(
      ops('[(x.name, x.level, x.status, x.failures, x.threshold) for x in c.get_checks()]').value,
    ).toEqual([
      ['off', '', 'inactive', 0, 3],
      ['up', 'alive', 'up', 0, 3],
    ]);
    expect(ops('[x.name for x in c.get_checks(level=p.CheckLevel.ALIVE)]').value).toEqual(['up']);
    expect(ops('c.stop_checks(["up", "off"])').value).toEqual(['up']);
    expect(ops('c.start_checks(["up"])').value).toEqual(['up']);
    expect(ops('c.start_checks(["nope"])').message).toBe(
      'cannot start checks: cannot find checks in plan: nope',
    );
  });
});

test('the system tells its version', () => {
  expect(ops('c.get_system_info().version').value).toMatch(/^\d+\.\d+\.\d+/);
});
