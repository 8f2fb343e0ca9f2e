// A server with a fake daemon on real sockets in a temporary directory; everything it opened is closed after the test.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type ApiServer } from '../../src/api/server.ts';
import type { Daemon } from '../../src/daemon/face.ts';
import { fakeDaemon } from './fake-daemon.ts';

export interface Rig extends AsyncDisposable {
  readonly directory: string;
  /** Of the unix socket. */
  readonly path: string;
  readonly logged: string[];
  readonly server: (changed?: Partial<Daemon>, peerUid?: () => number | undefined) => ApiServer;
  /** A server on the unix socket. */
  readonly listening: (changed?: Partial<Daemon>) => Promise<ApiServer>;
  /** Sends a request to the unix socket and returns the head of its response. */
  readonly ask: (options: RequestOptions) => Promise<IncomingMessage>;
  /** Sends lines as they are to the unix socket. */
  readonly send: (lines: readonly string[]) => Promise<Socket>;
  readonly after: (close: () => unknown) => void;
}

export function createRig(): Rig {
  const directory = mkdtempSync(join(tmpdir(), 'djsup-api-'));
  const path = join(directory, '.pebble.socket');
  const logged: string[] = [];
  const closing: (() => unknown)[] = [];

  const server: Rig['server'] = (changed = {}, peerUid = () => 0) => {
    const api = createServer({
      daemon: fakeDaemon(changed).daemon,
      log: { write: (level, message) => void logged.push(`${level} ${message}`) },
      peerUid,
      rules: { ownUid: 1000, network: 'open' },
    });
    closing.push(() => api.close(0));
    return api;
  };

  return {
    directory,
    path,
    logged,
    server,
    async listening(changed) {
      const api = server(changed);
      const listened = await api.listenUnix(path);
      if (!listened.ok) throw new Error(listened.failure.message);
      return api;
    },
    async ask(options) {
      const sent = request({ socketPath: path, ...options });
      closing.push(() => sent.destroy());
      sent.on('error', () => undefined).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return response;
    },
    async send(lines) {
      const socket = connect(path);
      closing.push(() => socket.destroy());
      await once(socket, 'connect');
      socket.on('error', () => undefined).write(lines.map((line) => `${line}\r\n`).join(''));
      return socket;
    },
    after: (close) => void closing.push(close),
    async [Symbol.asyncDispose]() {
      for (const close of closing.splice(0).toReversed()) await close();
      rmSync(directory, { recursive: true });
    },
  };
}
