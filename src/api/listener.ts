// Where the API listens: addresses, stale sockets, and limits on what a connection may cost.
// Law: a failure to listen is a value with one clear sentence.
import { chmodSync, lstatSync, statSync, unlinkSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type ListenOptions } from 'node:net';
import { dirname } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { fail, ok, refuse, type Result } from '../core/result.ts';

const LONGEST_SOCKET_PATH = 107; // unix(7), sun_path

/** An HTTP/1.1 server on no address yet. A client that stalls in its request is cut off; `connections` bounds how many there are. */
export function createListener(handler: RequestListener, connections: number): Server {
  const server = createServer(
    {
      maxHeaderSize: 64 * 1024,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 30_000,
      connectionsCheckingInterval: 5_000,
    },
    handler,
  );
  server.maxConnections = connections;
  return server;
}

/** Listens on a unix socket that every user may connect to; takes the place of one that nobody listens on any more. */
export async function listenUnix(server: Server, path: string): Promise<Result<void>> {
  const cannot = (why: string) => refuse('internal', `cannot listen on "${path}": ${why}`);
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH) {
    return cannot(`the path of a unix socket may have ${LONGEST_SOCKET_PATH} bytes at most`);
  }
  try {
    // Node says EACCES where the directory is missing.
    statSync(dirname(path));
    const found = await inspect(path);
    if (found === 'answers') return refuse('internal', `socket "${path}" already in use`);
    if (found === 'no socket') return cannot('it is not a socket, remove it or choose another path');
    if (found === 'stale') unlinkSync(path);
    const listening = await listen(server, { path });
    if (!listening.ok) return cannot(listening.failure);
    chmodSync(path, 0o666);
    return ok(undefined);
  } catch (error) {
    server.close();
    return cannot(reason(error));
  }
}

/** Listens on `:4000`, `192.0.2.0:4000` or `[2001:db8::1]:4000`. Returns the address in use, with the port chosen for port 0. */
export async function listenTcp(server: Server, address: string): Promise<Result<string>> {
  const cannot = (why: string) => refuse('bad-request', `cannot listen on "${address}": ${why}`);
  const parsed = /^(?:\[([^[\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(address);
  const port = Number(parsed?.[3]);
  if (parsed === null || port > 65_535) {
    return cannot('must look like ":4000", "192.0.2.0:4000" or "[2001:db8::1]:4000"');
  }
  const host = parsed[1] ?? parsed[2] ?? '';
  const listening = await listen(server, host === '' ? { port } : { port, host });
  if (!listening.ok) return cannot(listening.failure);
  const bound = server.address();
  return ok(bound === null || typeof bound === 'string' ? address : hostPort(bound.address, bound.port));
}

/** `127.0.0.1:80` or `[::1]:80`; an IPv4 address that came in over IPv6 as IPv4. */
export function hostPort(address: string | undefined, port: number | undefined): string {
  const host = (address ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  return host.includes(':') ? `[${host}]:${port ?? 0}` : `${host}:${port ?? 0}`;
}

/** What is at a socket's path. A listener whose queue is full (EAGAIN) is there too. */
async function inspect(path: string): Promise<'nothing' | 'stale' | 'answers' | 'no socket'> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 'nothing';
  if (!stats.isSocket()) return 'no socket';
  const { promise, resolve } = Promise.withResolvers<'stale' | 'answers'>();
  const socket = connect(path);
  socket.once('connect', () => resolve('answers'));
  socket.once('error', (error: NodeJS.ErrnoException) => {
    resolve(error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? 'stale' : 'answers');
  });
  const found = await promise;
  socket.destroy();
  return found;
}

function listen(server: Server, options: ListenOptions): Promise<Result<void, string>> {
  const { promise, resolve } = Promise.withResolvers<Result<void, string>>();
  const failed = (error: Error) => resolve(fail(reason(error)));
  server.once('error', failed);
  server.listen(options, () => {
    server.off('error', failed);
    resolve(ok(undefined));
  });
  return promise;
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const errno = 'errno' in error ? error.errno : undefined;
  return typeof errno === 'number' ? getSystemErrorMessage(errno) : error.message;
}
