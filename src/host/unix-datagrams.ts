// Unix datagram sockets that are read from: Node has none, so the calls are libc's. unix(7).
// Law: one datagram is in memory at a time, and others get their turn; a socket that somebody listens on is never taken away.
import { chmodSync, closeSync, lstatSync, rmSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fail, ok, refuse } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import type { ListenUnixDatagrams, UnixDatagramsDeps } from '../ports.ts';
import { reasonOf } from './errno.ts';
import { createLibc } from './libc.ts';
import type { DatagramCalls } from './libc.ts';

/** sa_family_t, and where the name begins in a sockaddr_un. */
const AF_UNIX = 1;
const NAME_AT = 2;
/** sizeof(sun_path). */
const LONGEST_NAME = 108;
/** As the original exporter: what is longer loses its end. */
const LONGEST_DATAGRAM = 65_535;
/** Datagrams taken in a turn, a few milliseconds' work at most. */
const MOST_IN_A_TURN = 500;
/** How long the thread that waits may outlive the end: not every kernel wakes it when the socket is shut down. */
const PATIENCE_MS = 200;

/** Patience is over; or the thread got a signal, which ends waiting that has an end (signal(7)). */
const endsOfWaiting: ReadonlySet<string> = new Set(['EAGAIN', 'EINTR']);

/** Loads koffi; a socket file that a crash has left is replaced. */
export const listenUnixDatagrams: ListenUnixDatagrams = async (deps) => {
  const { name, mode } = deps;
  const libc = await createLibc();
  if (!libc.ok) return libc;
  const calls = libc.value.datagrams();
  const socket = bind(calls, name);
  if (!socket.ok)
    return refuse('internal', `cannot listen on Unix datagram socket "${name}": ${socket.failure}`);
  let file: Stats | undefined;
  try {
    if (!isAbstract(name)) {
      chmodSync(name, mode);
      file = lstatSync(name);
    }
  } catch (error) {
    closeSync(socket.value);
    return refuse('internal', `cannot set the mode of Unix datagram socket "${name}": ${reasonOf(error)}`);
  }
  const over = new AbortController();
  void receive(calls, socket.value, deps, over.signal);
  return ok({
    close() {
      over.abort();
      // Somebody may have put another there.
      if (file !== undefined && statOf(name)?.ino === file.ino) remove(name);
    },
  });
};

/** Waits on a thread, and takes what has come meanwhile without one. */
async function receive(
  calls: DatagramCalls,
  fd: number,
  { name, take, failed }: UnixDatagramsDeps,
  over: AbortSignal,
): Promise<void> {
  const bytes = Buffer.allocUnsafeSlow(LONGEST_DATAGRAM);
  while (!over.aborted) {
    const first = await calls.receive(fd, bytes);
    if (!first.ok && !endsOfWaiting.has(first.failure)) {
      failed(`cannot read from Unix datagram socket "${name}": ${first.failure}`);
      break;
    }
    let length = first.ok ? first.value : undefined;
    for (let taken = 1; length !== undefined && !over.aborted; taken += 1) {
      take(bytes.subarray(0, length));
      if (taken % MOST_IN_A_TURN === 0) await nextTurn();
      length = calls.receiveNow(fd, bytes);
    }
  }
  closeSync(fd);
}

/** A descriptor that has the name; the failure is the end of a sentence. */
function bind(calls: DatagramCalls, name: string): Result<number, string> {
  const address = unixAddress(name);
  if (address === undefined) return fail(`its name is longer than ${LONGEST_NAME - 1} bytes`);
  const socket = calls.socket(PATIENCE_MS);
  if (!socket.ok) return socket;
  let bound = calls.bind(socket.value, address);
  if (!bound.ok && bound.failure === 'EADDRINUSE') {
    bound = checkStale(calls, name, address);
    if (bound.ok) {
      remove(name);
      bound = calls.bind(socket.value, address);
    }
  }
  if (bound.ok) return socket;
  closeSync(socket.value);
  return bound;
}

/** Whether what has the name is a socket that nobody listens on any more, as a crash leaves it. */
function checkStale(calls: DatagramCalls, name: string, address: Buffer): Result<void, string> {
  if (!isAbstract(name) && statOf(name)?.isSocket() !== true)
    return fail('a file that is no socket is there; remove it, or choose another path');
  const probe = calls.socket(PATIENCE_MS);
  if (!probe.ok) return probe;
  const connected = calls.connect(probe.value, address);
  closeSync(probe.value);
  if (!connected.ok && connected.failure === 'ECONNREFUSED') return ok(undefined);
  return fail('another program listens there; end it, or choose another path');
}

/** struct sockaddr_un, no longer than the name wants it; undefined: it does not fit. */
function unixAddress(name: string): Buffer | undefined {
  const path = Buffer.from(isAbstract(name) ? `\0${name.slice(1)}` : `${name}\0`);
  if (path.length > LONGEST_NAME) return undefined;
  const address = Buffer.alloc(NAME_AT + path.length);
  address.writeUInt16LE(AF_UNIX);
  path.copy(address, NAME_AT);
  return address;
}

function isAbstract(name: string): boolean {
  return name.startsWith('@');
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Where it cannot be removed, what comes next says so. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A directory that may not be written to.
  }
}
