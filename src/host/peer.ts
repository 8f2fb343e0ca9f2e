// Who is at the other end of a unix socket: the kernel's word for it, which no client can forge.
import type { Socket } from 'node:net';
import type { Libc } from './libc.ts';

/** The uid of the process that connected; undefined over TCP, and once the socket is closed. unix(7), SO_PEERCRED. */
export function createPeerUid(libc: Pick<Libc, 'peer'>): (socket: Socket) => number | undefined {
  return (socket) => {
    // Node keeps the descriptor on the handle and offers no public way to it.
    const handle: unknown = Reflect.get(socket, '_handle');
    const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
    return typeof fd === 'number' && fd >= 0 ? libc.peer(fd)?.uid : undefined;
  };
}
