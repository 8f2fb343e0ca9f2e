// Reads the pipe that a process and its descendants write to, without ever waiting for its end.
// Laws: what lay in the pipe when drain() was called has been told when drain() returns; a flood takes one chunk of each
// turn and no more, so that its writer waits and not djsup.
import { readSync } from 'node:fs';
import { Socket } from 'node:net';

/** The largest pipe an unprivileged process can ask for, bytes: fcntl(2), F_SETPIPE_SZ. */
const LARGEST_PIPE = 1024 * 1024;
/** Read at a time: even as many empty lines it is a few milliseconds of work. */
const CHUNK = 16 * 1024;

export interface PipeReader {
  /** Reads what is there now; at most one full pipe, since a descendant may go on writing. */
  drain(): void;
  /** Stops reading and closes the pipe: whoever still writes to it gets SIGPIPE. */
  close(): void;
}

/** Owns `fd` from now on. `output` may not keep its bytes. `closed` is called once, at the end of the pipe or after close(). */
export function createPipeReader(
  fd: number,
  output: (bytes: Buffer) => void,
  closed: () => void = () => {},
): PipeReader {
  const socket = new Socket({
    fd,
    readable: true,
    writable: false,
    onread: {
      buffer: Buffer.allocUnsafe(CHUNK),
      callback(length, bytes) {
        setImmediate(() => socket.resume());
        output(bytes.subarray(0, length) as Buffer);
        return false;
      },
    },
  });
  // A pipe has no error that its end would not tell as well.
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.destroy());
  socket.on('close', closed);
  return {
    drain() {
      for (let total = 0; total < LARGEST_PIPE && !socket.destroyed;) {
        const bytes = readNow(fd);
        if (bytes.length === 0) return;
        total += bytes.length;
        output(bytes);
      }
    },
    close: () => socket.destroy(),
  };
}

/** Empty where nothing is there (EAGAIN) and at the end of the pipe, which the socket tells by itself. */
function readNow(fd: number): Buffer {
  const bytes = Buffer.allocUnsafe(CHUNK);
  try {
    return bytes.subarray(0, readSync(fd, bytes));
  } catch {
    return bytes.subarray(0, 0);
  }
}
