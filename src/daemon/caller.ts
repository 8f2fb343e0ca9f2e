// Who asks: what api/ has found out about the other end of a connection.

export interface Caller {
  /** From SO_PEERCRED of a unix socket; undefined over TCP. */
  readonly uid: number | undefined;
}

/** The name of a caller in security log lines. */
export function callerName(caller: Caller): string {
  return caller.uid === undefined ? '<unknown>' : String(caller.uid);
}
