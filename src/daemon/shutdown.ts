// The orderly end of the daemon. Laws: what leads lets go first, so that another replica can take over while all else takes its
// time; whatever hangs, the end comes within the longest kill-delay and some seconds.
import type { Plan } from '../core/plan.ts';
import type { Clock, Log, Spawner } from '../ports.ts';
import type { Changes } from './changes.ts';
import type { Checks } from './checks.ts';
import type { Leaders } from './leaders.ts';
import type { Mailbox } from './mailbox.ts';
import type { ReleaseTasks } from './release-tasks.ts';
import { draftStopAll } from './service-changes.ts';
import type { Services } from './services.ts';

/** How long the whole orderly stop may take beyond the longest kill-delay, ms; then all is killed that still runs. */
const stopMargin = 5_100;
/** What is left of all services gets this between SIGTERM and SIGKILL when the daemon ends, ms. */
const lastGrace = 1_000;
/** How long after that leases may still be handed over, ms. */
const releaseMargin = 4_000;

export interface Shutdown {
  isUnderWay(): boolean;
  /** Ends with this exit code, unless an end is under way already. */
  begin(code: number): void;
  /** Resolves with the exit code once everything has stopped and is saved. */
  readonly ended: Promise<number>;
}

export function createShutdown(deps: {
  readonly clock: Clock;
  readonly log: Log;
  readonly mailbox: Pick<Mailbox, 'post' | 'close'>;
  readonly spawner: Pick<Spawner, 'sweepAll'>;
  readonly checks: Pick<Checks, 'stop' | 'records'>;
  readonly changes: Pick<Changes, 'holdPending' | 'create' | 'whenReady'>;
  readonly services: Pick<Services, 'known' | 'active' | 'killAll'>;
  readonly releaseTasks: Pick<ReleaseTasks, 'stop'>;
  readonly leaders: Pick<Leaders, 'stop' | 'whenOver'>;
  readonly plan: () => Plan;
  /** Saves and sends what is to outlive the daemon. */
  readonly flush: () => Promise<unknown>;
}): Shutdown {
  const { clock, log, mailbox, checks, changes, services, leaders } = deps;
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  let isUnderWay = false;

  function begin(code: number): void {
    if (isUnderWay) return;
    isUnderWay = true;
    checks.stop(checks.records().map((check) => check.name));
    changes.holdPending();
    const killDelays = [...services.known().values()].map(({ config }) => config.killDelay);
    const budget = Math.max(0, ...killDelays) + stopMargin;
    let left = 2;
    const alarms = [
      clock.alarm(clock.now() + budget, () => mailbox.post('stop out of time', killRest)),
      clock.alarm(clock.now() + budget + releaseMargin, () => over(left)),
    ];
    const over = (parts = 1): void => {
      if (left === 0) return;
      left -= parts;
      if (left > 0) return;
      for (const cancel of alarms) cancel();
      mailbox.post('all stopped', () => lastSweep(code));
    };
    deps.releaseTasks.stop();
    leaders.stop();
    leaders.whenOver(over);
    const active = services.active();
    if (active.length === 0) return over();
    log.write('info', 'Stopping all running services.');
    const { kind, summary, services: names, tasks } = draftStopAll(deps.plan(), active);
    changes.whenReady(changes.create(kind, summary, names, tasks), over);
  }

  function killRest(): void {
    const rest = services.active();
    if (rest.length > 0) log.write('error', `cannot stop in time, sending SIGKILL to: ${rest.join(', ')}`);
    services.killAll();
  }

  function lastSweep(code: number): void {
    deps.spawner.sweepAll(lastGrace, (found, left) => {
      if (found > 0) log.write('info', `Ended what services and checks had left behind: ${found} in number.`);
      if (left > 0)
        log.write('error', `cannot end what services and checks had left behind: ${left} live on`);
      mailbox.close();
      void deps.flush().then(() => end(code));
    });
  }

  return {
    isUnderWay: () => isUnderWay,
    begin,
    ended,
  };
}
