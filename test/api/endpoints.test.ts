// Each endpoint: what it asks the daemon for, what it refuses, and that its reply has the shape in its row.
import * as z from 'zod/mini';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { routeTable } from '../../src/api/route-table.ts';
import type { Route } from '../../src/api/route.ts';
import { replies } from '../../src/wire/replies.ts';
import { harness, messageOf, type Answered, type Harness } from './harness.ts';

let api: Harness;
beforeEach(() => {
  api = harness();
});
afterEach(() => api.app.fastify.close());

const resultOf = (answered: Answered) => (JSON.parse(answered.text) as { result: unknown }).result;

/** One request for each row that must succeed. */
const requests: Readonly<Record<string, { url?: string; body?: object }>> = {
  'GET /v1/system-info': {},
  'GET /v1/health': { url: '/v1/health?level=ready&names=a' },
  'GET /v1/checks': {},
  'POST /v1/checks': { body: { action: 'start', checks: ['c'] } },
  'POST /v1/checks/refresh': { body: { name: 'ready' } },
  'GET /v1/services': {},
  'POST /v1/services': { body: { action: 'replan' } },
  'GET /v1/leader': {},
  'POST /v1/leader': { body: { action: 'resume' } },
  'GET /v1/changes': { url: '/v1/changes?select=all' },
  'GET /v1/changes/{id}': { url: '/v1/changes/1' },
  'POST /v1/changes/{id}': { url: '/v1/changes/1', body: { action: 'abort' } },
  'GET /v1/changes/{id}/wait': { url: '/v1/changes/1/wait' },
  'GET /v1/notices': {},
  'GET /v1/notices/{id}': { url: '/v1/notices/5' },
  'POST /v1/notices': { body: { action: 'add', type: 'custom', key: 'a.b/c' } },
  'GET /v1/plan': { url: '/v1/plan?format=yaml' },
  'GET /v1/layers': {},
  'POST /v1/layers': { body: { action: 'add', label: 'x', format: 'yaml', layer: '{}' } },
  'POST /v1/signals': { body: { signal: 'SIGHUP', services: ['a'] } },
  'GET /v1/logs': {},
};

describe('every reply has the shape in its row', () => {
  /** Strict: a key that the shape does not know is a difference. */
  const matches = (shape: z.ZodMiniType, value: unknown) => {
    const parsed = shape.safeParse(value);
    return parsed.success && JSON.stringify(parsed.data) === JSON.stringify(value);
  };

  const ask = (route: Route) => {
    const { url = route.path, body } = requests[`${route.method} ${route.path}`] ?? {};
    return api.ask(route.method, url, { ...(body && { body: JSON.stringify(body) }) });
  };
  const synchronous = routeTable.flatMap((route) =>
    typeof route.result === 'string' ? [] : [{ ...route, shape: route.result }],
  );

  test.each(synchronous)('$method $path', async (route) => {
    const reply = await ask(route);
    expect(reply.status).toBe(200);
    expect(matches(route.shape, resultOf(reply))).toBe(true);
  });

  test.each(routeTable.filter(({ result }) => result === 'change'))('$method $path', async (route) => {
    expect((await ask(route)).status).toBe(202);
  });

  test.each(routeTable.filter(({ result }) => result === 'lines'))('$method $path', async (route) => {
    const lines = (await ask(route)).text.trimEnd().split('\n');
    expect(lines.map((line) => matches(replies.logEntry, JSON.parse(line)))).toEqual([true, true]);
  });

  test.each(routeTable.filter(({ result }) => result === 'none'))('$method $path', async (route) => {
    const refused = await api.ask(route.method, route.path.replace('{name}', 'a'));
    expect([refused.status, messageOf(refused)]).toEqual([400, 'not implemented']);
  });

  test('a planted key, and a planted wrong type, are seen', () => {
    const shape = z.object({ a: z.string() });
    expect(matches(shape, { a: 'x' })).toBe(true);
    expect(matches(shape, { a: 'x', b: 1 })).toBe(false);
    expect(matches(shape, { a: 1 })).toBe(false);
  });
});

test('services are told in full, in the order of keys that clients know', async () => {
  expect((await api.ask('GET', '/v1/services')).text).toMatch(
    /"result":\[\{"name":"django","startup":"enabled","current":"backoff","current-since":"2026-11-2\dT[^"]*49\.66[^"]+","state":"backoff","pid":42,/,
  );
});

test('what is not known or empty is left out', async () => {
  const text = (await api.ask('GET', '/v1/changes/2')).text;
  expect(text).toContain('"status":"Done","ready":false,"spawn-time":');
  for (const key of ['tasks', 'err', 'ready-time', 'null']) expect(text).not.toContain(key);
});

describe('what the daemon is asked', () => {
  test.each([
    ['/v1/health', ['health', undefined, []]],
    ['/v1/health?level=alive&names=a,b', ['health', 'alive', ['a', 'b']]],
    ['/v1/checks?level=ready&names=c', ['checks', 'ready', ['c']]],
    ['/v1/services?names=a', ['services', ['a']]],
    ['/v1/leader?groups=a,b', ['leaders', ['a', 'b']]],
    ['/v1/changes', ['changes', 'in-progress', undefined]],
    ['/v1/changes?select=&for=', ['changes', 'in-progress', undefined]],
    ['/v1/changes?select=ready&for=a', ['changes', 'ready', 'a']],
    ['/v1/changes/1/wait', ['waitChange', '1', undefined]],
    ['/v1/changes/1/wait?timeout=0s', ['waitChange', '1', undefined]],
    ['/v1/changes/1/wait?timeout=4.000s', ['waitChange', '1', 4000]],
    ['/v1/logs', ['logs', [], 30, false]],
    ['/v1/logs?follow=false&n=0', ['logs', [], 0, false]],
    ['/v1/logs?follow=true', ['logs', [], 0, true]],
    ['/v1/logs?follow=true&n=5&services=a,b', ['logs', ['a', 'b'], 5, true]],
    ['/v1/logs?n=-1', ['logs', [], -1, false]],
  ])('GET %s', async (url, call) => {
    await api.ask('GET', url);
    expect(api.asked).toEqual([call]);
  });

  test.each([
    ['/v1/services', { action: 'stop', services: ['a', 'b'] }, ['actOnServices', 'stop', ['a', 'b']]],
    ['/v1/services', { action: 'autostart', services: [] }, ['actOnServices', 'autostart', []]],
    ['/v1/leader', { action: 'step-down' }, ['actOnLeaders', { action: 'step-down', span: 0 }, []]],
    [
      '/v1/leader',
      { action: 'step-down', for: '5m', groups: ['g'] },
      ['actOnLeaders', { action: 'step-down', span: 300_000 }, ['g']],
    ],
    ['/v1/leader', { action: 'pause' }, ['actOnLeaders', { action: 'pause', span: undefined }, []]],
    ['/v1/leader', { action: 'resume' }, ['actOnLeaders', { action: 'resume' }, []]],
    ['/v1/leader', { action: 'transfer', to: 'b' }, ['actOnLeaders', { action: 'transfer', to: 'b' }, []]],
    ['/v1/checks', { action: 'start', checks: ['c'] }, ['startChecks', ['c']]],
    ['/v1/checks', { action: 'stop', checks: ['c'] }, ['stopChecks', ['c'], { uid: 0 }]],
    ['/v1/changes/1', { action: 'abort' }, ['abortChange', '1']],
    ['/v1/signals', { signal: 'HUP', services: ['a'] }, ['signalServices', 'HUP', ['a']]],
    [
      '/v1/layers',
      { action: 'add', combine: true, label: 'x/y', format: 'yaml', layer: 'services: {}' },
      ['addLayer', { label: 'x/y', combine: true, inner: false, text: 'services: {}' }, { uid: 0 }],
    ],
  ])('POST %s %j', async (url, body, call) => {
    await api.ask('POST', url, { body: JSON.stringify(body) });
    expect(api.asked).toEqual([call]);
  });
});

describe('what is refused', () => {
  test.each([
    ['/v1/health?level=zip', 400, 'level must be "alive" or "ready"'],
    ['/v1/checks?level=Alive', 400, 'level must be "alive" or "ready"'],
    ['/v1/changes?select=zip', 400, 'select should be one of: all,in-progress,ready'],
    ['/v1/changes/999', 404, 'cannot find change with id "999"'],
    ['/v1/changes/999/wait', 404, 'cannot find change with id "999"'],
    ['/v1/changes/999/wait?timeout=-1s', 404, 'cannot find change with id "999"'],
    ['/v1/changes/1/wait?timeout=100ms', 504, 'timed out waiting for change after 100ms'],
    ['/v1/changes/1/wait?timeout=90s', 504, 'timed out waiting for change after 1m30s'],
    ['/v1/changes/1/wait?timeout=-1s', 504, 'timed out waiting for change after -1s'],
    ['/v1/plan', 400, 'invalid format ""'],
    ['/v1/plan?format=json', 400, 'invalid format "json"'],
    ['/v1/logs?follow=1', 400, 'follow parameter must be "true" or "false"'],
  ])('GET %s', async (url, status, message) => {
    const reply = await api.ask('GET', url);
    expect([reply.status, messageOf(reply)]).toEqual([status, message]);
  });

  test.each(['-2', 'x', '1.5', '1e3', '0x10', '99999999999999999999'])('a count of %s lines', async (n) => {
    const reply = await api.ask('GET', `/v1/logs?n=${n}`);
    expect([reply.status, messageOf(reply)]).toEqual([400, 'n must be -1, 0, or a positive integer']);
  });

  test.each(['zz', '5', '1 s'])('a time-out of %j', async (text) => {
    const reply = await api.ask('GET', `/v1/changes/1/wait?timeout=${encodeURIComponent(text)}`);
    expect(reply.status).toBe(400);
    expect(messageOf(reply)).toContain(`invalid timeout: invalid duration "${text}"`);
  });

  test.each([
    ['/v1/leader', {}, 'invalid action ""'],
    ['/v1/leader', { action: 'transfer' }, 'must specify "to" for transfer action: the name of a replica'],
    [
      '/v1/leader',
      { action: 'pause', for: '5' },
      'invalid "for": invalid duration "5", write a number with a unit, like "500ms" or "1m30s"',
    ],
    ['/v1/leader', { action: 'pause', for: '-1s' }, 'invalid "for": it must not be negative'],
    ['/v1/services', {}, 'must specify services for  action'],
    ['/v1/services', { action: 'start' }, 'must specify services for start action'],
    ['/v1/services', { action: 'restart', services: [] }, 'must specify services for restart action'],
    ['/v1/services', { action: 'foo', services: ['a'] }, 'invalid action "foo"'],
    ['/v1/services', { action: 'toString', services: ['a'] }, 'invalid action "toString"'],
    ['/v1/services', { action: 'replan', services: ['a'] }, 'replan accepts no service names'],
    ['/v1/services', { action: 'autostart', services: ['a'] }, 'autostart accepts no service names'],
    ['/v1/checks', { action: 'zip' }, 'must specify checks for zip action'],
    ['/v1/checks', { action: 'zip', checks: ['c'] }, 'invalid action "zip"'],
    ['/v1/checks/refresh', {}, 'must specify check name'],
    ['/v1/changes/1', { action: 'zip' }, 'invalid action "zip"'],
    ['/v1/signals', { signal: 'SIGHUP' }, 'must specify one or more services'],
    ['/v1/layers', {}, 'invalid action ""'],
    ['/v1/layers', { action: 'add' }, 'label must be set'],
    ['/v1/layers', { action: 'add', label: 'x' }, 'invalid format ""'],
  ])('POST %s %j', async (url, body, message) => {
    const reply = await api.ask('POST', url, { body: JSON.stringify(body) });
    expect([reply.status, messageOf(reply)]).toEqual([400, message]);
    expect(api.asked).toEqual([]);
  });

  test('a change or check that there is not', async () => {
    const abort = await api.ask('POST', '/v1/changes/999', { body: '{"action":"abort"}' });
    expect([abort.status, messageOf(abort)]).toEqual([404, 'cannot find change with id "999"']);
    const refresh = await api.ask('POST', '/v1/checks/refresh', { body: '{"name":"zzz"}' });
    expect([refresh.status, messageOf(refresh)]).toEqual([404, 'cannot find check with name "zzz"']);
  });
});
