// The daemon put together: one mailbox, one keeper per noun, and the order in which it comes up and goes down.
import { emptySnapshot } from '../core/state-file.ts';
import type { Layer } from '../core/layer.ts';
import type { Problem } from '../core/problem.ts';
import { revive } from '../core/revive.ts';
import type { Result } from '../core/result.ts';
import type { Clock, Files, Log, Meter, Prober, Spawner } from '../ports.ts';
import { createChanges } from './changes.ts';
import type { Changes, TaskHandler } from './changes.ts';
import { createChecks } from './checks.ts';
import type { Checks } from './checks.ts';
import type { Daemon } from './face.ts';
import { createFace } from './requests.ts';
import { createLogs } from './logs.ts';
import { createMailbox } from './mailbox.ts';
import { createPlans } from './plans.ts';
import type { Plans } from './plans.ts';
import { createRecoveries } from './recoveries.ts';
import { draftStopAll } from './service-changes.ts';
import { createServices } from './services.ts';
import type { Explain, Services, Watch } from './services.ts';
import { localStamp } from './stamp.ts';
import { openStore } from './store.ts';
import { createTeller } from './tell.ts';

export interface SupervisorDeps {
  readonly clock: Clock;
  readonly spawner: Spawner;
  readonly prober: Prober;
  readonly files: Files;
  readonly log: Log;
  readonly meter: Meter;
  /** What every service inherits. */
  readonly environment: Readonly<Record<string, string>>;
  /** Undefined: state stays in memory. */
  readonly statePath: string | undefined;
  /** Gets a copy of each line that services print; undefined: nobody does. */
  readonly copy: ((text: string) => void) | undefined;
  readonly explain: Explain;
  readonly watch: Watch;
  readonly system: {
    readonly version: string;
    readonly bootId: string;
    readonly httpAddress: string | undefined;
    readonly appId: string;
  };
}

export interface Supervisor {
  readonly face: Daemon;
  /** Puts these layers in place of those from files; those from the API stay on top. */
  load(layers: readonly Layer[]): Result<void, readonly Problem[]>;
  /** Goes on with what a restored state file left undone. */
  resume(): void;
  /** Ends orderly, with this exit code unless an end is under way already. A second call makes it quick. */
  stop(code: number, why: string): void;
  /** Resolves with the exit code once everything has stopped and is saved. */
  readonly ended: Promise<number>;
}

/** How long the whole orderly stop may take beyond the longest kill-delay, ms; then all is killed that still runs. */
const stopMargin = 5_100;
/** What is left of all services gets this between SIGTERM and SIGKILL when the daemon ends, ms. */
const lastGrace = 1_000;
const pruneEvery = 600_000;

export function createSupervisor(deps: SupervisorDeps): Supervisor {
  const { clock, log } = deps;
  const tell = createTeller(log, deps.meter);
  const mailbox = createMailbox(clock, log, () => [services, checks, housekeeping]);
  const logs = createLogs(clock, deps.copy);
  const store = openStore(deps.statePath, deps.files, tell, () => changes?.snapshot() ?? emptySnapshot);
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  let stopping: { readonly code: number } | undefined;

  const plans: Plans = createPlans((plan) => {
    if (stopping === undefined) checks.apply(plan.checks);
  });

  const startHandler: TaskHandler = {
    run(task) {
      const config = plans.plan().services.get(task.subject);
      if (config !== undefined) return services.start(config, task.id);
      const error = `service "${task.subject}" does not exist`;
      mailbox.post('start of an unknown service', () => changes.finish(task.id, { status: 'Error', error }));
    },
    abort: (task) => services.abort(task.subject, task.id),
  };
  const stopHandler: TaskHandler = {
    run(task) {
      const byUser = changes.get(task.changeId)?.kind === 'stop' && stopping === undefined;
      services.stop(task.subject, task.id, byUser);
    },
    abort: (task) =>
      log.write('info', `Cannot abort stop for service "${task.subject}", signals already sent`),
  };
  const checkHandler: TaskHandler = { run: () => {}, abort: (task) => checks.aborted(task.subject) };

  const now = clock.wall();
  const restored = {
    ...store.restored,
    changes: store.restored.changes.map((change) =>
      change.readyTime === undefined ? revive(change, localStamp(now), now) : change,
    ),
  };
  const changes: Changes = createChanges({
    clock,
    tell,
    restored,
    save: () => store.save(),
    handlers: {
      start: startHandler,
      stop: stopHandler,
      'perform-check': checkHandler,
      'recover-check': checkHandler,
      'recover-service': { run: () => {}, abort: (task) => recoveries.abort(task.subject) },
    },
  });
  const recoveries = createRecoveries(changes);
  const services: Services = createServices({
    clock,
    spawner: deps.spawner,
    mailbox,
    logs,
    tell,
    tale: (...tale) => {
      tell.service(...tale);
      recoveries.take(...tale);
    },
    environment: deps.environment,
    explain: deps.explain,
    watch: deps.watch,
    settle: (waiter, outcome, note) => {
      mailbox.post('end of a task', () => {
        if (note !== undefined) changes.note(waiter, 'INFO', note);
        changes.finish(waiter, outcome);
      });
    },
    shutdown: (code) => mailbox.post('shutdown', () => beginStop(code)),
    standing: (name, standing) => checks.serviceChanged(name, standing),
  });
  const checks: Checks = createChecks({
    clock,
    prober: deps.prober,
    spawner: deps.spawner,
    mailbox,
    changes,
    tell,
    environment: deps.environment,
    standing: (name) => services.standing(name),
    wentDown: (check) => {
      if (stopping !== undefined) return;
      for (const { name, onCheckFailure } of plans.plan().services.values()) {
        const action = onCheckFailure[check];
        if (action !== undefined) services.checkFailed(name, check, action);
      }
    },
  });
  let pruneAt = clock.now() + pruneEvery;
  const housekeeping = {
    deadline: () => pruneAt,
    tick: () => {
      if (clock.now() < pruneAt) return;
      pruneAt = clock.now() + pruneEvery;
      changes.prune();
      services.prune(plans.plan().services);
    },
  };

  function beginStop(code: number): void {
    if (stopping !== undefined) return;
    stopping = { code };
    checks.stop(checks.records().map((check) => check.name));
    changes.holdPending();
    const active = services.active();
    if (active.length === 0) return lastSweep(code);
    log.write('info', 'Stopping all running services.');
    const { kind, summary, services: names, tasks } = draftStopAll(plans.plan(), active);
    const killDelays = [...services.known().values()].map(({ config }) => config.killDelay);
    const id = changes.create(kind, summary, names, tasks);
    const cancelAlarm = clock.alarm(clock.now() + Math.max(0, ...killDelays) + stopMargin, () => {
      mailbox.post('stop out of time', () => {
        log.write('error', `cannot stop in time, sending SIGKILL to: ${services.active().join(', ')}`);
        services.killAll();
      });
    });
    changes.whenReady(id, () => {
      cancelAlarm();
      mailbox.post('all stopped', () => lastSweep(code));
    });
  }

  function lastSweep(code: number): void {
    deps.spawner.sweepAll(lastGrace, (found, left) => {
      if (found > 0) log.write('info', `Ended what services and checks had left behind: ${found} in number.`);
      if (left > 0)
        log.write('error', `cannot end what services and checks had left behind: ${left} live on`);
      mailbox.close();
      void store.flush().then(() => end(code));
    });
  }

  return {
    face: createFace({
      ...deps,
      mailbox,
      plans,
      changes,
      checks,
      services,
      logs,
      isStopping: () => stopping !== undefined,
    }),
    load: (layers) => mailbox.call('load', () => plans.replace(layers)),
    resume: () => mailbox.call('resume', () => changes.resume()),
    stop(code, why) {
      mailbox.post('stop', () => {
        log.write('info', why);
        if (stopping === undefined) return beginStop(code);
        services.killAll();
      });
    },
    ended,
  };
}
