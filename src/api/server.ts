// The API server: one set of routes behind a unix socket and, where asked for, a TCP address for probes.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Result } from '../core/result.ts';
import type { Daemon } from '../daemon/face.ts';
import type { Log } from '../ports.ts';
import type { AccessRules, Peer } from './access.ts';
import { createApp } from './app.ts';
import { createListener, hostPort, listenTcp, listenUnix } from './listener.ts';
import { routeTable } from './route-table.ts';

/** Each listener has a bound of its own, so that nobody on the network can take the socket's. */
const UNIX_CONNECTIONS = 1024;
const TCP_CONNECTIONS = 256;

export interface ApiServerDeps {
  readonly daemon: Daemon;
  readonly log: Log;
  /** The uid at the other end of a unix socket's connection; undefined: not known. */
  readonly peerUid: (socket: Socket) => number | undefined;
  readonly rules: AccessRules;
}

export interface ApiServer {
  /** Fails with `socket "<path>" already in use` when another daemon answers there. Removed again by close(). */
  listenUnix(path: string): Promise<Result<void>>;
  /** The address that is listened on, with its port where `address` says port 0. */
  listenHttp(address: string): Promise<Result<string>>;
  /** Ends waits and streams at once, gives other requests `grace` ms to finish, then closes every connection. */
  close(grace: number): Promise<void>;
}

export function createServer({ daemon, log, peerUid, rules }: ApiServerDeps): ApiServer {
  const peers = new WeakMap<Socket, Peer>();
  const servers: Server[] = [];
  const app = createApp({
    daemon,
    log,
    rules,
    routes: routeTable,
    peerOf: (socket) => peers.get(socket) ?? { transport: 'unix', uid: undefined },
  });

  async function listener(connections: number, peerOf: (socket: Socket) => Peer): Promise<Server> {
    await app.fastify.ready();
    const server = createListener((request, response) => app.fastify.routing(request, response), connections);
    server.prependListener('connection', (socket: Socket) => peers.set(socket, peerOf(socket)));
    return server;
  }

  function keep(server: Server): void {
    server.on('error', (error) => log.write('error', `Cannot accept a connection: ${error.message}`));
    servers.push(server);
  }

  return {
    async listenUnix(path) {
      const server = await listener(UNIX_CONNECTIONS, (socket) => ({
        transport: 'unix',
        uid: peerUid(socket),
      }));
      const listening = await listenUnix(server, path);
      if (listening.ok) keep(server);
      return listening;
    },

    async listenHttp(address) {
      const server = await listener(TCP_CONNECTIONS, (socket) => {
        return { transport: 'tcp', address: hostPort(socket.remoteAddress, socket.remotePort) };
      });
      const listening = await listenTcp(server, address);
      if (listening.ok) keep(server);
      return listening;
    },

    async close(grace) {
      app.drain();
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      const cut = setTimeout(() => servers.forEach((server) => server.closeAllConnections()), grace);
      await Promise.all(closed);
      clearTimeout(cut);
      await app.fastify.close();
    },
  };
}
