// The sockets that StatsD comes in by: UDP and TCP.
// Law: a sender can fill neither memory nor time: lines, connections and what is read in one turn are bounded.
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { createServer } from 'node:net';
import type { Server, Socket as Stream } from 'node:net';
import { ok, refuse } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import type { Address } from './address.ts';
import type { Counters } from './counters.ts';

export interface Listening {
  readonly port: number;
  readonly address: string;
  close(): void;
}

export interface ListenerDeps {
  readonly counters: Counters;
  readonly packet: (bytes: Buffer) => void;
}

/** Bytes of a line over TCP, its end not counted; the original's reader has as much room. */
const longestLine = 4_096;
/** With those over HTTP it stays below 1024, so that who holds all of them does not keep Prometheus out. */
const mostConnections = 700;
/** What is asked of the kernel for packets that wait; it gives what net.core.rmem_max allows. */
const wantedBuffer = 8 * 1024 * 1024;

export async function listenUdp(
  { host, port }: Address,
  readBuffer: number | undefined,
  { counters, packet }: ListenerDeps,
): Promise<Result<Listening>> {
  // An IPv6 socket for every address takes IPv4 as well; where there is no IPv6, an IPv4 one does.
  const families =
    host === undefined ? (['udp6', 'udp4'] as const) : ([host.includes(':') ? 'udp6' : 'udp4'] as const);
  let failure = '';
  for (const family of families) {
    const socket = createSocket({ type: family });
    const problem = await bound(socket, () =>
      socket.bind({ port, ...(host === undefined ? {} : { address: host }) }),
    );
    if (problem !== undefined) {
      failure = problem;
      continue;
    }
    enlarge(socket, readBuffer ?? wantedBuffer);
    socket.on('error', () => undefined);
    socket.on('message', (bytes) => {
      counters.udpPackets += 1;
      packet(bytes);
    });
    const at = socket.address();
    return ok({ port: at.port, address: at.address, close: () => socket.close() });
  }
  return refuse('internal', `cannot listen on UDP ${host ?? '*'}:${port}: ${failure}`);
}

export async function listenTcp({ host, port }: Address, deps: ListenerDeps): Promise<Result<Listening>> {
  const { counters } = deps;
  const streams = new Set<Stream>();
  const server = createServer((stream) => {
    counters.tcpConnections += 1;
    streams.add(stream);
    stream.on('close', () => streams.delete(stream));
    stream.on('error', () => (counters.tcpConnectionErrors += 1));
    readLines(stream, deps);
  });
  server.maxConnections = mostConnections;
  server.on('drop', () => (counters.tcpConnectionErrors += 1));
  const problem = await bound(server, () => server.listen({ port, ...(host === undefined ? {} : { host }) }));
  if (problem !== undefined)
    return refuse('internal', `cannot listen on TCP ${host ?? '*'}:${port}: ${problem}`);
  const at = server.address();
  if (at === null || typeof at === 'string')
    return refuse('internal', 'cannot listen on TCP: it has no port');
  return ok({
    port: at.port,
    address: at.address,
    close() {
      server.close();
      for (const stream of streams) stream.destroy();
    },
  });
}

/** Hands each line over without its end, the last one too where the stream ends without one. */
function readLines(stream: Stream, { counters, packet }: ListenerDeps): void {
  let rest: Buffer = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
      if (end - from > longestLine - 1) return tooLong();
      packet(bytes.subarray(from, bytes[end - 1] === 13 && end > from ? end - 1 : end));
      from = end + 1;
    }
    if (bytes.length - from >= longestLine) return tooLong();
    rest = Buffer.from(bytes.subarray(from));
  });
  stream.on('end', () => {
    if (rest.length > 0) packet(rest);
  });

  function tooLong(): void {
    rest = Buffer.alloc(0);
    counters.tcpTooLongLines += 1;
    stream.destroy();
  }
}

/** Undefined once the socket listens, else why it cannot. */
function bound(socket: Socket | Server, listen: () => unknown): Promise<string | undefined> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      socket.close();
      resolve(error.code ?? error.message);
    };
    socket.once('error', failed);
    socket.once('listening', () => {
      socket.off('error', failed);
      resolve(undefined);
    });
    listen();
  });
}

function enlarge(socket: Socket, size: number): void {
  try {
    socket.setRecvBufferSize(size);
  } catch {
    // The kernel's default will do.
  }
}
