// Who may do what: Pebble's access matrix, for the endpoints that there are.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mayUse, type Access } from '../../src/api/access.ts';
import { routeTable } from '../../src/api/route-table.ts';
import { daemonUser, harness, network, otherUser, root, unknownUser, type Harness } from './harness.ts';

const matrix: Readonly<Record<string, Access>> = {
  'GET /v1/system-info': 'open',
  'GET /v1/health': 'open',
  'GET /v1/metrics': 'metrics',
  'GET /v1/changes': 'read',
  'GET /v1/changes/{id}': 'read',
  'GET /v1/changes/{id}/wait': 'read',
  'GET /v1/services': 'read',
  'GET /v1/services/{name}': 'read',
  'GET /v1/leader': 'read',
  'GET /v1/notices': 'read',
  'GET /v1/notices/{id}': 'read',
  'POST /v1/notices': 'read',
  'GET /v1/logs': 'read',
  'GET /v1/checks': 'read',
  'GET /v1/plan': 'admin',
  'GET /v1/layers': 'admin',
  'POST /v1/services': 'admin',
  'POST /v1/services/{name}': 'admin',
  'POST /v1/leader': 'admin',
  'POST /v1/changes/{id}': 'admin',
  'POST /v1/layers': 'admin',
  'POST /v1/signals': 'admin',
  'POST /v1/checks': 'admin',
  'POST /v1/checks/refresh': 'admin',
};

let api: Harness;
beforeAll(() => {
  api = harness();
});
afterAll(() => api.app.fastify.close());

test('the matrix names every endpoint, and no other', () => {
  expect(routeTable.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
    Object.keys(matrix).toSorted(),
  );
});

test.each(Object.entries(matrix))('%s is %s', async (endpoint, access) => {
  const [method = '', path = ''] = endpoint.split(' ');
  const url = path.replace(/\{\w+\}/, '1');
  const denied = async (peer: Parameters<typeof mayUse>[1]) =>
    (await api.ask(method, url, { peer })).status === 401;
  expect(await denied(root)).toBe(false);
  expect(await denied(daemonUser)).toBe(false);
  expect(await denied(otherUser)).toBe(access === 'admin');
  expect(await denied(unknownUser)).toBe(access !== 'open');
  expect(await denied(network)).toBe(access !== 'open');
});

test('uid 0 on the network side of things is nobody: only the socket tells uids', () => {
  expect(mayUse('read', network, { ownUid: 0, network: 'open' })).toBe(false);
  expect(mayUse('admin', root, { ownUid: 1000, network: 'open' })).toBe(true);
});

test('where metrics are open, the network gets them and nothing more', () => {
  const rules = { ownUid: 1000, network: 'metrics' } as const;
  expect(mayUse('metrics', network, rules)).toBe(true);
  expect(mayUse('read', network, rules)).toBe(false);
  expect(mayUse('metrics', unknownUser, rules)).toBe(false);
});
