// Ends djsup: a last, bounded flush of its output, then _exit(2).
// Law: neither a stalled reader nor a thread stuck in a write holds up the end.
import type { Libc } from './libc.ts';
import type { Output } from './output.ts';

/** Flushes all outputs for at most `within` ms together, then ends this process with `code`. */
export async function exitNow(
  { libc, outputs, within }: { libc: Pick<Libc, 'exit'>; outputs: readonly Output[]; within: number },
  code: number,
): Promise<never> {
  await Promise.all(outputs.map((output) => output.close(within)));
  return libc.exit(code);
}
