// How a run of a task ended without success, as all replicas may know it: a few words that djsup itself has chosen.
// Law: nothing that a process has printed fits into it, for that may hold a secret, and is for its own replica's log alone.
import type { Exit } from './exit.ts';

export type TaskEnd = Exit | 'unstarted' | 'cut-short';

const unstarted = 'could not be started';
const cutShort = 'stopped before it had ended';

/** `exit 3`, `SIGKILL`. */
export function endText(end: TaskEnd): string {
  if (end === 'unstarted') return unstarted;
  if (end === 'cut-short') return cutShort;
  return 'code' in end ? `exit ${end.code}` : end.signal;
}

/** From the beginning of a text; undefined: it is not understood. An earlier djsup may have written more after it. */
export function readEnd(text: string): TaskEnd | undefined {
  const [words] = text.split(': ', 1);
  if (words === unstarted) return 'unstarted';
  if (words === cutShort) return 'cut-short';
  const { code, signal } =
    /^(?:exit (?<code>\d{1,3})|(?<signal>SIG[A-Z][A-Z\d+-]{0,11}))$/.exec(words ?? '')?.groups ?? {};
  if (code !== undefined) return { code: Number(code) };
  return signal === undefined ? undefined : { signal };
}
