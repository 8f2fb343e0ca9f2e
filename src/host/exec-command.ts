// A command that is run for what it answers: its exit code and the beginning of its stdout.
// Law: it always settles, when the signal ends it at the latest, and leaves no process of the command's group behind.
import type { Result } from '../core/result.ts';
import type { Launch } from '../ports.ts';
import { sendSignal } from './group.ts';
import type { Launched, Ways } from './launch.ts';
import { createPipeReader } from './pipe-reader.ts';

/** What is kept of its stdout, bytes. */
const KEPT = 256;

export interface Answer {
  /** Null: a signal ended it. */
  readonly code: number | null;
  readonly output: string;
}

export type Command = Pick<Launch, 'argv' | 'environment'>;

/** `reaped` is told of the pid once its exit has been told to Node. The failure is one clear sentence: why it has not begun. */
export function runCommand(
  start: (launch: Omit<Launch, 'owner'>, ways: Ways) => Result<Launched, string>,
  reaped: (pid: number) => void,
  command: Command,
  signal: AbortSignal,
): Promise<Result<Answer, string>> {
  const launched = start({ ...command, workingDir: undefined, account: {} }, { stderr: 'ignore' });
  if (!launched.ok) return Promise.resolve(launched);
  const { pid, process, output } = launched.value;

  return new Promise((resolve) => {
    let head = Buffer.alloc(0);
    const reader = createPipeReader(output, (bytes) => {
      head = Buffer.concat([head, bytes.subarray(0, KEPT - head.length)]);
    });
    // Its whole group: a shell's child must not go on asking.
    const kill = (): void => sendSignal(-pid, 'SIGKILL');
    signal.addEventListener('abort', kill, { once: true });

    process.once('exit', (code) => {
      reaped(pid);
      signal.removeEventListener('abort', kill);
      // All that the command itself has printed is there now; a descendant that holds the pipe is not waited for.
      reader.drain();
      reader.close();
      kill();
      resolve({ ok: true, value: { code, output: head.toString('utf8') } });
    });
    if (signal.aborted) kill();
  });
}
