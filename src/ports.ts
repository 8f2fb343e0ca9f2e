// The outside world as djsup sees it. host/ implements these with the machine, tests with fakes.
// Law: nothing here throws for an expected failure; instants are milliseconds of one monotonic clock.
import type { Account } from './core/config.ts';
import type { Exit } from './core/exit.ts';
import type { Result } from './core/result.ts';

export type { Exit };

export interface Clock {
  /** Monotonic milliseconds, fractions included (CLOCK_MONOTONIC). The only clock that deadlines compare with. */
  now(): number;
  /** Wall time, for people and for files. */
  wall(): Date;
  /** A number in [0, 1) to spread restarts with. */
  jitter(): number;
  /** Calls once at or after `instant` (monotonic ms). The returned function cancels. */
  alarm(instant: number, ring: () => void): () => void;
}

export interface Launch {
  /** Marks the process and all its descendants, so that strays can be found again: the service's name. */
  readonly owner: string;
  readonly argv: readonly string[];
  /** The complete environment, apart from what djsup itself adds to find strays, and HOME and USER of another account. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDir: string | undefined;
  readonly account: Account;
}

export interface ChildEvents {
  /** Bytes of stdout and stderr, one pipe, in the order written. They are the caller's again after the call. */
  output(bytes: Buffer): void;
  /** The main process has been reaped; `alone` says that no other process of its group is left. Never before spawn() returned. */
  exited(exit: Exit, alone: boolean): void;
  /** The last process of its group has gone; follows exited() with alone=false. */
  emptied(): void;
}

export interface Child {
  readonly pid: number;
  /** Signals the main process, or its whole group. A process that has gone is no error. */
  signal(to: 'main' | 'group', signal: NodeJS.Signals): void;
}

export interface Spawner {
  /** Starts a process in a session and process group of its own, stdin empty. The failure is one clear sentence. */
  spawn(launch: Launch, events: ChildEvents): Result<Child, string>;
  /**
   * Ends what earlier runs of `owner` have left behind (processes of their groups, sessions, or with their mark):
   * SIGTERM, after `grace` ms SIGKILL. `done` gets how many were found, at once (in a later turn) when there were none,
   * and how many would not die within 5 s of SIGKILL.
   */
  sweep(owner: string, grace: number, done: (found: number, left: number) => void): void;
  /** The same for all that this daemon, or an earlier one of its directory, has started and that still lives: its end. */
  sweepAll(grace: number, done: (found: number, left: number) => void): void;
  /** Runs a command to its end, for exec checks: output capped, its whole group killed at the time-out. */
  run(launch: Omit<Launch, 'owner'>, timeout: number): Promise<ProbeOutcome>;
}

/** What a probe found. `details` is the end (exec) or start (http) of what it printed, at most 512 bytes and 5 lines. */
export type ProbeOutcome =
  { readonly up: true } | { readonly up: false; readonly error: string; readonly details: string };

export interface Prober {
  http(url: string, headers: Readonly<Record<string, string>>, timeout: number): Promise<ProbeOutcome>;
  tcp(host: string, port: number, timeout: number): Promise<ProbeOutcome>;
}

export interface Files {
  /** The file's text, or a failure of kind not-found or internal that names it. */
  read(path: string): Result<string>;
  /** Names in a directory, sorted by code unit; not-found when there is no such directory. */
  list(path: string): Result<readonly { readonly name: string; readonly directory: boolean }[]>;
  exists(path: string): boolean;
  /** Replaces the file as one step: temporary file, fsync, rename, mode 0600. Never two writes of one path at a time. */
  replace(path: string, text: string): Promise<Result<void>>;
}

/** Metrics out. Names are dotted, tags are flat; a sink that is away costs nothing. */
export interface Meter {
  count(name: string, tags?: Readonly<Record<string, string>>): void;
  gauge(name: string, value: number, tags?: Readonly<Record<string, string>>): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** djsup's own log: one line a message on stderr, never blocking. */
export interface Log {
  write(level: LogLevel, message: string): void;
}
