// GET and POST /v1/notices: what is asked of the daemon, and what is refused.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { harness, messageOf, otherUser, root, type Harness } from './harness.ts';

let api: Harness;
beforeEach(() => {
  api = harness();
});
afterEach(() => api.app.fastify.close());

const all = { userId: 0, types: [], keys: [], after: undefined };

test('a notice travels in the shape of Pebble, its times in UTC', async () => {
  const { status, text } = await api.ask('GET', '/v1/notices/5');
  expect(status).toBe(200);
  expect((JSON.parse(text) as { result: unknown }).result).toEqual({
    id: '5',
    'user-id': null,
    type: 'custom',
    key: 'djsup.dev/leader-gained',
    'first-occurred': '2026-11-20T22:55:49Z',
    'last-occurred': '2026-11-20T22:55:50.5Z',
    'last-repeated': '2026-11-20T22:55:50.5Z',
    occurrences: 2,
    'last-data': { group: 'schedulers' },
    'repeat-after': '1m0s',
    'expire-after': '168h0m0s',
  });
});

test.each([
  ['', all, 0],
  ['?types=custom,foo&types=warning', { ...all, types: ['custom', 'warning'] }, 0],
  ['?keys=a.b/c,1&timeout=1m', { ...all, keys: ['a.b/c', '1'] }, 60_000],
  ['?after=2026-11-20T22:55:49.5%2B01:00', { ...all, after: new Date('2026-11-20T21:55:49.5Z') }, 0],
  ['?user-id=42', { ...all, userId: 42 }, 0],
  ['?users=all', { ...all, userId: undefined }, 0],
])('GET /v1/notices%s asks for what it says', async (query, filter, timeout) => {
  expect((await api.ask('GET', `/v1/notices${query}`)).status).toBe(200);
  expect(api.asked).toEqual([['notices', filter, timeout]]);
});

test('of unknown types alone nothing is waited for', async () => {
  const { text } = await api.ask('GET', '/v1/notices?types=foo&timeout=1h');
  expect(text).toContain('"result":[]');
  expect(api.asked).toEqual([]);
});

test.each([
  ['?after=zz', 'invalid "after" timestamp: "zz" is no RFC 3339 time, such as "2026-11-20T22:55:49Z"'],
  ['?after=2020-01-01', /^invalid "after" timestamp: /],
  ['?timeout=zz', /^invalid timeout: /],
  ['?users=zz', 'invalid "users" filter: must be "all"'],
  ['?users=all&user-id=1', 'cannot use both "users" and "user-id" parameters'],
  ['?user-id=1&user-id=2', 'invalid "user-id" filter: must only include one "user-id"'],
  ['?user-id=-1', 'invalid "user-id" filter: user ID is not a valid uint32: -1'],
  ['?user-id=4294967296', 'invalid "user-id" filter: user ID is not a valid uint32: 4294967296'],
])('GET /v1/notices%s is refused', async (query, message) => {
  const reply = await api.ask('GET', `/v1/notices${query}`);
  expect(reply.status).toBe(400);
  expect(messageOf(reply)).toMatch(message);
});

test('who is no admin sees his own and the public ones, and may ask for no others', async () => {
  await api.ask('GET', '/v1/notices', { peer: otherUser });
  await api.ask('GET', '/v1/notices/5', { peer: otherUser });
  await api.ask('GET', '/v1/notices/5', { peer: root });
  expect(api.asked).toEqual([
    ['notices', { ...all, userId: 2000 }, 0],
    ['notice', '5', 2000],
    ['notice', '5', undefined],
  ]);
  for (const [filter, value] of [
    ['user-id', '0'],
    ['users', 'all'],
  ]) {
    const reply = await api.ask('GET', `/v1/notices?${filter}=${value}`, { peer: otherUser });
    expect([reply.status, messageOf(reply)]).toEqual([403, `only admins may use the "${filter}" filter`]);
  }
});

const custom = { action: 'add', type: 'custom', key: 'a.b/c' };

test('a custom notice is recorded for the caller', async () => {
  const body = JSON.stringify({ ...custom, 'repeat-after': '1h', data: { x: 'y' } });
  expect((await api.ask('POST', '/v1/notices', { body, peer: otherUser })).text).toContain('{"id":"6"}');
  await api.ask('POST', '/v1/notices', { body: JSON.stringify({ ...custom, 'repeat-after': '-1s' }) });
  expect(api.asked).toEqual([
    ['addNotice', { userId: 2000, key: 'a.b/c', data: { x: 'y' }, repeatAfter: 3_600_000 }],
    ['addNotice', { userId: 0, key: 'a.b/c', data: {}, repeatAfter: 0 }],
  ]);
});

test.each([
  [{}, 'invalid action ""'],
  [{ action: 'add' }, 'invalid type "" (can only add "custom" notices)'],
  [{ ...custom, type: 'warning' }, 'invalid type "warning" (can only add "custom" notices)'],
  [{ ...custom, 'repeat-after': 'zz' }, /^invalid repeat-after: /],
  [{ ...custom, data: 1 }, 'cannot decode notice data: it must be texts by name'],
  [{ ...custom, data: { a: 1 } }, 'cannot decode notice data: it must be texts by name'],
])('POST /v1/notices of %j is refused', async (body, message) => {
  const reply = await api.ask('POST', '/v1/notices', { body: JSON.stringify(body) });
  expect(reply.status).toBe(400);
  expect(messageOf(reply)).toMatch(message);
  expect(api.asked).toEqual([]);
});
