import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server as TcpServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProber } from '../../src/host/prober.ts';
import { until } from './until.ts';

const prober = createProber();
const seen: { path: string; headers: IncomingMessage['headers'] }[] = [];
let server: Server;
let silent: TcpServer;
let base = '';
let other = '';

const routes: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/ok': (response) => response.end('fine'),
  '/204': (response) => response.writeHead(204).end(),
  '/500': (response) => response.writeHead(500).end('1\n2\n3\n4\n5\n6\n'),
  '/long': (response) => response.writeHead(404).end('é'.repeat(5000)),
  '/short': (response) => response.writeHead(503).end('starting\n'),
  '/hop': (response) => response.writeHead(302, { location: '/ok' }).end(),
  '/away': (response) => response.writeHead(302, { location: `${other}/ok` }).end(),
  '/loop': (response) => response.writeHead(302, { location: '/loop' }).end(),
  '/endless': (response) => response.write('x'),
  '/slow-failure': (response) => response.writeHead(500).write('so far'),
};

function portOf(listening: Server | TcpServer): number {
  return (listening.address() as AddressInfo).port;
}

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push({ path: request.url ?? '', headers: request.headers });
    routes[request.url ?? '']?.(response);
  });
  silent = createTcpServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${portOf(server)}`;
  other = `http://localhost:${portOf(server)}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  silent.close();
});

async function freePort(): Promise<number> {
  const probe = createTcpServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const port = portOf(probe);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

describe('http', () => {
  test.each(['/ok', '/204', '/hop', '/endless'])('%s is up', async (path) => {
    expect(await prober.http(base + path, {}, 5000)).toEqual({ up: true });
  });

  test('localhost is found in whichever address family answers', async () => {
    expect(await prober.http(`${other}/ok`, {}, 5000)).toEqual({ up: true });
  });

  test.each([
    ['/500', 'non-2xx status code 500', '1\n2\n3\n4\n5\n(...)'],
    ['/long', 'non-2xx status code 404', `${'é'.repeat(256)}\n(...)`],
    ['/short', 'non-2xx status code 503', 'starting'],
  ])('%s is down with the start of its body', async (path, error, details) => {
    expect(await prober.http(base + path, {}, 5000)).toEqual({ up: false, error, details });
  });

  test('a body that never comes to its end is cut at the time-out', async () => {
    const outcome = await prober.http(`${base}/slow-failure`, {}, 200);
    expect(outcome).toEqual({ up: false, error: 'non-2xx status code 500', details: 'so far' });
  });

  test('a Host header of the check is what the server sees', async () => {
    await prober.http(`${base}/ok`, { Host: 'example.org', 'X-Check': 'yes' }, 5000);
    expect(seen.at(-1)?.headers).toMatchObject({
      host: 'example.org',
      'x-check': 'yes',
      connection: 'close',
    });
  });

  test('a redirect to another host takes neither Host nor credentials along', async () => {
    await prober.http(
      `${base}/away`,
      { Host: 'example.org', Authorization: 'secret', 'X-Check': 'yes' },
      5000,
    );
    expect(seen.at(-1)?.headers).toMatchObject({ host: new URL(other).host, 'x-check': 'yes' });
    expect(seen.at(-1)?.headers.authorization).toBeUndefined();
  });

  test('more than ten redirects are one too many', async () => {
    const before = seen.length;
    const error = `cannot get "${base}/loop": it redirected more than 10 times`;
    expect(await prober.http(`${base}/loop`, {}, 5000)).toEqual({ up: false, error, details: '' });
    expect(seen.length - before).toBe(11);
  });

  test('nobody there, no answer, a bad URL and a bad header are each one sentence', async () => {
    const nobody = `http://localhost:${await freePort()}/`;
    const noAnswer = `http://127.0.0.1:${portOf(silent)}/`;
    expect(await prober.http(nobody, {}, 5000)).toMatchObject({
      error: `cannot get "${nobody}": connection refused`,
    });
    expect(await prober.http(noAnswer, {}, 200)).toMatchObject({ error: 'check timed out after 200ms' });
    expect(await prober.http('nonsense', {}, 200)).toMatchObject({
      error: 'cannot get "nonsense": Invalid URL',
    });
    expect(await prober.http(base, { 'a b': 'c' }, 200)).toMatchObject({ up: false });
  });

  test('connections are not kept', async () => {
    await prober.http(`${base}/ok`, {}, 5000);
    await prober.http(`${base}/500`, {}, 5000);
    server.closeIdleConnections();
    const count = (): Promise<number> =>
      new Promise((resolve) => server.getConnections((_, connections) => resolve(connections)));
    let open = await count();
    await until('only the endless ones are open', () => {
      void count().then((now) => (open = now));
      return open <= 2;
    });
    expect(open).toBeLessThanOrEqual(2);
  });
});

describe('tcp', () => {
  test('a listener is up, by address and by name', async () => {
    expect(await prober.tcp('127.0.0.1', portOf(silent), 5000)).toEqual({ up: true });
    expect(await prober.tcp('localhost', portOf(silent), 5000)).toEqual({ up: true });
  });

  test('nobody there is down', async () => {
    const port = await freePort();
    const error = `cannot connect to "127.0.0.1:${port}": connection refused`;
    expect(await prober.tcp('127.0.0.1', port, 5000)).toEqual({ up: false, error, details: '' });
  });

  test('an address that does not answer ends at the time-out', async () => {
    // TEST-NET-1, RFC 5737: routed nowhere; where a network refuses it at once, that is an answer too.
    const outcome = await prober.tcp('192.0.2.1', 9, 200);
    expect(outcome).toMatchObject({ up: false });
  });
});
