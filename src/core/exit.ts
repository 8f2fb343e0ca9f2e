// How a process ended, in words and numbers.

/** By itself with a code, or by a signal. */
export type Exit =
  | { readonly code: number }
  | {
      readonly signal: string;
      /** There where the kernel sent the SIGKILL for want of memory. */
      readonly outOfMemory?: OutOfMemory;
    };

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

/** "code 3", "signal SIGKILL" or "signal SIGKILL, out of memory (cgroup limit 512 MiB)". */
export function describeExit(exit: Exit): string {
  if ('code' in exit) return `code ${exit.code}`;
  const { signal, outOfMemory } = exit;
  return outOfMemory === undefined ? `signal ${signal}` : `signal ${signal}, ${describeMemory(outOfMemory)}`;
}

/** "out of memory (cgroup limit 512 MiB)", or "out of memory" of a machine without a limit. */
export function describeMemory({ limit }: OutOfMemory): string {
  if (limit === undefined) return 'out of memory';
  return `out of memory (cgroup limit ${Number((limit / 1024 ** 2).toFixed(1))} MiB)`;
}
