// djsup's own output: lines to an inherited descriptor whose reader may be slow, stalled or gone.
// Law: a write here never waits; memory is bounded; what was dropped is counted and said where it is missing.
import { write } from 'node:fs';
import { errorCode } from './errno.ts';

/** Most bytes of one write(2). */
const PIECE = 64 * 1024;
/** Pauses before writing again to a full non-blocking descriptor, ms: doubled from the first to the last. */
const FIRST_PAUSE = 2;
const LAST_PAUSE = 100;
/** Errors after which nothing will ever be read again. */
const readerGone: ReadonlySet<string> = new Set(['EPIPE', 'EIO', 'EBADF', 'ECONNRESET']);

export interface OutputOptions {
  /** Most bytes waiting to be written. */
  readonly limit?: number;
  /** The line to write where lines were dropped, without its newline. */
  readonly gap?: (lines: number) => string;
}

export interface Output {
  /** Queues text of whole lines, each with its newline. When the queue is full the text is dropped: the newest goes, so that what stands there is without holes but the one that is said. */
  write(text: string): void;
  /** Lines dropped since the start. */
  dropped(): number;
  /** Takes no more, and resolves once all is written or after `within` ms; true: all was written. */
  close(within: number): Promise<boolean>;
}

/** Writes through Node's thread pool, one write at a time: a stalled reader holds up one of its threads and nothing else. */
export function createOutput(
  fd: number,
  {
    limit = 1024 * 1024,
    gap = (lines) => `(${lines} lines dropped: the reader was too slow)`,
  }: OutputOptions = {},
): Output {
  let waiting = '';
  /** What write(2) is at. */
  let current = Buffer.alloc(0);
  /** Bytes of both. */
  let queued = 0;
  let dropped = 0;
  /** Lines dropped of which nothing has been said yet; while there are any, all further ones are dropped too. */
  let unsaid = 0;
  let pause = FIRST_PAUSE;
  let busy = false;
  let gone = false;
  let closed = false;
  let idle: (() => void) | undefined;

  function drop(text: string): void {
    const lines = text.split('\n').length - 1;
    dropped += lines;
    unsaid += lines;
  }

  function push(text: string): void {
    waiting += text;
    queued += Buffer.byteLength(text);
  }

  function next(): void {
    if (current.length === 0) {
      if (unsaid > 0) {
        push(`${gap(unsaid)}\n`);
        unsaid = 0;
      }
      current = Buffer.from(waiting);
      waiting = '';
    }
    if (current.length === 0) rest();
    else write(fd, current, 0, Math.min(current.length, PIECE), null, written);
  }

  function written(error: Error | null, count: number): void {
    const code = errorCode(error);
    if (error === null) {
      current = current.subarray(count);
      queued -= count;
      pause = FIRST_PAUSE;
      next();
    } else if (code !== undefined && readerGone.has(code)) {
      gone = true;
      dropAll();
      rest();
    } else {
      // A descriptor that somebody made non-blocking is full (EAGAIN) and cannot be waited for; or a disk is full (ENOSPC).
      setTimeout(next, pause);
      pause = Math.min(pause * 2, LAST_PAUSE);
    }
  }

  function dropAll(): void {
    drop(current.toString() + waiting);
    current = Buffer.alloc(0);
    waiting = '';
    queued = 0;
  }

  function rest(): void {
    busy = false;
    idle?.();
  }

  return {
    write(text) {
      if (closed || gone || unsaid > 0 || queued + Buffer.byteLength(text) > limit) drop(text);
      else push(text);
      if (busy || gone) return;
      busy = true;
      // Lines of one turn go out together.
      setImmediate(next);
    },
    dropped: () => dropped,
    close(within) {
      closed = true;
      if (!busy) return Promise.resolve(!gone);
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), within);
        idle = () => {
          clearTimeout(timer);
          resolve(!gone);
        };
      });
    },
  };
}
