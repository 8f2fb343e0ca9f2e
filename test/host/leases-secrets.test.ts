// What the stores say of an engine that does not answer as it should is shown to people, so no secret may be in it: neither
// what their clients say, nor what a server says back.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { LeaseSettings } from '../../src/core/leader/settings.ts';
import { openLeaseStore } from '../../src/host/leases.ts';
import { storeDeps } from './machine.ts';

const directory = mkdtempSync(join(tmpdir(), 'djsup-secrets-'));
afterAll(() => rmSync(directory, { recursive: true }));

const secret = 'pa55-w0rd!';
const encoded = encodeURIComponent(secret);
const tokenFile = join(directory, 'token');
writeFileSync(tokenFile, secret);

const engines: Readonly<Record<string, (port: number) => LeaseSettings>> = {
  Redis: (port) => ({
    kind: 'redis',
    name: 'x',
    dsn: `redis://user:${encoded}@127.0.0.1:${port}/0`,
    prefix: 'p:',
  }),
  PostgreSQL: (port) => ({
    kind: 'postgres',
    name: 'x',
    dsn: `postgresql://user:${encoded}@127.0.0.1:${port}/db?sslmode=disable`,
    schema: 'public',
    listen: true,
  }),
  MySQL: (port) => ({
    kind: 'mysql',
    name: 'x',
    dsn: `mysql://user:${encoded}@127.0.0.1:${port}/db?ssl-mode=DISABLED`,
  }),
  etcd: (port) => ({
    kind: 'etcd',
    name: 'x',
    endpoints: [`http://user:${encoded}@127.0.0.1:${port}`],
    prefix: 'p/',
    user: undefined,
    tls: {},
  }),
  Kubernetes: (port) => ({
    kind: 'kubernetes',
    name: 'x',
    namespace: 'n',
    server: `http://127.0.0.1:${port}`,
    tokenFile,
    caFile: undefined,
  }),
};

/** What a server does that is not the engine it should be. */
const servers: Readonly<Record<string, (socket: Socket) => void>> = {
  'closes at once': (socket) => socket.destroy(),
  'says back what it is told': (socket) => socket.pipe(socket),
  'says back what it is told as the error of a web server': (socket) => {
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      const text = JSON.stringify({ message: `cannot use ${heard}`, error: `cannot use ${heard}` });
      socket.end(`HTTP/1.1 500 Odd\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
    });
  },
  'says back what it is told as an error of Redis': (socket) => {
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1').replaceAll(/[\r\n]+/g, ' ');
      socket.write(`-ERR odd: ${text}\r\n`);
    });
  },
  'never answers': () => {},
};

async function said(settings: LeaseSettings): Promise<string> {
  const store = await openLeaseStore(settings, await storeDeps());
  const outcome = await store.open(AbortSignal.timeout(700));
  await store.close();
  if (outcome.kind !== 'failed') throw new Error('it was opened');
  return outcome.message;
}

describe.each(Object.entries(engines))('%s', (name, settings) => {
  test('that is not there is named by its address, with what is wrong and without the secret', async () => {
    const port = await freePort();
    const message = await said(settings(port));
    expect(message).toMatch(
      new RegExp(`^cannot reach ${name} at (http://)?127\\.0\\.0\\.1:${port},? .*: connection refused$`),
    );
    expect(message).not.toContain(secret);
    expect(message).not.toContain(encoded);
  });

  test.each(Object.keys(servers))('where a server %s is described without the secret', async (kind) => {
    const message = await saidBy(kind, settings);
    for (const word of [secret, encoded, Buffer.from(secret).toString('base64')])
      expect(message).not.toContain(word);
  });
});

const cut = '7/Secret';
const unencoded: Readonly<Record<string, (userAndPlace: string) => LeaseSettings>> = {
  Redis: (rest) => ({ kind: 'redis', name: 'x', dsn: `redis://${rest}/0`, prefix: 'p:' }),
  PostgreSQL: (rest) => ({
    kind: 'postgres',
    name: 'x',
    dsn: `postgresql://${rest}/shop`,
    schema: 'public',
    listen: true,
  }),
  MySQL: (rest) => ({ kind: 'mysql', name: 'x', dsn: `mysql://${rest}/shop` }),
  etcd: (rest) => ({
    kind: 'etcd',
    name: 'x',
    endpoints: [`http://${rest}`],
    prefix: 'p/',
    user: undefined,
    tls: {},
  }),
};

test.each(Object.entries(unencoded))(
  'a password of %s that holds an unencoded "/" does not show',
  async (_, settings) => {
    for (const password of [
      cut,
      cut.slice(1),
      cut.replace('/', '?'),
      cut.replace('/', '#'),
      `7@x${cut.slice(1)}`,
    ]) {
      const message = await said(settings(`app:${password}@127.0.0.1:1`));
      expect(message).toMatch(/^cannot use the address of .* %2F, %3F, %23/);
      expect(message).not.toMatch(/Secret|app|7|127/);
    }
  },
);

test('a password that a server says back shows as asterisks', async () => {
  const message = await saidBy('says back what it is told as an error of Redis', engines['Redis']);
  expect(message).toContain('AUTH $4 user $10 ***');
});

/** What the store says of a server of that kind. */
async function saidBy(
  kind: string,
  settings: ((port: number) => LeaseSettings) | undefined,
): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    servers[kind]?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    if (settings === undefined) throw new Error('there is no such engine');
    return await said(settings(port));
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return port;
}
