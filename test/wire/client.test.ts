import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createClient, type Client } from '../../src/wire/client.ts';
import {
  accepted,
  hangUp,
  ndjson,
  refused,
  silence,
  startFakeServer,
  sync,
  type Answerer,
} from './fake-server.ts';

async function clientOf(routes: Readonly<Record<string, Answerer>>, timeout?: number) {
  const server = await startFakeServer(routes);
  const client = createClient({
    address: { socketPath: server.socketPath },
    ...(timeout === undefined ? {} : { timeout }),
  });
  onTestFinished(async () => {
    client.close();
    await server[Symbol.asyncDispose]();
  });
  return { client, server };
}

async function readLogs(client: Client, follow = false, signal?: AbortSignal) {
  const messages: string[] = [];
  const request = { services: [], count: 30, follow, ...(signal === undefined ? {} : { signal }) };
  for await (const batch of client.logs(request)) {
    if (!batch.ok) return { messages, failure: batch.failure };
    messages.push(...batch.value.map(({ message }) => message));
  }
  return { messages, failure: undefined };
}

const change = {
  id: '5',
  kind: 'start',
  summary: 'Start service "a"',
  status: 'Done',
  ready: true,
  'spawn-time': '2026-11-20T22:55:49Z',
};

describe('a request', () => {
  test('carries names and level as comma lists, leaves out what is empty, and encodes the rest', async () => {
    const { client, server } = await clientOf({
      'GET /v1/services': sync([]),
      'GET /v1/checks': sync([]),
      'GET /v1/changes': sync([]),
      'GET /v1/plan': sync('{}\n'),
    });
    await client.services([]);
    await client.services(['a', 'b&c']);
    await client.checks('alive', ['x']);
    await client.changes('all', 'a b');
    expect(await client.planText()).toEqual({ ok: true, value: '{}\n' });
    expect(server.asked.map(({ url }) => url)).toEqual([
      '/v1/services',
      '/v1/services?names=a%2Cb%26c',
      '/v1/checks?level=alive&names=x',
      '/v1/changes?select=all&for=a%20b',
      '/v1/plan?format=yaml',
    ]);
  });

  test('that asks for a change returns its id', async () => {
    const { client, server } = await clientOf({ 'POST /v1/services': accepted('29') });
    expect(await client.actOnServices('start', ['a'])).toEqual({ ok: true, value: '29' });
    expect(JSON.parse(server.asked[0]?.body ?? '')).toEqual({ action: 'start', services: ['a'] });
  });

  test('that the server refuses gives its message, status and kind', async () => {
    const { client } = await clientOf({
      'POST /v1/services': refused(400, 'no default services', 'no-default-services'),
    });
    expect(await client.actOnServices('autostart', [])).toEqual({
      ok: false,
      failure: {
        kind: 'refused',
        status: 400,
        message: 'no default services',
        reason: 'no-default-services',
      },
    });
  });

  test('whose answer has no result is fine where none is needed', async () => {
    const { client } = await clientOf({
      'POST /v1/signals': (response) => response.end('{"type":"sync","status-code":200,"status":"OK"}'),
    });
    expect((await client.signalServices('SIGHUP', ['a'])).ok).toBe(true);
  });

  test('tells unhealthy from an error, though both come with a status that is no 200', async () => {
    const { client } = await clientOf({ 'GET /v1/health': sync({ healthy: false }, 502) });
    expect(await client.health(undefined, [])).toEqual({ ok: true, value: false });
  });

  test('takes a null list of changed checks for an empty one', async () => {
    const { client } = await clientOf({ 'POST /v1/checks': sync({ changed: null }) });
    expect(await client.startChecks(['c'])).toEqual({ ok: true, value: [] });
  });

  test.each([
    ['no JSON', (response) => response.end('<html>bad gateway</html>')],
    ['a list of something else', sync([{ nonsense: true }])],
    ['an async answer', accepted('1')],
  ] satisfies [string, Answerer][])('answered with %s is said to be not understood', async (_, answerer) => {
    const { client } = await clientOf({ 'GET /v1/services': answerer });
    expect(await client.services([])).toMatchObject({
      ok: false,
      failure: { kind: 'unclear', message: expect.stringContaining("cannot understand the server's answer") },
    });
  });
});

describe('a server that is not there', () => {
  test('is said to be missing when there is no socket', async () => {
    const client = createClient({ address: { socketPath: '/nowhere/.djsup.socket' } });
    expect(await client.services([])).toEqual({
      ok: false,
      failure: {
        kind: 'unreachable',
        message:
          'cannot communicate with server: socket "/nowhere/.djsup.socket" not found; is djsup running?',
      },
    });
  });

  test.each([
    ['/dev/null/s', 'socket "/dev/null/s" not found; is djsup running?'],
    [
      `/${'x'.repeat(200)}`,
      `cannot use socket "/${'x'.repeat(200)}": the path of a unix socket may have 107 bytes at most`,
    ],
  ])('is explained where there can be no socket: %s', async (socketPath, trouble) => {
    expect(await createClient({ address: { socketPath } }).services([])).toMatchObject({
      failure: { message: `cannot communicate with server: ${trouble}` },
    });
  });

  test('is said not to answer when nobody listens on the socket', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'djsup-client-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const socketPath = join(directory, 'stale');
    writeFileSync(socketPath, '');
    const result = await createClient({ address: { socketPath } }).services([]);
    expect(result).toMatchObject({
      failure: {
        message: `cannot communicate with server: nothing answers at socket "${socketPath}"; is djsup running?`,
      },
    });
  });

  test.each([
    ['a GET', (client: Client) => client.services([])],
    ['a POST', (client: Client) => client.actOnServices('start', ['a'])],
    ['the logs', (client: Client) => readLogs(client)],
  ])('ends %s with a time-out when it accepts and never answers', async (_, ask) => {
    const { client } = await clientOf(
      { 'GET /v1/services': silence, 'POST /v1/services': silence, 'GET /v1/logs': silence },
      40,
    );
    expect(await ask(client)).toMatchObject({
      failure: {
        kind: 'unreachable',
        message: expect.stringMatching(/no answer at socket ".*" within 0\.04s$/),
      },
    });
  });

  test('ends a GET when it stops in the middle of its answer', async () => {
    const { client } = await clientOf(
      { 'GET /v1/services': (response) => void response.write('{"type":') },
      40,
    );
    expect(await client.services([])).toMatchObject({ failure: { kind: 'unreachable' } });
  });

  test('that hangs up is said to have closed the connection', async () => {
    const { client } = await clientOf({ 'GET /v1/services': hangUp });
    expect(await client.services([])).toMatchObject({
      failure: { message: expect.stringMatching(/was closed before the answer was complete$/) },
    });
  });

  test('a base URL of another kind is refused', async () => {
    const result = await createClient({ address: { baseUrl: 'https://x' } }).services([]);
    expect(result).toMatchObject({
      failure: { message: 'cannot use base URL "https://x", it must start with http://' },
    });
  });
});

test('a base URL is used instead of the socket, with its own path in front', async () => {
  const urls: string[] = [];
  const server = createServer((request, response) => {
    urls.push(request.url ?? '');
    response.end(JSON.stringify({ type: 'sync', result: [] }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const client = createClient({ address: { baseUrl: `http://127.0.0.1:${port}/djsup/` } });
  expect(await client.services([])).toEqual({ ok: true, value: [] });
  client.close();
  expect(urls).toEqual(['/djsup/v1/services']);
});

describe('waiting for a change', () => {
  test('asks again after each time-out of the server', async () => {
    const { client, server } = await clientOf({
      'GET /v1/changes/5/wait': (response, asked, attempt) =>
        (attempt < 3 ? refused(504, 'timed out waiting for change after 4s') : sync(change))(
          response,
          asked,
          attempt,
        ),
    });
    expect(await client.waitChange('5')).toEqual({ ok: true, value: change });
    expect(server.asked.map(({ url }) => url)).toEqual(Array(3).fill('/v1/changes/5/wait?timeout=4s'));
  });

  test('ends when the server goes away', async () => {
    const { client } = await clientOf({ 'GET /v1/changes/5/wait': hangUp });
    expect(await client.waitChange('5')).toMatchObject({ failure: { kind: 'unreachable' } });
  });

  test('ends when the caller gives up', async () => {
    const giveUp = new AbortController();
    const { client } = await clientOf({ 'GET /v1/changes/5/wait': () => giveUp.abort() });
    expect(await client.waitChange('5', giveUp.signal)).toMatchObject({ failure: { kind: 'given-up' } });
  });
});

describe('logs', () => {
  const entry = (message: string) => ({ time: '2026-11-20T22:55:49.026Z', service: 'a', message });

  test('come in order, a line cut between two chunks included', async () => {
    const text = ['one', 'zwölf', 'three'].map((message) => `${JSON.stringify(entry(message))}\n`).join('');
    const bytes = Buffer.from(text);
    const cut = bytes.indexOf(0xc3) + 1;
    const { client, server } = await clientOf({
      'GET /v1/logs': (response) => {
        response.write(bytes.subarray(0, cut), () => response.end(bytes.subarray(cut)));
      },
    });
    expect(await readLogs(client)).toEqual({ messages: ['one', 'zwölf', 'three'], failure: undefined });
    expect(server.asked[0]?.url).toBe('/v1/logs?n=30');
  });

  test('end with the refusal of the server', async () => {
    const { client } = await clientOf({ 'GET /v1/logs': refused(401, 'access denied', 'login-required') });
    expect((await readLogs(client)).failure).toMatchObject({
      message: 'access denied',
      reason: 'login-required',
    });
  });

  test('end with a failure when the server dies while it sends', async () => {
    const { client } = await clientOf({
      'GET /v1/logs': (response) =>
        void response.write(`${JSON.stringify(entry('one'))}\n`, () => response.destroy()),
    });
    expect((await readLogs(client, true)).failure).toMatchObject({ kind: 'unreachable' });
  });

  test('that are followed end when the caller aborts', async () => {
    const end = new AbortController();
    const { client } = await clientOf({
      'GET /v1/logs': (response) =>
        void response.write(`${JSON.stringify(entry('one'))}\n`, () => end.abort()),
    });
    expect((await readLogs(client, true, end.signal)).failure).toMatchObject({ kind: 'given-up' });
  });

  test.each([
    ['is no log entry', ndjson({ time: 1 })],
    ['never ends', (response) => response.end(`{"message":"${'x'.repeat(70_000)}`)],
  ] satisfies [string, Answerer][])('are refused where a line %s', async (_, answerer) => {
    const { client } = await clientOf({ 'GET /v1/logs': answerer });
    expect((await readLogs(client)).failure).toMatchObject({ kind: 'unclear' });
  });
});
