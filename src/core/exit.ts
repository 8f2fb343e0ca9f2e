// How a process ended, in words and numbers.

/** By itself with a code, or by a signal. */
export type Exit = ByCode | BySignal;

interface ByCode extends Guarded {
  readonly code: number;
}

interface BySignal extends Guarded {
  readonly signal: string;
  /** There where the kernel sent the SIGKILL for want of memory. */
  readonly outOfMemory?: OutOfMemory;
}

interface Guarded {
  /** There where that is the end of its guard, which has gone before it: the kernel ended the process with it. */
  readonly guardLost?: true;
}

export interface OutOfMemory {
  /** Of the cgroup, bytes; undefined: it has none, so the whole machine was out of memory. */
  readonly limit: number | undefined;
}

/** True when it ended by itself with code 0. */
export function isSuccess(exit: Exit): boolean {
  return 'code' in exit && exit.code === 0;
}

/** The key of a service that says what happens after this exit. */
export function exitKey(exit: Exit): 'on-success' | 'on-failure' {
  return isSuccess(exit) ? 'on-success' : 'on-failure';
}

/** "code 3", "signal SIGKILL", and what is known of it besides: "signal SIGKILL, out of memory (cgroup limit 512 MiB)". */
export function describeExit(exit: Exit): string {
  const memory = 'signal' in exit ? exit.outOfMemory : undefined;
  const parts = [
    'code' in exit ? `code ${exit.code}` : `signal ${exit.signal}`,
    ...(memory === undefined ? [] : [describeMemory(memory)]),
    ...(exit.guardLost === undefined ? [] : [lostGuard(exit)]),
  ];
  return parts.join(', ');
}

function lostGuard(exit: Exit): string {
  return 'code' in exit
    ? 'which is that of its guard, which has failed'
    : 'its guard ("djsup-guard", the process above it) was killed, and it with that';
}

/** "out of memory (cgroup limit 512 MiB)", or "out of memory" of a machine without a limit. */
export function describeMemory({ limit }: OutOfMemory): string {
  if (limit === undefined) return 'out of memory';
  return `out of memory (cgroup limit ${Number((limit / 1024 ** 2).toFixed(1))} MiB)`;
}
