// The keeper of services: one machine each, its effects carried out through the ports.
// Law: a service's state changes only here, one event at a time.
import { formatCommand } from '../core/command.ts';
import type { CheckAction, ServiceConfig } from '../core/config.ts';
import type { Exit } from '../core/exit.ts';
import type { Outcome } from '../core/change.ts';
import { currentOf, reportText } from '../core/service-text.ts';
import { idle, isActive, serviceDeadline } from '../core/service-state.ts';
import type { ServiceEffect, ServiceEvent, ServiceReport, ServiceState } from '../core/service-state.ts';
import { stepService } from '../core/service.ts';
import type { Child, Clock, Spawner } from '../ports.ts';
import { launchOf } from './launch.ts';
import type { Logs } from './logs.ts';
import type { Keeper, Mailbox } from './mailbox.ts';
import type { ServiceRecord } from './records.ts';
import type { Teller } from './tell.ts';
import { serviceRecord } from './views.ts';
import type { ServiceFacts } from './views.ts';

/** What happened to a service, for whoever tells or records it. */
export type Tale = Parameters<Teller['service']>;

export interface Services extends Keeper {
  /** Carried out for a task; its end is told through `settle`. */
  start(config: ServiceConfig, waiter: string): void;
  /** `byUser`: somebody wants it to stay down, so that replan leaves it alone. */
  stop(name: string, waiter: string, byUser: boolean): void;
  abort(name: string, waiter: string): void;
  checkFailed(name: string, check: string, action: CheckAction): void;
  /** Sends a signal to the main process; the failure is a sentence. */
  signal(name: string, signal: NodeJS.Signals): string | undefined;
  /** SIGKILL to everything, for a shutdown that may not wait. */
  killAll(): void;
  standing(name: string): Standing;
  /** What runs or ran, for replan. */
  known(): ReadonlyMap<string, { config: ServiceConfig; active: boolean; stoppedByUser: boolean }>;
  /** Forgets those that neither the plan knows nor anything runs of, but for the newest. */
  prune(planned: ReadonlyMap<string, unknown>): void;
  /** Names of services with a process, or on the way to one. */
  active(): readonly string[];
  record(config: ServiceConfig): ServiceRecord;
}

/** What is kept of a service; `ServiceFacts` says what it means. */
interface Entry extends Changing<ServiceFacts> {
  config: ServiceConfig;
  child: Child | undefined;
  current: string;
  spawnedAt: Date | undefined;
}

type Changing<T> = { -readonly [Key in keyof T]: T[Key] };

/** `up`: counts as started; `lost`: should be up and is not (yet); `down`: nobody wants it up. */
export type Standing = 'up' | 'lost' | 'down';

/** What an exit means for the program that was run, given the end of its output. */
export type Explain = (
  argv: readonly string[],
  exit: Exit,
  lastLines: readonly string[],
) => string | undefined;

/** Begins to read the output of a run line by line; what comes back is logged as a warning. Undefined: nobody reads it. */
export type Watch = (
  argv: readonly string[],
) => ((line: string, now: number) => string | undefined) | undefined;

/** Services that are no longer planned and whose last words are kept all the same. */
const keptGone = 100;

export function createServices(deps: {
  readonly clock: Clock;
  readonly spawner: Spawner;
  readonly mailbox: Pick<Mailbox, 'post'>;
  readonly logs: Logs;
  readonly tell: Pick<Teller, 'say'>;
  readonly tale: (...tale: Tale) => void;
  readonly environment: Readonly<Record<string, string>>;
  readonly explain: Explain;
  readonly watch: Watch;
  readonly settle: (waiter: string, outcome: Outcome, note: string | undefined) => void;
  readonly shutdown: (code: 0 | 10 | 11) => void;
  readonly standing: (name: string, standing: Standing) => void;
}): Services {
  const { clock, spawner, mailbox, logs, tell } = deps;
  const entries = new Map<string, Entry>();

  function feed(name: string, entry: Entry, event: ServiceEvent): void {
    const before = standingOf(entry.state);
    const [state, effects] = stepService(entry.config, entry.state, event, {
      now: clock.now(),
      jitter: clock.jitter(),
    });
    entry.state = state;
    const current = currentOf(state);
    if (current !== entry.current) {
      entry.current = current;
      entry.since = clock.wall();
    }
    for (const effect of effects) carryOut(name, entry, effect);
    const after = standingOf(state);
    if (after !== before) deps.standing(name, after);
  }

  function carryOut(name: string, entry: Entry, effect: ServiceEffect): void {
    switch (effect.kind) {
      case 'sweep': {
        const { run, grace } = effect;
        spawner.sweep(name, grace, (found, left) => {
          mailbox.post(`swept ${name}`, () => feed(name, entry, { kind: 'swept', run, found, left }));
        });
        return;
      }
      case 'spawn':
        return spawn(name, entry, effect.run);
      case 'signal':
        return entry.child?.signal(effect.to, effect.signal);
      case 'report':
        return settle(name, entry, effect.waiter, effect.report);
      case 'shutdown':
        return deps.shutdown(effect.code);
      case 'tell':
        if (effect.tale.kind === 'spawned' && effect.tale.restart) entry.restarts += 1;
        return deps.tale(name, effect.tale, {
          command: formatCommand(entry.config.command),
          explanation: entry.explanation,
        });
    }
  }

  function spawn(name: string, entry: Entry, run: number): void {
    const launch = launchOf(entry.config, deps.environment);
    const watch = deps.watch(launch.argv);
    const seen = (line: string): void => {
      const warning = watch?.(line, clock.now());
      if (warning !== undefined) tell.say('warn', `Service "${name}": ${warning}`);
    };
    const spawned = spawner.spawn(launch, {
      output: (bytes) => logs.write(name, bytes, watch === undefined ? undefined : seen),
      exited: (exit, alone) => {
        mailbox.post(`exit of ${name}`, () => {
          logs.end(name);
          if (entry.child === child) entry.lastExit = exit;
          entry.explanation = deps.explain(launch.argv, exit, logs.tail(name, 50, entry.spawnedAt));
          feed(name, entry, { kind: 'exited', run, exit, alone });
        });
      },
      emptied: () => mailbox.post(`${name} emptied`, () => feed(name, entry, { kind: 'emptied', run })),
    });
    const child = spawned.ok ? spawned.value : undefined;
    entry.explanation = undefined;
    if (!spawned.ok) return feed(name, entry, { kind: 'spawn-failed', run, reason: spawned.failure });
    entry.child = spawned.value;
    entry.spawnedAt = clock.wall();
    feed(name, entry, { kind: 'spawned', run, pid: spawned.value.pid });
  }

  function settle(name: string, entry: Entry, waiter: string, report: ServiceReport): void {
    const text = reportText(name, report, entry.explanation);
    const output = text.withOutput === true ? recentOutput(logs, name, entry.spawnedAt) : undefined;
    const outcome: Outcome =
      text.error === undefined ? { status: 'Done' } : { status: 'Error', error: text.error };
    deps.settle(waiter, outcome, text.note ?? output);
  }

  return {
    start(config, waiter) {
      const known = entries.get(config.name);
      const entry = known ?? newEntry(config);
      if (known === undefined) entries.set(config.name, entry);
      // A service that runs keeps the configuration it was started with.
      if (!isActive(entry.state) || entry.state.kind === 'backoff') entry.config = config;
      entry.stoppedByUser = false;
      feed(config.name, entry, { kind: 'start', waiter });
    },
    stop(name, waiter, byUser) {
      const entry = entries.get(name);
      if (entry === undefined) {
        const { note } = reportText(name, { kind: 'noop', was: 'never-started' }, undefined);
        return deps.settle(waiter, { status: 'Done' }, note);
      }
      entry.stoppedByUser = byUser;
      feed(name, entry, { kind: 'stop', waiter });
    },
    abort(name, waiter) {
      const entry = entries.get(name);
      if (entry !== undefined) feed(name, entry, { kind: 'abort', waiter });
    },
    checkFailed(name, check, action) {
      const entry = entries.get(name);
      if (entry !== undefined) feed(name, entry, { kind: 'check-failed', check, action });
    },
    signal(name, signal) {
      const entry = entries.get(name);
      const runs = entry?.state.kind === 'starting' || entry?.state.kind === 'running';
      if (entry?.child === undefined || !runs)
        return `cannot send signal to "${name}": service is not running`;
      tell.say('info', `Sending ${signal} to service "${name}"`);
      entry.child.signal('main', signal);
      return undefined;
    },
    killAll() {
      for (const [name, entry] of entries) feed(name, entry, { kind: 'kill' });
    },
    standing: (name) => standingOf(entries.get(name)?.state ?? idle),
    known() {
      const list = [...entries].map(([name, { config, state, stoppedByUser }]) => {
        return [name, { config, active: isActive(state), stoppedByUser }] as const;
      });
      return new Map(list);
    },
    prune(planned) {
      const gone = [...entries].filter(([name, entry]) => !planned.has(name) && !isActive(entry.state));
      for (const [name] of gone.slice(0, Math.max(0, gone.length - keptGone))) {
        entries.delete(name);
        logs.forget(name);
      }
    },
    active: () => [...entries].filter(([, entry]) => isActive(entry.state)).map(([name]) => name),
    record: (config) => serviceRecord(config, entries.get(config.name), clock),
    deadline() {
      const instants = [...entries.values()].map((entry) => serviceDeadline(entry.state) ?? Infinity);
      const next = Math.min(Infinity, ...instants);
      return next === Infinity ? undefined : next;
    },
    tick() {
      const now = clock.now();
      for (const [name, entry] of entries)
        if ((serviceDeadline(entry.state) ?? Infinity) <= now) feed(name, entry, { kind: 'tick' });
    },
  };
}

function newEntry(config: ServiceConfig): Entry {
  return {
    config,
    state: idle,
    child: undefined,
    current: 'inactive',
    since: undefined,
    spawnedAt: undefined,
    restarts: 0,
    lastExit: undefined,
    explanation: undefined,
    stoppedByUser: false,
  };
}

function standingOf(state: ServiceState): Standing {
  switch (state.kind) {
    case 'running':
      return 'up';
    case 'idle':
    case 'stopped':
      return 'down';
    case 'terminating':
    case 'killing':
      return state.afterwards.kind === 'stopped' ? 'down' : 'lost';
    case 'clearing':
    case 'spawning':
    case 'starting':
    case 'backoff':
    case 'exited':
      return 'lost';
  }
}

/** The last lines of this run, for a failed task. Empty when it printed nothing. */
function recentOutput(logs: Logs, name: string, since: Date | undefined): string | undefined {
  const lines = logs.tail(name, 21, since);
  if (lines.length === 0) return undefined;
  const shown = lines.length > 20 ? ['(...)', ...lines.slice(-20)] : lines;
  return `Most recent service output:\n${shown.map((line) => `    ${line}`).join('\n')}`;
}
