// Lines passed on to another StatsD server as they came, several in a packet.
// Law: what cannot be sent at once is dropped; nothing waits and nothing piles up.
import { createSocket } from 'node:dgram';
import type { Address } from './address.ts';
import type { Counters } from './counters.ts';

export interface Relay {
  line(bytes: Buffer): void;
  /** Sends what has been gathered. */
  flush(): void;
  close(): void;
}

/** Packets handed to the kernel that it has not taken yet. */
const mostUnsent = 1_000;

export function createRelay({ host, port }: Address, packetLength: number, counters: Counters): Relay {
  const target = host ?? '127.0.0.1';
  const socket = createSocket(target.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', () => undefined);
  socket.unref();
  let gathered: Buffer[] = [];
  let length = 0;
  let unsent = 0;

  function flush(): void {
    if (length === 0) return;
    const packet = Buffer.concat(gathered, length);
    gathered = [];
    length = 0;
    if (unsent >= mostUnsent) return;
    unsent += 1;
    socket.send(packet, port, target, () => (unsent -= 1));
    counters.relayPackets += 1;
  }

  return {
    line(bytes) {
      if (bytes.length + 1 > packetLength) {
        counters.relayLongLines += 1;
        return;
      }
      if (length + bytes.length + 1 > packetLength) flush();
      gathered.push(Buffer.from(bytes), newline);
      length += bytes.length + 1;
      counters.relayedLines += 1;
    },
    flush,
    close() {
      flush();
      socket.close();
    },
  };
}

const newline = Buffer.from('\n');
