// How a process ended, in words and numbers.

/** By itself with a code, or by a signal. */
export type Exit = { readonly code: number } | { readonly signal: string };

/** True when it ended by itself with code 0. */
export function isSuccess(exit: Exit): boolean {
  return 'code' in exit && exit.code === 0;
}

/** The key of a service that says what happens after this exit. */
export function exitKey(exit: Exit): 'on-success' | 'on-failure' {
  return isSuccess(exit) ? 'on-success' : 'on-failure';
}

/** "code 3" or "signal SIGKILL". */
export function describeExit(exit: Exit): string {
  return 'code' in exit ? `code ${exit.code}` : `signal ${exit.signal}`;
}
