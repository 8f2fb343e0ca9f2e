// Signals to djsup itself. The kernel drops a signal without a handler for PID 1, so every one that matters has one.
// Laws: one Ctrl-C is one signal, however many relays deliver it; each SIGHUP counts, for what it asks to be read may have
// changed since the one before.

/** What djsup acts on. */
export type DaemonSignal = 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP';

const handled: readonly DaemonSignal[] = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'];
/** SIGUSR1 would start Node's inspector, SIGPIPE and SIGUSR2 would end a process without a handler. */
const ignored = ['SIGPIPE', 'SIGUSR1', 'SIGUSR2'] as const;

/** Two equal signals within this time are one: npm and the terminal both deliver a Ctrl-C, ms. */
const ECHO_MS = 500;

/** Says of each signal whether it is an echo of the one before; `now` in ms of a monotonic clock. */
export function createEchoFilter(within: number = ECHO_MS): (signal: string, now: number) => boolean {
  const last = new Map<string, number>();
  return (signal, now) => {
    const before = last.get(signal);
    const echo = before !== undefined && now - before < within;
    // An echo does not extend the window: pressing Ctrl-C quickly again and again gets through.
    if (!echo) last.set(signal, now);
    return echo;
  };
}

/** Calls `handler` for each signal to djsup, echoes of all but SIGHUP left out. The returned function takes all handlers off again. */
export function onSignals(handler: (signal: DaemonSignal) => void): () => void {
  const isEcho = createEchoFilter();
  const listeners = handled.map((signal) => {
    const listener = (): void => {
      if (signal === 'SIGHUP' || !isEcho(signal, performance.now())) handler(signal);
    };
    return [signal, listener] as const;
  });
  for (const [signal, listener] of listeners) process.on(signal, listener);
  for (const signal of ignored) process.on(signal, ignore);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
    for (const signal of ignored) process.off(signal, ignore);
  };
}

/** Catches signals from now on; the returned function gives them to `handler`, first those that have come already. */
export function catchSignals(): (handler: (signal: DaemonSignal) => void) => void {
  const kept: DaemonSignal[] = [];
  let handle = (signal: DaemonSignal): void => void kept.push(signal);
  onSignals((signal) => handle(signal));
  return (handler) => {
    handle = handler;
    for (const signal of kept.splice(0)) handler(signal);
  };
}

function ignore(): void {}
