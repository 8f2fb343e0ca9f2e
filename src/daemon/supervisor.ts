// The daemon put together: one mailbox, one keeper per noun, and the order in which it comes up and goes down.
import type { Layer } from '../core/layer.ts';
import type { Release } from '../core/release.ts';
import type { Problem } from '../core/problem.ts';
import { revive } from '../core/revive.ts';
import type { Result } from '../core/result.ts';
import type { Clock, Files, Log, MemoryLimit, Meter, Prober, Spawner, Vitals } from '../ports.ts';
import { createChanges } from './changes.ts';
import type { Changes } from './changes.ts';
import { createChecks } from './checks.ts';
import type { Checks } from './checks.ts';
import type { Daemon } from './face.ts';
import { createReleaseTasks } from './release-tasks.ts';
import { createFace } from './requests.ts';
import { createLogs } from './logs.ts';
import { createMailbox } from './mailbox.ts';
import { createMemory } from './memory.ts';
import { createNotices } from './notices.ts';
import type { Notices } from './notices.ts';
import { createPlans } from './plans.ts';
import type { Plans } from './plans.ts';
import { createRecoveries } from './recoveries.ts';
import { createShutdown } from './shutdown.ts';
import type { Shutdown } from './shutdown.ts';
import { createServices } from './services.ts';
import type { Services } from './services.ts';
import type { Explain, Watch } from './service-run.ts';
import { createSingletons } from './singletons.ts';
import type { ReplicaDeps } from './singletons.ts';
import { localStamp } from './stamp.ts';
import { openStore } from './store.ts';
import { createTaskHandlers } from './task-handlers.ts';
import { createTallies } from './tallies.ts';
import { createTelemetry } from './telemetry.ts';
import { createTeller } from './tell.ts';

export interface SupervisorDeps {
  readonly clock: Clock;
  readonly spawner: Spawner;
  readonly prober: Prober;
  readonly files: Files;
  readonly log: Log;
  readonly memoryLimit: MemoryLimit;
  /** Loaded with the first question. */
  readonly vitals: () => Promise<Vitals>;
  /** Where metrics are sent to; undefined: nowhere. */
  readonly meter: Meter | undefined;
  /** Lines that djsup's own outputs have dropped, by name. */
  readonly dropped: () => Readonly<Record<string, number>>;
  /** What every service inherits. */
  readonly environment: Readonly<Record<string, string>>;
  /** Undefined: state stays in memory. */
  readonly statePath: string | undefined;
  /** Gets a copy of each line that services print; undefined: nobody does. */
  readonly copy: ((text: string) => void) | undefined;
  readonly explain: Explain;
  readonly watch: Watch;
  readonly replica: ReplicaDeps;
  /** Asked where the plan has tasks that are done once for each release. */
  readonly release: () => Release;
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

const pruneEvery = 600_000;

export function createSupervisor(deps: SupervisorDeps): Supervisor {
  const { clock, log } = deps;
  const tallies = createTallies();
  const tell = createTeller(log, tallies, (name, data) => notices.tell(name, data));
  const mailbox = createMailbox(clock, log, () => [
    services,
    checks,
    singletons.leaders,
    releaseTasks,
    memory,
    telemetry,
    housekeeping,
  ]);
  const memory = createMemory({ clock, limit: deps.memoryLimit, tell });
  const logs = createLogs(clock, deps.copy);
  const store = openStore(deps.statePath, deps.files, tell, () => ({
    ...changes.snapshot(),
    ...notices.snapshot(),
  }));
  const notices: Notices = createNotices({
    clock,
    restored: store.restored,
    isChange: (id) => changes.get(id) !== undefined,
    save: () => store.save(),
  });

  const plans: Plans = createPlans((plan) => {
    tallies.retain(plan.services, plan.checks);
    if (shutdown.isUnderWay()) return;
    checks.apply(plan.checks);
    singletons.leaders.apply(plan);
    releaseTasks.apply(plan);
  });
  const singletons = createSingletons({
    ...deps,
    mailbox,
    tell,
    plan: () => plans.plan(),
    changes: () => changes,
    services: () => services,
    releaseTasks: () => releaseTasks,
  });
  const releaseTasks = createReleaseTasks({
    clock,
    mailbox,
    tell,
    self: deps.replica.self.name,
    release: deps.release,
    leaders: () => singletons.leaders,
    changes: () => changes,
    services: () => services,
    prepared: (group, ready) => singletons.prepared(group, ready),
  });

  const now = clock.wall();
  const revived = store.restored.changes.map((change) =>
    change.readyTime === undefined ? revive(change, localStamp(now), now) : change,
  );
  const changes: Changes = createChanges({
    clock,
    tell,
    restored: { ...store.restored, changes: revived },
    save: () => store.save(),
    updated: (change) => notices.changeUpdated(change),
    handlers: createTaskHandlers({
      log,
      mailbox,
      plan: () => plans.plan(),
      changes: () => changes,
      services: () => services,
      checks: () => checks,
      recoveries: () => recoveries,
      releaseTasks,
      singletons,
      isStopping: () => shutdown.isUnderWay(),
    }),
  });
  const recoveries = createRecoveries(changes, (service, line) => logs.note(service, line));
  const services: Services = createServices({
    clock,
    spawner: deps.spawner,
    mailbox,
    logs,
    tell,
    tallies,
    memory,
    tale: (...tale) => {
      tell.service(...tale);
      recoveries.take(...tale);
      releaseTasks.take(...tale);
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
    note: (waiter, text) => mailbox.post('note', () => changes.note(waiter, 'INFO', text)),
    shutdown: (code) => mailbox.post('shutdown', () => shutdown.begin(code)),
    standing: (name, standing) => checks.serviceChanged(name, standing),
    launchTerms: (config) => singletons.launchTerms(config),
    inactive(name) {
      singletons.leaders.ended(name);
      releaseTasks.inactive(name);
    },
    guardLost: (name) => singletons.leaders.guardLost(name),
    guardWeak: (name, weakness) => singletons.leaders.guardWeak(name, weakness),
    standby: (name) => releaseTasks.standby(name) ?? singletons.leaders.standby(name),
    remark: (name) => releaseTasks.remark(name),
  });
  const checks: Checks = createChecks({
    clock,
    prober: deps.prober,
    spawner: deps.spawner,
    mailbox,
    changes,
    tell,
    tallies,
    environment: deps.environment,
    leaderless: (group) => singletons.leaders.leaderless(group),
    standing: (name) => services.standing(name),
    wentDown: (check) => {
      if (shutdown.isUnderWay()) return;
      for (const { name, onCheckFailure } of plans.plan().services.values()) {
        const action = onCheckFailure[check];
        if (action !== undefined) services.checkFailed(name, check, action);
      }
    },
  });
  const telemetry = createTelemetry({
    ...deps,
    version: deps.system.version,
    plan: () => plans.plan(),
    services,
    checks,
    leaders: singletons.leaders,
    logs,
    memory,
    tallies,
    failed: (error) => log.write('error', `bug in metrics: ${String(error)}`),
  });
  let pruneAt = clock.now() + pruneEvery;
  const housekeeping = {
    deadline: () => pruneAt,
    tick: () => {
      if (clock.now() < pruneAt) return;
      pruneAt = clock.now() + pruneEvery;
      changes.prune();
      notices.prune();
      services.prune(plans.plan().services);
    },
  };

  const shutdown: Shutdown = createShutdown({
    clock,
    log,
    mailbox,
    spawner: deps.spawner,
    checks,
    changes,
    services,
    releaseTasks,
    leaders: singletons.leaders,
    plan: () => plans.plan(),
    flush: () => Promise.all([store.flush(), telemetry.push()]),
  });

  return {
    face: createFace({
      ...deps,
      mailbox,
      plans,
      changes,
      notices,
      checks,
      services,
      leaders: singletons.leaders,
      logs,
      tallies,
      telemetry,
      isStopping: () => shutdown.isUnderWay(),
    }),
    load: (layers) => mailbox.call('load', () => plans.replace(layers)),
    resume: () =>
      mailbox.call('resume', () => {
        for (const [index, change] of revived.entries())
          if (change !== store.restored.changes[index]) notices.changeUpdated(change);
        changes.resume();
      }),
    stop(code, why) {
      mailbox.post('stop', () => {
        log.write('info', why);
        if (shutdown.isUnderWay()) services.killAll();
        else shutdown.begin(code);
      });
    },
    ended: shutdown.ended,
  };
}
