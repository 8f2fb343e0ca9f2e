// The server on real sockets: the unix socket's file, TCP, access by transport, hostile clients.
import { once } from 'node:events';
import { existsSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { createServer as createNetServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { refuse } from '../../src/core/result.ts';
import { createRig, type Rig } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});
afterEach(() => rig[Symbol.asyncDispose]());

describe('the unix socket', () => {
  test('has mode 0666, whatever the umask, and is gone after close', async () => {
    const before = process.umask(0o077);
    const api = await rig.listening();
    process.umask(before);
    expect(statSync(rig.path).mode & 0o7777).toBe(0o666);
    expect(statSync(rig.path).isSocket()).toBe(true);
    await api.close(0);
    expect(existsSync(rig.path)).toBe(false);
  });

  test('a stale one is replaced', async () => {
    // A listener that closes takes its file along, so the stale file is one that was moved out of its way.
    const stale = createNetServer();
    const first = join(rig.directory, 'first');
    stale.listen(first);
    await once(stale, 'listening');
    renameSync(first, rig.path);
    stale.close();
    await once(stale, 'close');
    expect(existsSync(rig.path)).toBe(true);
    await rig.listening();
    expect((await rig.ask({ path: '/v1/services' })).statusCode).toBe(200);
  });

  test('one that answers is in use', async () => {
    await rig.listening();
    expect(await rig.server().listenUnix(rig.path)).toEqual(
      refuse('internal', `socket "${rig.path}" already in use`),
    );
    expect((await rig.ask({ path: '/v1/services' })).statusCode).toBe(200);
  });

  test('a file that is no socket stays', async () => {
    writeFileSync(rig.path, 'precious');
    const listened = await rig.server().listenUnix(rig.path);
    expect(listened).toMatchObject({
      ok: false,
      failure: { message: expect.stringMatching(/not a socket/) },
    });
    expect(statSync(rig.path).size).toBe(8);
  });

  test.each([
    [
      'a missing directory',
      () => join(rig.directory, 'nope', 's'),
      /^cannot listen on ".*": no such file or directory$/,
    ],
    ['a path that is too long', () => join(rig.directory, 'x'.repeat(120)), /107 bytes at most/],
    ['a name in a file', () => join(rig.directory, 'file', 's'), /^cannot listen on ".*": not a directory$/],
  ])('%s is a failure', async (_title, place, message) => {
    writeFileSync(join(rig.directory, 'file'), '');
    const listened = await rig.server().listenUnix(place());
    expect(listened).toMatchObject({ ok: false, failure: { message: expect.stringMatching(message) } });
  });

  test.each([
    [0, 200, 200],
    [1000, 200, 200],
    [2000, 200, 401],
    [undefined, 401, 401],
  ])('uid %s gets %d for services and %d for the plan', async (uid, services, plan) => {
    await rig.server({}, () => uid).listenUnix(rig.path);
    expect((await rig.ask({ path: '/v1/services' })).statusCode).toBe(services);
    expect((await rig.ask({ path: '/v1/plan?format=yaml' })).statusCode).toBe(plan);
    expect((await rig.ask({ path: '/v1/health' })).statusCode).toBe(200);
  });

  test('a path with .. in it is sent on, which a client of URLs would never let through', async () => {
    await rig.listening();
    const response = await rig.ask({ path: '/v1/changes/../%2e/services' });
    expect(response.statusCode).toBe(301);
    expect(response.headers['location']).toBe('/v1/services');
    expect(await readAll(response)).toBe('');
  });

  test('a connection is kept for the next request', async () => {
    await rig.listening();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    rig.after(() => agent.destroy());
    const ports = new Set<Socket>();
    for (let count = 0; count < 3; count++) {
      const response = await rig.ask({ path: '/v1/services', agent });
      ports.add(response.socket);
      await readAll(response);
    }
    expect(ports.size).toBe(1);
  });
});

describe('TCP', () => {
  test('shares the routes, gives open endpoints only, and is logged with its address', async () => {
    const api = await rig.listening();
    const listened = await api.listenHttp('127.0.0.1:0');
    const address = listened.ok ? listened.value : '';
    expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
    const at = `http://${address}`;
    expect((await fetch(`${at}/v1/health`)).status).toBe(200);
    expect((await fetch(`${at}/v1/system-info`)).status).toBe(200);
    const denied = await fetch(`${at}/v1/services`);
    expect(denied.status).toBe(401);
    expect(denied.headers.get('content-type')).toBe('application/json');
    await vi.waitFor(() => {
      expect(rig.logged).toEqual([
        expect.stringMatching(/^info 127\.0\.0\.1:\d+ GET \/v1\/services \S+ 401 \(http\)$/),
      ]);
    });
  });

  test('all addresses, and IPv6 where the machine has it', async () => {
    const all = await rig.server().listenHttp(':0');
    expect(all.ok && all.value).toMatch(/^(\[::\]|0\.0\.0\.0):\d+$/);
    const six = await rig.server().listenHttp('[::1]:0');
    const message = six.ok ? six.value : six.failure.message;
    expect(message).toMatch(/^(\[::1\]:\d+|cannot listen on "\[::1\]:0": .+)$/);
  });

  test('an address in use is a failure that names it', async () => {
    const first = await rig.server().listenHttp('127.0.0.1:0');
    const address = first.ok ? first.value : '';
    expect(await rig.server().listenHttp(address)).toEqual(
      refuse('bad-request', `cannot listen on "${address}": address already in use`),
    );
  });

  test.each(['', '4000', ':', ':70000', ':-1', 'a:b:1', '::1:80', '[::1]', ':80x'])(
    '%j is no address',
    async (address) => {
      const listened = await rig.server().listenHttp(address);
      expect(listened).toMatchObject({
        failure: {
          message: expect.stringMatching(
            `^cannot listen on "${address.replaceAll('[', '\\[')}": must look like`,
          ),
        },
      });
    },
  );
});

describe('hostile clients', () => {
  test('headers without end are cut off', async () => {
    await rig.listening();
    const socket = await rig.send(['GET /v1/services HTTP/1.1', `X: ${'x'.repeat(70_000)}`]);
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('nonsense is answered with 400 and the server goes on', async () => {
    await rig.listening();
    const socket = await rig.send(['\u0000nonsense']);
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await rig.ask({ path: '/v1/services' })).statusCode).toBe(200);
  });

  test('a body that is announced as too large is refused before it comes', async () => {
    await rig.listening();
    const socket = await rig.send(['POST /v1/layers HTTP/1.1', 'Host: x', 'Content-Length: 99999999', '']);
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(String(first)).toMatch(/^HTTP\/1\.1 413 /);
  });
});
