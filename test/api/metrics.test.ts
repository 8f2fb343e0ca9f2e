// /v1/metrics as a scraper sees it, who may, and what requests leave behind for the metrics.
import { afterEach, expect, test } from 'vitest';
import type { Daemon } from '../../src/daemon/face.ts';
import { readExposition } from '../support/prometheus.ts';
import { harness, network, otherUser, unknownUser, type Harness } from './harness.ts';

const open: Harness[] = [];

function make(...given: Parameters<typeof harness>): Harness {
  const api = harness(...given);
  open.push(api);
  return api;
}

afterEach(async () => {
  for (const api of open.splice(0)) await api.app.fastify.close();
});

/** Collects what the daemon is told of requests, durations left out. */
function counting(): { readonly told: unknown[][]; readonly daemon: Partial<Daemon> } {
  const told: unknown[][] = [];
  return { told, daemon: { requested: (...request) => void told.push(request.slice(0, 3)) } };
}

test('the answer is plain text of version 0.0.4, families with their HELP and TYPE', async () => {
  const reply = await make().ask('GET', '/v1/metrics');
  expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(reply.text).toBe(
    '# HELP djsup_service_starts_total Starts.\n# TYPE djsup_service_starts_total counter\ndjsup_service_starts_total{service="a \\"b\\""} 3\n',
  );
  expect(readExposition(reply.text).size).toBe(1);
});

test('any local user may scrape; the network only where metrics are open, and nothing else then', async () => {
  const closed = make();
  const opened = make({}, [], 'metrics');
  const status = async (api: Harness, url: string, peer: typeof network): Promise<number> =>
    (await api.ask('GET', url, { peer })).status;
  expect(await status(closed, '/v1/metrics', otherUser)).toBe(200);
  expect(await status(closed, '/v1/metrics', network)).toBe(401);
  expect(await status(opened, '/v1/metrics', network)).toBe(200);
  expect(await status(opened, '/v1/metrics', unknownUser)).toBe(401);
  expect(await status(opened, '/v1/services', network)).toBe(401);
});

test('scrapes are not in the request log', async () => {
  const api = make();
  await api.ask('GET', '/v1/metrics');
  expect(api.logged).toEqual([]);
});

test('requests are counted by pattern, whatever paths clients make up', async () => {
  const { told, daemon } = counting();
  const api = make(daemon);
  await api.ask('GET', '/v1/changes/1');
  await api.ask('GET', '/v1/changes/99');
  await api.ask('GET', '/v1/made/up');
  await api.ask('PUT', '/v1/services');
  await api.ask('GET', '/v1/services', { peer: network });
  expect(told).toEqual([
    ['/v1/changes/{id}', 'GET', 200],
    ['/v1/changes/{id}', 'GET', 404],
    ['unknown', 'unknown', 404],
    ['unknown', 'unknown', 405],
    ['/v1/services', 'GET', 401],
  ]);
});

test('how long somebody follows a log is not counted', async () => {
  const { told, daemon } = counting();
  await make(daemon).ask('GET', '/v1/logs?follow=true');
  expect(told).toEqual([]);
});
