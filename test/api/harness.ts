// The app under a fake daemon, asked through Fastify's inject: no sockets.
import type { Peer } from '../../src/api/access.ts';
import { createApp, type App } from '../../src/api/app.ts';
import { routeTable } from '../../src/api/route-table.ts';
import type { Route } from '../../src/api/route.ts';
import type { Daemon } from '../../src/daemon/face.ts';
import { fakeDaemon } from './fake-daemon.ts';

export const root: Peer = { transport: 'unix', uid: 0 };
export const daemonUser: Peer = { transport: 'unix', uid: 1000 };
export const otherUser: Peer = { transport: 'unix', uid: 2000 };
export const unknownUser: Peer = { transport: 'unix', uid: undefined };
export const network: Peer = { transport: 'tcp', address: '192.0.2.1:5000' };

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export interface Harness {
  readonly app: App;
  readonly asked: unknown[][];
  readonly logged: string[];
  ask(
    method: string,
    url: string,
    options?: { body?: string; peer?: Peer; type?: string },
  ): Promise<Answered>;
}

export function harness(
  changed: Partial<Daemon> = {},
  extra: readonly Route[] = [],
  networkMay: 'open' | 'metrics' = 'open',
): Harness {
  const { daemon, asked } = fakeDaemon(changed);
  const logged: string[] = [];
  let peer: Peer = root;
  const app = createApp({
    daemon,
    log: { write: (level, message) => void logged.push(`${level} ${message}`) },
    rules: { ownUid: 1000, network: networkMay },
    routes: [...routeTable, ...extra],
    peerOf: () => peer,
  });
  return {
    app,
    asked,
    logged,
    async ask(method, url, options = {}) {
      peer = options.peer ?? root;
      const reply = await app.fastify.inject({
        method: method as 'GET',
        url,
        ...(options.body !== undefined && { payload: options.body }),
        ...(options.type !== undefined && { headers: { 'content-type': options.type } }),
      });
      return { status: reply.statusCode, headers: reply.headers, text: reply.body };
    },
  };
}

/** The message of an error envelope. */
export function messageOf(answered: Answered): string {
  return (JSON.parse(answered.text) as { result: { message: string } }).result.message;
}
