// A port for a server that a test starts later. Law: none of those that the kernel gives away by itself, to connections of
// others for instance, for they might have it before the server has; ip(7), ip_local_port_range.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const lowest = 10_000;
/** The first that the kernel gives away. */
const [given = 32_768] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
  .split(/\s+/)
  .map(Number);

/** On loopback, free for TCP and UDP. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = given > lowest + 1_000 ? randomInt(lowest, given) : 0;
    const found = await boundTo(port);
    if (found !== undefined) return found;
  }
}

/** Undefined: somebody has it. `port` 0: the kernel's choice. */
async function boundTo(port: number): Promise<number | undefined> {
  const server = createServer().listen(port, '127.0.0.1');
  const socket = createSocket('udp4');
  try {
    await once(server, 'listening');
    const address = server.address();
    const taken = typeof address === 'object' && address !== null ? address.port : port;
    socket.bind(taken, '127.0.0.1');
    await once(socket, 'listening');
    return taken;
  } catch {
    return undefined;
  } finally {
    server.close();
    socket.close();
  }
}
