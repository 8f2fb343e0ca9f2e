import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { ListenOptions, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLibc } from '../../src/host/libc.ts';
import type { Libc } from '../../src/host/libc.ts';
import { createPeerUid } from '../../src/host/peer.ts';
import { loadLibc } from './machine.ts';

let libc: Libc;
const directory = mkdtempSync(join(tmpdir(), 'djsup-libc-'));
beforeAll(async () => {
  libc = await loadLibc();
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Accepts one connection from ourselves and looks at it. */
async function accept<T>(address: ListenOptions, look: (socket: Socket) => T): Promise<T> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(address, resolve));
  const bound = server.address();
  const to = typeof bound === 'string' ? { path: bound } : { port: bound?.port ?? 0, host: '127.0.0.1' };
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const client = connect(to);
  const socket = await accepted;
  const seen = look(socket);
  client.destroy();
  socket.destroy();
  server.close();
  return seen;
}

test('the uid at the other end of a unix socket is the one of the process that connected', async () => {
  const peerUid = createPeerUid(libc);
  expect(await accept({ path: join(directory, 'socket') }, peerUid)).toBe(process.getuid?.());
});

test('over TCP, and once closed, there is no uid', async () => {
  const peerUid = createPeerUid(libc);
  let kept: Socket | undefined;
  const seen = await accept({ port: 0, host: '127.0.0.1' }, (socket) => {
    kept = socket;
    return peerUid(socket);
  });
  expect(seen).toBeUndefined();
  expect(kept && peerUid(kept)).toBeUndefined();
});

test('a pipe carries bytes', () => {
  const ends = libc.pipe();
  if (!ends.ok) throw new Error(ends.failure);
  writeSync(ends.value.write, 'hello');
  const bytes = Buffer.alloc(10);
  expect(bytes.toString('utf8', 0, readSync(ends.value.read, bytes))).toBe('hello');
  closeSync(ends.value.read);
  closeSync(ends.value.write);
});

test('with no ended child there is nothing to peek at nor to collect', () => {
  expect(libc.peekEnded()).toBeUndefined();
  expect(libc.collect(1)).toBe(false);
});

test('a library that cannot be loaded is one sentence', async () => {
  const result = await createLibc(() => Promise.reject(new Error('failed to map segment\n    at Module')));
  expect(result).toEqual({
    ok: false,
    failure: {
      kind: 'internal',
      message:
        'cannot load the system call library "koffi": failed to map segment; its file must be installed for this platform and lie on a mount that may execute',
    },
  });
});

test('a directory is locked for one at a time, and free again once its holder has ended', () => {
  const holder = openSync(directory, 'r');
  const rival = openSync(directory, 'r');
  expect(libc.lock(holder)).toBe(true);
  expect(libc.lock(rival)).toBe(false);
  closeSync(holder);
  expect(libc.lock(rival)).toBe(true);
  closeSync(rival);
});

test('what cannot be locked keeps nobody out', () => {
  expect(libc.lock(-1)).toBe(true);
});

test('a byte is locked for one open file, seen by the others, and free once its last descriptor is closed', () => {
  const path = join(directory, 'bytes');
  const [holder, rival] = [openSync(path, 'w+'), openSync(path, 'r+')];
  expect(libc.lockByte(holder, 2 ** 40)).toEqual({ ok: true, value: undefined });
  expect(libc.lockByte(rival, 2 ** 40)).toEqual({ ok: false, failure: 'EAGAIN' });
  expect(libc.lockByte(rival, 1).ok).toBe(true);
  expect(libc.isLockedFrom(rival, 2)).toBe(true);
  expect(libc.isLockedFrom(holder, 2)).toBe(false);
  expect(libc.isLockedFrom(rival, 2 ** 40 + 1)).toBe(false);
  libc.unlockByte(holder, 2 ** 40);
  expect(libc.isLockedFrom(rival, 2)).toBe(false);
  expect(libc.isLockedFrom(holder, 0)).toBe(true);
  closeSync(rival);
  expect(libc.isLockedFrom(holder, 0)).toBe(false);
  closeSync(holder);
});
