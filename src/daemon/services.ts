// The keeper of services: one machine each, its effects carried out through the ports.
// Law: a service's state changes only here, one event at a time.
import { formatCommand } from '../core/command.ts';
import type { CheckAction, ServiceConfig } from '../core/config.ts';
import type { Outcome } from '../core/change.ts';
import type { KnownService } from '../core/replan.ts';
import { currentOf, reportText } from '../core/service-text.ts';
import { idle, isActive, serviceDeadline } from '../core/service-state.ts';
import type { ServiceEffect, ServiceEvent, ServiceReport, ServiceState } from '../core/service-state.ts';
import { stepService } from '../core/service.ts';
import type { Keeper } from './mailbox.ts';
import type { ServiceRecord } from './records.ts';
import { createRunStarter, newEntry } from './service-run.ts';
import type { RunDeps, ServiceEntry } from './service-run.ts';
import { recentOutput, standingOf } from './service-standing.ts';
import type { Standing } from './service-standing.ts';
import type { Teller } from './tell.ts';
import { serviceRecord } from './views.ts';

/** What happened to a service, for whoever tells or records it. */
export type Tale = Parameters<Teller['service']>;

export interface Services extends Keeper {
  /** Carried out for a task; its end is told through `settle`. `again`: a task that is done runs once more. */
  start(config: ServiceConfig, waiter: string, again: boolean): void;
  /** `user`: somebody wants it to stay down, so that replan leaves it alone; `plan`: another plan wants it down or anew. */
  stop(name: string, waiter: string, by: 'user' | 'plan' | 'daemon'): void;
  abort(name: string, waiter: string): void;
  checkFailed(name: string, check: string, action: CheckAction): void;
  /** Sends a signal to the main process; the failure is a sentence. */
  signal(name: string, signal: NodeJS.Signals): string | undefined;
  /** SIGKILL to everything, for a shutdown that may not wait. */
  killAll(): void;
  /** SIGKILL to everything of one service. */
  kill(name: string): void;
  /** Another replica has done this task. */
  doneElsewhere(config: ServiceConfig): void;
  /** What this task has done counts no more. */
  outdate(name: string): void;
  /** Nothing of the service's process lives from `killAt` on, monotonic ms, where it runs under a guard. */
  feed(name: string, killAt: number): void;
  standing(name: string): Standing;
  state(name: string): ServiceState;
  /** What runs or ran, for replan. */
  known(): ReadonlyMap<string, KnownService>;
  /** Forgets those that neither the plan knows nor anything runs of, but for the newest. */
  prune(planned: ReadonlyMap<string, unknown>): void;
  /** Names of services with a process, or on the way to one. */
  active(): readonly string[];
  record(config: ServiceConfig): ServiceRecord;
}

/** Services that are no longer planned and whose last words are kept all the same. */
const keptGone = 100;

export interface ServicesDeps extends RunDeps {
  readonly tale: (...tale: Tale) => void;
  readonly settle: (waiter: string, outcome: Outcome, note: string | undefined) => void;
  /** The end is not yet to come, but something is to be told. */
  readonly note: (waiter: string, text: string) => void;
  readonly shutdown: (code: 0 | 10 | 11) => void;
  readonly standing: (name: string, standing: Standing) => void;
  /** Nothing runs of it or is on the way to. */
  readonly inactive: (name: string) => void;
  /** Why a service does not run that is wanted. */
  readonly standby: (name: string) => string | undefined;
  /** What else there is to say of a service. */
  readonly remark: (name: string) => string | undefined;
}

export function createServices(deps: ServicesDeps): Services {
  const { clock, spawner, mailbox, logs, tell } = deps;
  const entries = new Map<string, ServiceEntry>();
  const spawn = createRunStarter(deps, feed);

  function feed(name: string, entry: ServiceEntry, event: ServiceEvent): void {
    const before = standingOf(entry.state);
    const wasActive = isActive(entry.state);
    const [state, effects] = stepService(entry.config, entry.state, event, {
      now: clock.now(),
      jitter: clock.jitter(),
    });
    deps.tallies.moved(name, entry.state, state, clock.now());
    entry.state = state;
    const current = currentOf(state);
    if (current !== entry.current) {
      entry.current = current;
      entry.since = clock.wall();
    }
    for (const effect of effects) carryOut(name, entry, effect);
    const after = standingOf(state);
    if (after !== before) deps.standing(name, after);
    if (wasActive && !isActive(entry.state)) deps.inactive(name);
  }

  function carryOut(name: string, entry: ServiceEntry, effect: ServiceEffect): void {
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
        if (effect.signal === 'SIGKILL') entry.killed = true;
        return entry.child?.signal(effect.to, effect.signal);
      case 'report':
        return settle(name, entry, effect.waiter, effect.report);
      case 'note': {
        const output = recentOutput(logs, name, entry.spawnedAt);
        const text = `${effect.why}, it is tried again`;
        return deps.note(effect.waiter, output === undefined ? text : `${text}. ${output}`);
      }
      case 'shutdown':
        return deps.shutdown(effect.code);
      case 'tell':
        if (effect.tale.kind === 'spawned' && effect.tale.restart) entry.restarts += 1;
        return deps.tale(name, effect.tale, {
          command: formatCommand(entry.config.command),
          explanation: entry.explanation ?? entry.lastLine,
        });
    }
  }

  function entryOf(config: ServiceConfig): ServiceEntry {
    const entry = entries.get(config.name) ?? newEntry(config);
    entries.set(config.name, entry);
    return entry;
  }

  function settle(name: string, entry: ServiceEntry, waiter: string, report: ServiceReport): void {
    const text = reportText(name, report, entry.explanation);
    const output = text.withOutput === true ? recentOutput(logs, name, entry.spawnedAt) : undefined;
    const outcome: Outcome =
      text.error === undefined ? { status: 'Done' } : { status: 'Error', error: text.error };
    deps.settle(waiter, outcome, text.note ?? output);
  }

  return {
    start(config, waiter, again) {
      const entry = entryOf(config);
      // A service that runs keeps the configuration it was started with.
      if (!isActive(entry.state) || entry.state.kind === 'backoff') entry.config = config;
      entry.stoppedByUser = false;
      feed(config.name, entry, { kind: 'start', waiter, again });
    },
    stop(name, waiter, by) {
      const entry = entries.get(name);
      if (entry === undefined) {
        const { note } = reportText(name, { kind: 'noop', was: 'never-started' }, undefined);
        return deps.settle(waiter, { status: 'Done' }, note);
      }
      entry.stoppedByUser = by === 'user';
      entry.stoppedByPlan = by === 'plan';
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
      const runs = ['starting', 'working', 'running'].includes(entry?.state.kind ?? '');
      if (entry?.child === undefined || !runs)
        return `cannot send signal to "${name}": service is not running`;
      tell.say('info', `Sending ${signal} to service "${name}"`);
      if (signal === 'SIGKILL') entry.killed = true;
      entry.child.signal('main', signal);
      return undefined;
    },
    killAll() {
      for (const [name, entry] of entries) feed(name, entry, { kind: 'kill' });
    },
    kill(name) {
      const entry = entries.get(name);
      if (entry !== undefined) feed(name, entry, { kind: 'kill' });
    },
    doneElsewhere(config) {
      const entry = entryOf(config);
      if (!isActive(entry.state)) entry.config = config;
      feed(config.name, entry, { kind: 'done-elsewhere' });
    },
    outdate(name) {
      const entry = entries.get(name);
      if (entry !== undefined) feed(name, entry, { kind: 'outdated' });
    },
    feed: (name, killAt) => entries.get(name)?.child?.feed(killAt),
    standing: (name) => standingOf(entries.get(name)?.state ?? idle),
    state: (name) => entries.get(name)?.state ?? idle,
    known() {
      const list = [...entries].map(([name, { config, state, stoppedByUser }]) => {
        const active = isActive(state) || state.kind === 'done';
        const pending = config.type === 'task' && isActive(state);
        return [name, { config, active, pending, stoppedByUser }] as const;
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
    record: (config) =>
      serviceRecord(
        config,
        entries.get(config.name),
        deps.standby(config.name),
        deps.remark(config.name),
        clock,
      ),
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
