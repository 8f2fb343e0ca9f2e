// The outside world as djsup sees it. host/ implements these with the machine, tests with fakes.
// Law: nothing here throws for an expected failure; instants are milliseconds of one monotonic clock.
import type { Account } from './core/config.ts';
import type { Exit } from './core/exit.ts';
import type { LeaderRecord, Version, View } from './core/leader/record.ts';
import type { Outcome, StoreError } from './core/leader/state.ts';
import type { Result } from './core/result.ts';

export type { Exit };

export interface Clock {
  /** Monotonic milliseconds, fractions included (CLOCK_MONOTONIC). The only clock that deadlines compare with. */
  now(): number;
  /** Wall time, for people and for files. */
  wall(): Date;
  /** Milliseconds since the machine was started, in which it was suspended included (CLOCK_BOOTTIME). */
  uptime(): number;
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
  /** It runs under a guard: a process that kills it and all its descendants at a deadline, or when djsup is gone. */
  readonly guard?: GuardTerms | undefined;
}

export interface GuardTerms {
  /** Nothing of the tree lives from this instant on, and nothing is started: monotonic ms of the Clock. */
  readonly killAt: number;
  /** A descriptor that guard and child keep open for as long as one of them lives. */
  readonly anchor: number | undefined;
}

export interface ChildEvents {
  /** Bytes of stdout and stderr, one pipe, in the order written. They are the caller's again after the call. */
  output(bytes: Buffer): void;
  /** The main process has been reaped; `alone` says that no other process of its group is left. Never before spawn() returned. */
  exited(exit: Exit, alone: boolean): void;
  /** The last process of its group has gone; follows exited() with alone=false. */
  emptied(): void;
  /** What its guard does less well than it could, and what to do about it. At most once, before exited(). */
  weak(weakness: string): void;
}

export interface Child {
  readonly pid: number;
  /** Signals the main process, or its whole group. A process that has gone is no error. */
  signal(to: 'main' | 'group', signal: NodeJS.Signals): void;
  /** A guard's new deadline in place of the old one, monotonic ms. Nothing happens where there is no guard. */
  feed(killAt: number): void;
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

/** How a file is written where it is not as usual. */
export interface FileKind {
  readonly mode: number;
  /** Its text is of no use after a crash of the machine, so that nobody waits for the disk. */
  readonly volatile: boolean;
}

export interface Files {
  /** The file's text, or a failure of kind not-found or internal that names it. */
  read(path: string): Result<string>;
  /** Names in a directory, sorted by code unit; not-found when there is no such directory. */
  list(path: string): Result<readonly { readonly name: string; readonly directory: boolean }[]>;
  exists(path: string): boolean;
  /** Replaces the file as one step: temporary file, fsync, rename, mode 0600. Never two writes of one path at a time. */
  replace(path: string, text: string, kind?: FileKind): Promise<Result<void>>;
}

/** Metrics out. Tags are flat; a sink that is away costs nothing. */
export interface Meter {
  /** `by` is how much the counter has grown. */
  count(name: string, by: number, tags?: Readonly<Record<string, string>>): void;
  gauge(name: string, value: number, tags?: Readonly<Record<string, string>>): void;
  /** A value that was observed so many times. */
  observe(name: string, value: number, times: number, tags?: Readonly<Record<string, string>>): void;
  /** Datagrams that could not be sent. */
  lost(): number;
}

/** A unix datagram socket, which Node has none of. */
export interface UnixDatagrams {
  /** Lets go of the socket and removes its file. */
  close(): void;
}

export interface UnixDatagramsDeps {
  /** A path, or a name in the abstract namespace after "@". */
  readonly name: string;
  /** Permission bits of the file. */
  readonly mode: number;
  /** The bytes are good until it returns. */
  readonly take: (bytes: Buffer) => void;
  /** Nothing more will come; why, as a sentence. */
  readonly failed: (message: string) => void;
}

/** The failure is one clear sentence: kind internal. */
export type ListenUnixDatagrams = (deps: UnixDatagramsDeps) => Promise<Result<UnixDatagrams>>;

/** What processes use together. Undefined: the kernel will not tell djsup, as of another account's. */
export interface Usage {
  readonly processes: number;
  readonly threads: number;
  /** User and system, of those living and of their children that they have waited for, s. */
  readonly cpuSeconds: number;
  /** Each page shared by n processes counted as an nth (PSS), or in full where only that is told, bytes. */
  readonly memoryBytes: number | undefined;
  readonly openFiles: number | undefined;
}

/** What the kernel and the runtime know of processes; read only when somebody asks, without holding up anything else. */
export interface Vitals {
  /** Of services by name, given their main processes: all that is in their groups and sessions or descends from them. */
  services(mains: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, Usage>>;
  own(): OwnVitals;
}

export interface OwnVitals {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly openFiles: number | undefined;
  /** Unix time. */
  readonly startSeconds: number;
  /** How late the event loop came to timers, s; quantiles over the latest minute or so that was asked about. */
  readonly loopDelay: {
    readonly quantiles: readonly (readonly [quantile: number, seconds: number])[];
    readonly sum: number;
    readonly count: number;
  };
}

/** The memory limit that djsup shares with its services, as its cgroup tells. */
export interface MemoryLimit {
  /** Processes that the kernel has killed for want of memory so far; undefined where it does not say. */
  kills(): number | undefined;
  /** The tightest limit, bytes; undefined: there is none, or it is not told. */
  limit(): number | undefined;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** djsup's own log: one line a message on stderr, never blocking. */
export interface Log {
  write(level: LogLevel, message: string): void;
}

/** What came of opening a lease store. `place` says for people what it talks to, without any secret. */
export type Opening =
  | { readonly kind: 'ready'; readonly place: string; readonly warnings: readonly string[] }
  | { readonly kind: 'failed'; readonly error: StoreError; readonly message: string };

/**
 * One election's record in an engine: a register with compare-and-swap. A call that is aborted or fails may have been
 * carried out all the same; it ends as an outcome of kind `failed`.
 */
export interface LeaseStore {
  /** Connects, or connects anew, and refuses what would be unsafe. */
  open(signal: AbortSignal): Promise<Opening>;
  read(signal: AbortSignal): Promise<Outcome>;
  write(expect: Version, record: LeaderRecord, signal: AbortSignal): Promise<Outcome>;
  /** Calls at changes, as far as the engine tells of them; nothing may depend on it. The returned function ends it. */
  watch(events: { seen(view: View): void; hint(): void }): () => void;
  /** For the guard: while a process holds this descriptor, nobody takes the record before its lease has run out. */
  anchor(): number | undefined;
  close(): Promise<void>;
}

/** What decides who leads. `because`: how it was chosen, for people. */
export type Backing = { readonly backend: string; readonly because: string } & (
  | { readonly kind: 'store'; readonly store: LeaseStore }
  /** Somebody else decides, once and for all. */
  | { readonly kind: 'fixed'; readonly runs: boolean }
  /** It would be unsafe to elect, or there is nothing to elect with. */
  | { readonly kind: 'blocked' }
);
