// An exec check: runs a command to its end and keeps the end of what it printed.
// Law: it always settles, by the time-out at the latest, and leaves no process of the command's group behind.
import type { Result } from '../core/result.ts';
import type { Launch, ProbeOutcome } from '../ports.ts';
import { sendSignal } from './group.ts';
import type { Launched } from './launch.ts';
import { createPipeReader } from './pipe-reader.ts';
import { DETAIL_BYTES, down, tailOf, timedOut, up } from './probe-outcome.ts';

/** One byte more than is shown, to know that there was more. */
const KEPT = DETAIL_BYTES + 1;

/** `reaped` is told of the pid once its exit has been told to Node. `timeout` in ms. */
export function runProbe(
  start: (launch: Omit<Launch, 'owner'>) => Result<Launched, string>,
  reaped: (pid: number) => void,
  wanted: Omit<Launch, 'owner'>,
  timeout: number,
): Promise<ProbeOutcome> {
  const launched = start(wanted);
  if (!launched.ok) return Promise.resolve(down(launched.failure));
  const { pid, process, output } = launched.value;

  return new Promise((resolve) => {
    let tail = Buffer.alloc(0);
    const reader = createPipeReader(output, (bytes) => {
      tail = Buffer.concat([tail, bytes.subarray(-KEPT)]).subarray(-KEPT);
    });
    const timer = setTimeout(() => {
      sendSignal(-pid, 'SIGKILL');
      reader.close();
      resolve(timedOut(timeout, tailOf(tail)));
    }, timeout);

    process.once('exit', (code, signal) => {
      reaped(pid);
      clearTimeout(timer);
      // All that the command itself has printed is there now; a descendant that holds the pipe is not waited for.
      reader.drain();
      reader.close();
      sendSignal(-pid, 'SIGKILL');
      if (code === 0) resolve(up);
      else resolve(down(signal === null ? `exit status ${code}` : `ended by ${signal}`, tailOf(tail)));
    });
  });
}
