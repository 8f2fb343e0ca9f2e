// How leader groups, services and changes work together: a start that may have to wait for leadership, the change that
// starts what this replica leads, and the one that stops it before it lets go.
import type { LeaderConfig, ServiceConfig } from '../core/config.ts';
import type { Task } from '../core/change.ts';
import type { Replica } from '../core/leader/observer.ts';
import type { About } from '../core/leader/record.ts';
import { millisecond, validity } from '../core/leader/timing.ts';
import { isActive } from '../core/service-state.ts';
import type { Plan } from '../core/plan.ts';
import type { Backing, Clock, Files, Spawner } from '../ports.ts';
import type { Changes, TaskHandler } from './changes.ts';
import { outcomeOf } from './leader-requests.ts';
import type { LeaderRequest } from './leader-requests.ts';
import { createLeaseFiles } from './lease-files.ts';
import { createLeaders } from './leaders.ts';
import type { Leaders } from './leaders.ts';
import type { Mailbox } from './mailbox.ts';
import { draftHandOver, draftLead } from './service-changes.ts';
import type { ReleaseTasks } from './release-tasks.ts';
import type { Services } from './services.ts';
import type { Teller } from './tell.ts';

/** Who this replica is among others, and how they agree. */
export interface ReplicaDeps {
  readonly self: Replica;
  readonly about: About;
  readonly backing: (config: LeaderConfig, signal: AbortSignal) => Promise<Backing>;
  /** The kernel's boot id, whose monotonic clock is meant. */
  readonly kernelBoot: string;
  /** Where the services of the group find their lease; undefined: nowhere. */
  readonly leasePath: (group: string) => string | undefined;
}

/** Loads nothing and does nothing while the plan has no leader group. */
export interface Singletons {
  readonly leaders: Leaders;
  /** Calls in a later turn, once what runs in the group finds its lease. */
  prepared(group: string, ready: () => void): void;
  /** True if the task's service may be started now; else the task has been ended. */
  admits(task: Task, config: ServiceConfig): boolean;
  readonly handler: TaskHandler;
  /** What a process of the service needs to be started now; undefined: it may not. */
  launchTerms(config: ServiceConfig): LaunchTerms | undefined;
}

export interface LaunchTerms {
  readonly environment: Readonly<Record<string, string>>;
  readonly guard: { readonly killAt: number; readonly anchor: number | undefined } | undefined;
}

export function createSingletons(deps: {
  readonly clock: Clock;
  readonly mailbox: Pick<Mailbox, 'post'>;
  readonly spawner: Pick<Spawner, 'sweep'>;
  readonly files: Pick<Files, 'replace'>;
  readonly tell: Pick<Teller, 'leader' | 'say'>;
  readonly replica: ReplicaDeps;
  readonly plan: () => Plan;
  /** These two begin after it. */
  readonly changes: () => Pick<Changes, 'create' | 'get' | 'finish' | 'note'>;
  readonly services: () => Pick<Services, 'state' | 'stop' | 'kill' | 'feed' | 'known'>;
  readonly releaseTasks: () => Pick<ReleaseTasks, 'moved'>;
}): Singletons {
  const { mailbox, replica } = deps;
  const leases = createLeaseFiles(deps.files, replica.leasePath, deps.tell);

  function finish(waiter: string, outcome: Parameters<Changes['finish']>[1], note?: string): void {
    mailbox.post('end of a task', () => {
      if (note !== undefined) deps.changes().note(waiter, 'INFO', note);
      deps.changes().finish(waiter, outcome);
    });
  }

  function begin({ kind, summary, services, tasks }: ReturnType<typeof draftLead>): void {
    deps.changes().create(kind, summary, services, tasks);
  }

  function prepared(group: string, ready: () => void): void {
    // What is started first may ask for its lease at once.
    void leases.written(group).then(() => mailbox.post(`lead group ${group}`, ready));
  }

  const leaders = createLeaders({
    ...deps,
    ...replica,
    start(group, names) {
      // Tasks for all replicas are looked after one by one.
      deps.releaseTasks().moved(group);
      const services = names.filter((name) => deps.plan().services.get(name)?.once === undefined);
      if (services.length > 0) prepared(group, () => begin(draftLead(deps.plan(), group, services)));
    },
    moved: (group) => deps.releaseTasks().moved(group),
    work: {
      isActive: (service) => isActive(deps.services().state(service)),
      stop(group, names, how) {
        if (how === 'graceful') return begin(draftHandOver(deps.plan(), group, names));
        for (const name of names) deps.services().stop(name, '', 'daemon');
      },
      kill: (service) => deps.services().kill(service),
      feed: (service, killAt) => deps.services().feed(service, killAt),
      sweep(service, grace, done) {
        deps.spawner.sweep(service, grace, (_found, left) =>
          mailbox.post(`swept ${service}`, () => done(left)),
        );
      },
      killDelay: (service) => deps.services().known().get(service)?.config.killDelay ?? 0,
    },
    lease(group, epoch, until, timing) {
      const { longest, steady } = validity(timing);
      leases.write({
        group,
        id: replica.self.name,
        epoch,
        validUntil: until,
        validity: { longest: longest / millisecond, steady: steady / millisecond },
        bootId: replica.kernelBoot,
      });
    },
    report: (waiter, report) => finish(waiter, outcomeOf(report)),
  });

  return {
    leaders,
    prepared,
    admits(task, config) {
      const change = deps.changes().get(task.changeId);
      const isNamed = change?.services?.includes(config.name) === true;
      const isAsked = isNamed && (change.kind === 'start' || change.kind === 'restart');
      const admission = leaders.admit(config, isAsked);
      if (admission.kind === 'start') return true;
      const { note, leader, isHindered } = admission;
      if (isAsked && (leader !== undefined || isHindered)) {
        const why =
          leader === undefined || isHindered ? note : `"${leader}" leads group "${config.leaderGroup}"`;
        const error = `cannot start service "${config.name}" here: ${why}; it starts here once this replica leads`;
        finish(task.id, { status: 'Error', error });
      } else finish(task.id, { status: 'Done' }, `Service "${config.name}": ${note}`);
      return false;
    },
    handler: {
      run: (task) => leaders.request(task.data as unknown as LeaderRequest, task.subject, task.id),
      // The change is not aborted: it goes on to its end.
      abort: () => {},
    },
    launchTerms({ name, leaderGroup }) {
      if (leaderGroup === undefined) {
        leaders.free(name);
        return noTerms;
      }
      const permit = leaders.permit(name, leaderGroup);
      if (permit === undefined) return undefined;
      const { epoch, killAt, anchor } = permit;
      if (killAt === undefined) return noTerms;
      const path = replica.leasePath(leaderGroup);
      return {
        environment: {
          DJSUP_LEADER_GROUP: leaderGroup,
          DJSUP_LEADER_EPOCH: String(epoch),
          DJSUP_LEADER_ID: replica.self.name,
          ...(path === undefined ? {} : { DJSUP_LEADER_FILE: path }),
        },
        guard: { killAt, anchor },
      };
    },
  };
}

const noTerms: LaunchTerms = { environment: {}, guard: undefined };
