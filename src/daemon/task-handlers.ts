// What carries out the tasks of changes, by their kind.
import type { Task } from '../core/change.ts';
import type { ServiceConfig } from '../core/config.ts';
import type { Plan } from '../core/plan.ts';
import type { Log } from '../ports.ts';
import type { Changes, TaskHandler } from './changes.ts';
import type { Checks } from './checks.ts';
import type { Mailbox } from './mailbox.ts';
import type { createRecoveries } from './recoveries.ts';
import type { ReleaseTasks } from './release-tasks.ts';
import type { Services } from './services.ts';
import type { Singletons } from './singletons.ts';

export function createTaskHandlers(deps: {
  readonly log: Log;
  readonly mailbox: Pick<Mailbox, 'post'>;
  readonly plan: () => Plan;
  /** These four begin after it. */
  readonly changes: () => Pick<Changes, 'get' | 'finish'>;
  readonly services: () => Pick<Services, 'start' | 'stop' | 'abort'>;
  readonly checks: () => Pick<Checks, 'aborted'>;
  readonly recoveries: () => Pick<ReturnType<typeof createRecoveries>, 'abort'>;
  readonly releaseTasks: Pick<ReleaseTasks, 'start' | 'abort' | 'unwant'>;
  readonly singletons: Pick<Singletons, 'admits' | 'handler' | 'leaders'>;
  readonly isStopping: () => boolean;
}): Readonly<Record<string, TaskHandler>> {
  const { log, mailbox, changes, services, releaseTasks, singletons } = deps;

  const startHandler: TaskHandler = {
    run(task) {
      const config = deps.plan().services.get(task.subject);
      if (config !== undefined) return startService(task, config);
      const error = `service "${task.subject}" does not exist`;
      mailbox.post('start of an unknown service', () =>
        changes().finish(task.id, { status: 'Error', error }),
      );
    },
    abort(task) {
      releaseTasks.abort(task);
      services().abort(task.subject, task.id);
    },
  };
  function startService(task: Task, config: ServiceConfig): void {
    const change = changes().get(task.changeId);
    if (change?.kind === 'release') return services().start(config, task.id, true);
    if (config.once !== undefined) return releaseTasks.start(task, config);
    if (config.leaderGroup !== undefined && !singletons.admits(task, config)) return undefined;
    const isNamed = change?.kind === 'start' && change.services?.includes(config.name) === true;
    return services().start(config, task.id, isNamed);
  }
  const stopHandler: TaskHandler = {
    run(task) {
      const kind = deps.isStopping() ? undefined : changes().get(task.changeId)?.kind;
      if (kind === 'stop') singletons.leaders.unwant(task.subject);
      if (kind === 'stop') releaseTasks.unwant(task.subject);
      services().stop(
        task.subject,
        task.id,
        kind === 'stop' ? 'user' : kind === 'replan' ? 'plan' : 'daemon',
      );
    },
    abort: (task) =>
      log.write('info', `Cannot abort stop for service "${task.subject}", signals already sent`),
  };
  const checkHandler: TaskHandler = { run: () => {}, abort: (task) => deps.checks().aborted(task.subject) };

  return {
    start: startHandler,
    stop: stopHandler,
    leader: singletons.handler,
    'perform-check': checkHandler,
    'recover-check': checkHandler,
    'recover-service': { run: () => {}, abort: (task) => deps.recoveries().abort(task.subject) },
  };
}
