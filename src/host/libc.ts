// The only file that makes foreign calls: what Node cannot ask of the kernel, each call with its manual page.
// Law: no call here holds up the event loop, and none waits for "any child": libuv owns the exits of its own children.
import { Buffer } from 'node:buffer';
import type * as Koffi from 'koffi';
import type { Result } from '../core/result.ts';

const PR_SET_CHILD_SUBREAPER = 36;
const LOCK_EX = 2;
const LOCK_NB = 4;
const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;
const F_WRLCK = 1;
const F_UNLCK = 2;
/** struct flock on 64-bit Linux: type, whence, start, length, pid. */
const FLOCK_SIZE = 32;
const FLOCK_START = 8;
const FLOCK_LENGTH = 16;
const P_ALL = 0;
const P_PID = 1;
const WNOHANG = 0x1;
const WEXITED = 0x4;
const WNOWAIT = 0x1000000;
const O_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_RCVTIMEO = 20;
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
/** sizeof(siginfo_t), and where si_pid lies in it on 64-bit Linux: asm-generic/siginfo.h. */
const SIGINFO_SIZE = 128;
const SI_PID = 16;
/** (uid_t)-1. */
const NOBODY = 0xffff_ffff;

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export interface Libc {
  /** Orphaned descendants become children of this process, as they do of PID 1; false where the kernel refuses: PR_SET_CHILD_SUBREAPER(2const). */
  becomeSubreaper(): boolean;
  /** The pid of some child that has ended and was not waited for, left as it is; undefined: none. waitid(2), WNOWAIT. */
  peekEnded(): number | undefined;
  /** Waits for this one ended child, so that the kernel forgets it; false: there was nothing to wait for. waitid(2), P_PID. */
  collect(pid: number): boolean;
  /** A pipe whose two ends are closed at exec; a failure is a clause without "cannot" (EMFILE, ENFILE). pipe2(2). */
  pipe(): Result<{ readonly read: number; readonly write: number }, string>;
  /** Takes the lock on the open file until this process ends; false where another process holds it. flock(2). */
  lock(fd: number): boolean;
  /**
   * Locks one byte for the open file behind `fd`, until it is unlocked or the last descriptor of that open file, inherited
   * ones included, is closed. The failure is an errno: EAGAIN where another open file has it. fcntl(2), F_OFD_SETLK.
   */
  lockByte(fd: number, offset: number): Result<void, string>;
  unlockByte(fd: number, offset: number): void;
  /** Whether another open file than that of `fd` has locked this byte, or one after it. fcntl(2), F_OFD_GETLK. */
  isLockedFrom(fd: number, offset: number): boolean;
  /** Who connected to the unix socket behind `fd`; undefined where it is no unix socket. unix(7), SO_PEERCRED. */
  peer(fd: number): PeerCredentials | undefined;
  /** Declares the calls of unix(7)'s datagram sockets: apart, for they cost time, and only an exporter needs them. */
  datagrams(): DatagramCalls;
  /** Ends this process at once, whatever its threads are stuck in. _exit(2). */
  exit(code: number): never;
}

export interface DatagramCalls {
  /** A descriptor, closed at exec; waiting for a datagram ends after `patience` ms. socket(2), SO_RCVTIMEO. */
  socket(patience: number): Result<number, string>;
  /** Gives it the name that `unixAddress` has made; the failure is an errno. bind(2). */
  bind(fd: number, address: Buffer): Result<void, string>;
  /** From now on it sends there, where somebody receives; the failure is an errno. connect(2). */
  connect(fd: number, address: Buffer): Result<void, string>;
  /** Waits, on a thread of libuv's, for a datagram; its length, or an errno (EAGAIN: patience is over). recv(2). */
  receive(fd: number, into: Buffer): Promise<Result<number, string>>;
  /** The length of a datagram that is there already; undefined: none is. What does not fit in is lost. recv(2), MSG_DONTWAIT. */
  receiveNow(fd: number, into: Buffer): number | undefined;
}

/** Loads koffi (about 17 ms) and binds the calls. The failure is one sentence: kind internal. */
export async function createLibc(
  load: () => Promise<typeof Koffi> = () => import('koffi'),
): Promise<Result<Libc>> {
  try {
    return { ok: true, value: bind(await load()) };
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    const message = `cannot load the system call library "koffi": ${reason}; its file must be installed for this platform and lie on a mount that may execute`;
    return { ok: false, failure: { kind: 'internal', message } };
  }
}

function bind(koffi: typeof Koffi): Libc {
  // Node links libc dynamically: its own symbols are the C library's, whatever the file is called (glibc, musl).
  const own = koffi.load(null);
  const prctl = own.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)');
  const waitid = own.func('int waitid(int, uint32_t, void *, int)');
  const pipe2 = own.func('int pipe2(void *, int)');
  const flock = own.func('int flock(int, int)');
  const fcntl = own.func('int fcntl(int, int, void *)');
  const getsockopt = own.func('int getsockopt(int, int, int, void *, void *)');
  const exit = own.func('void _exit(int)');
  const info = Buffer.alloc(SIGINFO_SIZE);

  /** The pid that waitid() reports, 0 for none; also 0 when there are no children at all (ECHILD). */
  function wait(type: number, id: number, options: number): number {
    info.fill(0);
    return waitid(type, id, info, options) === 0 ? info.readInt32LE(SI_PID) : 0;
  }

  /** The name of the last call's errno. */
  function lastError(): string {
    const errno = koffi.errno();
    return Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;
  }

  const done = { ok: true, value: undefined } as const;
  function failed(): Result<never, string> {
    return { ok: false, failure: lastError() };
  }

  /** `length` 0: to the end, however far. */
  function byteLock(type: number, offset: number, length = 1n): Buffer {
    const asked = Buffer.alloc(FLOCK_SIZE);
    asked.writeInt16LE(type);
    asked.writeBigInt64LE(BigInt(offset), FLOCK_START);
    asked.writeBigInt64LE(length, FLOCK_LENGTH);
    return asked;
  }

  function datagrams(): DatagramCalls {
    const open = own.func('int socket(int, int, int)');
    const setOption = own.func('int setsockopt(int, int, int, void *, uint32_t)');
    const bindTo = own.func('int bind(int, void *, uint32_t)');
    const connectTo = own.func('int connect(int, void *, uint32_t)');
    const recv = own.func('int64_t recv(int, void *, size_t, int)');
    return {
      socket(patience) {
        const fd = open(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0) return failed();
        const time = Buffer.alloc(16);
        time.writeBigInt64LE(BigInt(Math.trunc(patience / 1000)));
        time.writeBigInt64LE(BigInt((patience % 1000) * 1000), 8);
        setOption(fd, SOL_SOCKET, SO_RCVTIMEO, time, time.length);
        return { ok: true, value: fd };
      },
      bind: (fd, address) => (bindTo(fd, address, address.length) === 0 ? done : failed()),
      connect: (fd, address) => (connectTo(fd, address, address.length) === 0 ? done : failed()),
      receive: (fd, into) =>
        new Promise((resolve) => {
          recv.async(fd, into, into.length, 0, (fault: Error | null, length: number) => {
            if (fault !== null) resolve({ ok: false, failure: fault.message });
            else resolve(length < 0 ? failed() : { ok: true, value: length });
          });
        }),
      receiveNow(fd, into) {
        const length = recv(fd, into, into.length, MSG_DONTWAIT);
        return length < 0 ? undefined : length;
      },
    };
  }

  return {
    becomeSubreaper: () => prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) === 0,
    peekEnded: () => wait(P_ALL, 0, WEXITED | WNOHANG | WNOWAIT) || undefined,
    collect: (pid) => wait(P_PID, pid, WEXITED | WNOHANG) === pid,
    pipe() {
      const ends = Buffer.alloc(8);
      if (pipe2(ends, O_CLOEXEC) !== 0) {
        return {
          ok: false,
          failure: `too many files are open (${lastError()}); raise the limit on open files ("ulimit -n")`,
        };
      }
      return { ok: true, value: { read: ends.readInt32LE(0), write: ends.readInt32LE(4) } };
    },
    // A file system without locks (ENOLCK, ENOSYS) keeps nobody out.
    lock: (fd) => flock(fd, LOCK_EX | LOCK_NB) === 0 || koffi.errno() !== koffi.os.errno.EWOULDBLOCK,
    lockByte: (fd, offset) => (fcntl(fd, F_OFD_SETLK, byteLock(F_WRLCK, offset)) === 0 ? done : failed()),
    unlockByte: (fd, offset) => void fcntl(fd, F_OFD_SETLK, byteLock(F_UNLCK, offset)),
    isLockedFrom(fd, offset) {
      const asked = byteLock(F_WRLCK, offset, 0n);
      // What cannot be asked counts as locked: it proves nothing.
      return fcntl(fd, F_OFD_GETLK, asked) !== 0 || asked.readInt16LE() !== F_UNLCK;
    },
    peer(fd) {
      const credentials = Buffer.alloc(12);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(credentials.length);
      if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) !== 0) return undefined;
      const uid = credentials.readUInt32LE(4);
      // A TCP socket answers too, with uid -1; a peer of another PID namespace has pid 0.
      if (uid === NOBODY) return undefined;
      return { pid: credentials.readInt32LE(0), uid, gid: credentials.readUInt32LE(8) };
    },
    datagrams,
    exit(code) {
      exit(code);
      throw new Error('unreachable');
    },
  };
}
