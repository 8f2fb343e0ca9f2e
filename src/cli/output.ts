// stdout and stderr of a command. Law: a reader that has gone (`djsup logs -f | head`) is no error; any other lost output is one.
import type { Writable } from 'node:stream';

export interface Output {
  /** Resolves when stdout takes more, or when nobody reads it any longer. */
  print(text: string): Promise<void>;
  note(line: string): void;
  /** Aborts when stdout can take nothing more. */
  readonly readerGone: AbortSignal;
  /** Resolves when everything has been handed over; with the error, where output was lost for another reason than a reader gone. */
  finish(): Promise<Error | undefined>;
}

export function createOutput(stdout: Writable, stderr: Writable): Output {
  const gone = new AbortController();
  let lost: Error | undefined;
  stdout.on('error', (error: Error) => {
    if (!('code' in error && error.code === 'EPIPE')) lost ??= error;
    gone.abort();
  });
  // Nowhere is left to say that stderr is closed.
  stderr.on('error', () => undefined);

  function print(text: string): Promise<void> {
    if (text === '' || gone.signal.aborted || stdout.write(text)) return Promise.resolve();
    return new Promise((resolve) => {
      const go = () => {
        stdout.off('drain', go);
        gone.signal.removeEventListener('abort', go);
        resolve();
      };
      stdout.on('drain', go);
      gone.signal.addEventListener('abort', go);
    });
  }

  return {
    print,
    note: (line) => stderr.write(`${line}\n`),
    readerGone: gone.signal,
    async finish() {
      await Promise.all([stdout, stderr].map(flushed));
      return lost;
    },
  };
}

function flushed(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve();
    else stream.write('', () => resolve());
  });
}
