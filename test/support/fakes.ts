// The ports played by tests: a clock that is told to move, processes that obey, probes that answer as told.
import type {
  Child,
  ChildEvents,
  Clock,
  Files,
  Launch,
  Log,
  LogLevel,
  MemoryLimit,
  Meter,
  ProbeOutcome,
  Prober,
  Spawner,
  Usage,
  Vitals,
} from '../../src/ports.ts';
import { ok, refuse } from '../../src/core/result.ts';
import type { Result } from '../../src/core/result.ts';

export interface FakeClock extends Clock {
  /** Lets time pass, ringing each alarm at its time. */
  pass(milliseconds: number): void;
  /** The machine is suspended: only the clocks of boot time and of the wall go on. */
  suspend(milliseconds: number): void;
}

export function fakeClock(): FakeClock {
  let now = 5_000;
  let suspended = 0;
  let alarms: { readonly at: number; readonly ring: () => void }[] = [];
  return {
    now: () => now,
    wall: () => new Date(Date.UTC(2026, 10, 21) + now + suspended),
    uptime: () => now + suspended,
    jitter: () => 0,
    alarm(at, ring) {
      const alarm = { at, ring };
      alarms.push(alarm);
      return () => {
        alarms = alarms.filter((other) => other !== alarm);
      };
    },
    suspend: (milliseconds) => void (suspended += milliseconds),
    pass(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        const next = alarms.toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined || next.at > end) break;
        now = Math.max(now, next.at);
        alarms = alarms.filter((other) => other !== next);
        next.ring();
      }
      now = end;
    },
  };
}

export interface FakeProcess {
  readonly launch: Launch;
  readonly child: Child;
  readonly events: ChildEvents;
  readonly signals: readonly string[];
  /** The deadlines that its guard was given after the start. */
  readonly feeds: readonly number[];
  alive: boolean;
  /** Ends the main process; `alone`: nothing of its group stays behind. */
  exit(code: number, alone?: boolean): void;
  print(text: string): void;
}

export interface FakeSpawner extends Spawner {
  readonly processes: readonly FakeProcess[];
  /** The latest process of a service. */
  latest(owner: string): FakeProcess;
  /** What a spawn of this service fails with from now on; undefined: it succeeds. */
  refuse(owner: string, reason: string | undefined): void;
  /** Processes that ignore SIGTERM from now on. */
  readonly stubborn: Set<string>;
  readonly sweeps: readonly string[];
  /** Something of this service cannot be ended from now on: two sweeps say so, later ones take as long as it lives. */
  linger(owner: string): void;
  /** Now it has gone. */
  vanish(owner: string): void;
  probe: (argv: readonly string[]) => ProbeOutcome;
  /** Of the guards from now on. */
  weakness: string | undefined;
}

/** Processes exit with code 0 on SIGTERM and 137 on SIGKILL, in a later turn as real ones do. */
export function fakeSpawner(later: (turn: () => void) => void): FakeSpawner {
  const processes: FakeProcess[] = [];
  const refusals = new Map<string, string>();
  const stubborn = new Set<string>();
  const sweeps: string[] = [];
  const lingering = new Map<string, (() => void)[]>();
  const fake: FakeSpawner = {
    processes,
    stubborn,
    sweeps,
    linger: (owner) => void lingering.set(owner, []),
    vanish(owner) {
      for (const done of lingering.get(owner) ?? []) later(done);
      lingering.delete(owner);
    },
    probe: () => ({ up: true }),
    weakness: undefined,
    latest(owner) {
      const found = processes.findLast(({ launch }) => launch.owner === owner);
      if (found === undefined) throw new Error(`"${owner}" was never spawned`);
      return found;
    },
    refuse(owner, reason) {
      if (reason === undefined) refusals.delete(owner);
      else refusals.set(owner, reason);
    },
    spawn(launch, events): Result<Child, string> {
      const reason = refusals.get(launch.owner);
      if (reason !== undefined) return { ok: false, failure: reason };
      const signals: string[] = [];
      const feeds: number[] = [];
      const process: FakeProcess = {
        launch,
        events,
        signals,
        feeds,
        alive: true,
        child: {
          pid: 100 + processes.length,
          signal(to, signal) {
            signals.push(`${to} ${signal}`);
            const obeys = signal === 'SIGKILL' || (signal === 'SIGTERM' && !stubborn.has(launch.owner));
            if (obeys) later(() => process.exit(signal === 'SIGKILL' ? 137 : 0));
          },
          feed: (killAt) => void feeds.push(killAt),
        },
        exit(code, alone = true) {
          if (!process.alive) return;
          process.alive = false;
          events.exited(code === 137 ? { signal: 'SIGKILL' } : { code }, alone);
        },
        print: (text) => events.output(Buffer.from(text)),
      };
      processes.push(process);
      const { weakness } = fake;
      if (launch.guard !== undefined && weakness !== undefined) later(() => events.weak(weakness));
      return ok(process.child);
    },
    sweep(owner, grace, done) {
      sweeps.push(`${owner} ${grace}`);
      const waiting = lingering.get(owner);
      if (waiting === undefined) return later(() => done(0, 0));
      const isLate = waiting.length > 1;
      waiting.push(isLate ? () => done(1, 0) : () => {});
      if (isLate) return undefined;
      later(() => done(1, 1));
    },
    sweepAll(grace, done) {
      sweeps.push(`all ${grace}`);
      later(() => done(0, 0));
    },
    run: ({ argv }) => Promise.resolve(fake.probe(argv)),
  };
  return fake;
}

export interface FakeProber extends Prober {
  outcome: ProbeOutcome;
  readonly asked: readonly string[];
}

export function fakeProber(): FakeProber {
  const asked: string[] = [];
  const fake: FakeProber = {
    asked,
    outcome: { up: true },
    http(url) {
      asked.push(url);
      return Promise.resolve(fake.outcome);
    },
    tcp(host, port) {
      asked.push(`${host}:${port}`);
      return Promise.resolve(fake.outcome);
    },
  };
  return fake;
}

export interface FakeFiles extends Files {
  readonly contents: Map<string, string>;
  /** What replacing a file fails with. */
  broken: string | undefined;
  writes: number;
}

export function fakeFiles(given: Readonly<Record<string, string>> = {}): FakeFiles {
  const contents = new Map(Object.entries(given));
  const fake: FakeFiles = {
    contents,
    broken: undefined,
    writes: 0,
    read(path) {
      const text = contents.get(path);
      return text === undefined ? refuse('not-found', `cannot read "${path}": no such file`) : ok(text);
    },
    list(path) {
      const inside = [...contents.keys()]
        .filter((name) => name.startsWith(`${path}/`))
        .map((name) => name.slice(path.length + 1));
      if (inside.length === 0) return refuse('not-found', `cannot list "${path}": no such directory`);
      const names = new Map(inside.map((name) => [name.split('/')[0] ?? '', name.includes('/')]));
      return ok(
        [...names].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, directory]) => ({ name, directory })),
      );
    },
    exists: (path) => [...contents.keys()].some((name) => name === path || name.startsWith(`${path}/`)),
    replace(path, text) {
      fake.writes += 1;
      if (fake.broken !== undefined) return Promise.resolve(refuse('internal', fake.broken));
      contents.set(path, text);
      return Promise.resolve(ok(undefined));
    },
  };
  return fake;
}

export interface FakeLog extends Log {
  readonly lines: readonly string[];
  find(part: string): readonly string[];
}

export function fakeLog(): FakeLog {
  const lines: string[] = [];
  return {
    lines,
    write: (level: LogLevel, message: string) => void lines.push(`${level} ${message}`),
    find: (part) => lines.filter((line) => line.includes(part)),
  };
}

export function fakeMeter(): Meter & { readonly counts: Map<string, number> } {
  const counts = new Map<string, number>();
  return {
    counts,
    count: (name, by) => void counts.set(name, (counts.get(name) ?? 0) + by),
    gauge: () => {},
    observe: () => {},
    lost: () => 0,
  };
}

export interface FakeMemory extends MemoryLimit {
  counted: number | undefined;
  bytes: number | undefined;
}

export function fakeMemory(): FakeMemory {
  const fake: FakeMemory = {
    counted: undefined,
    bytes: 64 * 1024 ** 2,
    kills: () => fake.counted,
    limit: () => fake.bytes,
  };
  return fake;
}

export interface FakeVitals extends Vitals {
  readonly usages: Map<string, Usage>;
  /** What was asked for, each time. */
  readonly asked: ReadonlyMap<string, number>[];
}

export function fakeVitals(): FakeVitals {
  const usages = new Map<string, Usage>();
  const asked: ReadonlyMap<string, number>[] = [];
  return {
    usages,
    asked,
    services(mains) {
      asked.push(mains);
      return Promise.resolve(new Map([...usages].filter(([name]) => mains.has(name))));
    },
    own: () => ({
      cpuSeconds: 1.5,
      residentBytes: 70_000_000,
      openFiles: 20,
      startSeconds: 1_700_000_000,
      loopDelay: { quantiles: [[0.5, 0.001]], sum: 0.01, count: 10 },
    }),
  };
}
