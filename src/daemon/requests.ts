// What clients may ask of the daemon: each request is one turn of the mailbox.
import { isReady } from '../core/change.ts';
import type { Change } from '../core/change.ts';
import { formatDuration } from '../core/duration.ts';
import { customProblem } from '../core/notice.ts';
import { ok, refuse } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import type { Caller } from './caller.ts';
import { callerName } from './caller.ts';
import type { Changes } from './changes.ts';
import type { Checks } from './checks.ts';
import type { Daemon } from './face.ts';
import { draftLeaderChange } from './leader-requests.ts';
import type { Leaders } from './leaders.ts';
import type { Logs } from './logs.ts';
import type { Mailbox } from './mailbox.ts';
import type { Notices } from './notices.ts';
import type { Plans } from './plans.ts';
import type { CheckRecord } from './records.ts';
import type { SecurityLevel } from './security.ts';
import { securityLine } from './security.ts';
import { draftChange } from './service-changes.ts';
import type { Services } from './services.ts';
import type { Tallies } from './tallies.ts';
import type { Telemetry } from './telemetry.ts';
import { signalNamed } from './signal-names.ts';
import { changeRecord } from './views.ts';
import type { Clock, Log } from '../ports.ts';

export interface FaceDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly mailbox: Mailbox;
  readonly plans: Plans;
  readonly changes: Changes;
  readonly notices: Notices;
  readonly checks: Checks;
  readonly services: Services;
  readonly leaders: Pick<Leaders, 'records'>;
  readonly logs: Logs;
  readonly tallies: Pick<Tallies, 'request'>;
  readonly telemetry: Pick<Telemetry, 'read'>;
  readonly system: {
    readonly version: string;
    readonly bootId: string;
    readonly httpAddress: string | undefined;
    readonly appId: string;
  };
  readonly isStopping: () => boolean;
}

export function createFace(deps: FaceDeps): Daemon {
  const { clock, mailbox, plans, changes, notices, checks, services, leaders, logs, system } = deps;

  function audit(
    level: SecurityLevel,
    event: string,
    caller: Caller,
    detail: string,
    description: string,
  ): void {
    const line = securityLine(
      system.appId,
      level,
      `${event}:${callerName(caller)},${detail}`,
      description,
      clock.wall(),
    );
    deps.log.write('info', line);
  }

  function hasTasksToDo(): boolean {
    const plan = plans.plan();
    const isTask = (name: string): boolean => plan.services.get(name)?.type === 'task';
    if (![...plan.services.keys()].some(isTask)) return false;
    const open = changes.all().filter(({ readyTime }) => readyTime === undefined);
    return open.some(({ tasks }) =>
      tasks.some(({ kind, status, subject }) => kind === 'start' && !isReady(status) && isTask(subject)),
    );
  }

  function known(names: readonly string[]): Result<void> {
    const strangers = names.filter((name) => checks.record(name) === undefined);
    if (strangers.length === 0) return ok(undefined);
    return refuse('bad-request', `cannot find checks in plan: ${strangers.toSorted().join(', ')}`);
  }

  return {
    systemInfo: () => ({
      bootId: system.bootId,
      version: system.version,
      ...(system.httpAddress === undefined ? {} : { httpAddress: system.httpAddress }),
    }),
    health(level, names) {
      if (!checks.health(level, names)) return false;
      // Alive, however long they take; but nothing is ready that is still to come after them.
      return level === 'alive' || names.length > 0 || !hasTasksToDo();
    },

    services(names) {
      const wanted = [...plans.plan().services.values()].filter(
        ({ name }) => names.length === 0 || names.includes(name),
      );
      return wanted.map((config) => services.record(config)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },
    actOnServices(action, names) {
      return mailbox.call(`${action} services`, () => {
        if (deps.isStopping()) return refuse('bad-request', `cannot ${action} services: djsup is stopping`);
        const draft = draftChange(plans.plan(), services.known(), action, names);
        if (!draft.ok) return draft;
        if (action === 'replan') checks.startEnabled();
        return ok(
          changes.create(draft.value.kind, draft.value.summary, draft.value.services, draft.value.tasks),
        );
      });
    },
    signalServices(signal, names) {
      return mailbox.call('signal', () => {
        const valid = signalNamed(signal);
        const errors = names.flatMap((name) => {
          if (valid === undefined) return `cannot send signal to "${name}": invalid signal name "${signal}"`;
          return services.signal(name, valid) ?? [];
        });
        return errors.length === 0 ? ok(undefined) : refuse('internal', errors.join('; '));
      });
    },

    changes(select, service) {
      const chosen = changes.all().filter((change) => {
        if (select === 'ready' && change.readyTime === undefined) return false;
        if (select === 'in-progress' && change.readyTime !== undefined) return false;
        return service === undefined || change.services?.includes(service) === true;
      });
      return chosen.map(changeRecord);
    },
    change(id) {
      const change = changes.get(id);
      return change === undefined ? unknownChange(id) : ok(changeRecord(change));
    },
    waitChange: (id, timeout, signal) => waitChange(changes, clock, id, timeout, signal),
    abortChange: (id) => mailbox.call('abort', () => toRecord(changes, changes.abort(id))),

    notices: (filter, timeout, signal) => notices.wait(filter, timeout, signal),
    notice: (id, userId) => notices.get(id, userId),
    addNotice(notice) {
      const problem = customProblem(notice.key, notice.data);
      if (problem !== undefined) return refuse('bad-request', problem);
      return mailbox.call('add notice', () => ok(notices.record({ ...notice, type: 'custom' })));
    },

    checks(level, names) {
      return checks.records().filter((check) => {
        return (
          (level === undefined || check.level === level) && (names.length === 0 || names.includes(check.name))
        );
      });
    },
    startChecks(names) {
      return mailbox.call('start checks', () => {
        const all = known(names);
        return all.ok ? ok(checks.start(names)) : prefixed(all, 'cannot start checks');
      });
    },
    stopChecks(names, caller) {
      return mailbox.call('stop checks', () => {
        const all = known(names);
        if (!all.ok) return prefixed(all, 'cannot stop checks');
        const stopped = checks.stop(names);
        for (const name of stopped)
          audit('WARN', 'sys_monitor_disabled', caller, name, `Stopping check ${name}`);
        return ok(stopped);
      });
    },
    refreshCheck(name) {
      type Answer = Result<{ info: CheckRecord; error?: string }>;
      return new Promise<Answer>((resolve) => {
        mailbox.post('refresh check', () => {
          if (checks.record(name) === undefined)
            return resolve(refuse('not-found', `cannot find check with name "${name}"`));
          checks.refresh(name, (error) => {
            // Answered within the turn that took the result in, so the record shows it after that turn.
            queueMicrotask(() => {
              const info = checks.record(name);
              if (info === undefined)
                return resolve(refuse('not-found', `cannot find check with name "${name}"`));
              resolve(ok({ info, ...(error === undefined ? {} : { error }) }));
            });
          });
        });
      });
    },

    leaders: (groups) => mailbox.call('leaders', () => leaders.records(groups)),
    actOnLeaders(request, groups) {
      return mailbox.call(`${request.action} of leader groups`, () => {
        if (deps.isStopping()) return refuse('bad-request', `cannot ${request.action}: djsup is stopping`);
        const records = leaders.records([]);
        const held = records.filter(({ validFor }) => validFor !== undefined);
        const namesOf = (those: typeof records): string[] => those.map(({ group }) => group);
        const draft = draftLeaderChange(request, groups, { known: namesOf(records), held: namesOf(held) });
        if (!draft.ok) return draft;
        const { kind, summary, tasks } = draft.value;
        return ok(changes.create(kind, summary, undefined, tasks));
      });
    },

    planText: () => plans.plan().text,
    layers: () => plans.layers(),
    addLayer(layer, caller) {
      audit('WARN', 'authz_admin', caller, 'add_layer', `Adding layer ${layer.label}`);
      return mailbox.call('add layer', () => plans.add(layer));
    },

    metrics: () => deps.telemetry.read(),
    requested: (...request) => deps.tallies.request(...request),

    logs: (names, count, follow, signal) => logs.read(names, count, follow, signal),
  };
}

function unknownChange(id: string): Result<never> {
  return refuse('not-found', `cannot find change with id "${id}"`);
}

function toRecord(changes: Changes, result: Result<Change>): ReturnType<Daemon['abortChange']> {
  return result.ok ? ok(changeRecord(changes.get(result.value.id) ?? result.value)) : result;
}

function prefixed(result: Result<unknown>, prefix: string): Result<never> {
  return result.ok
    ? refuse('internal', prefix)
    : refuse(result.failure.kind, `${prefix}: ${result.failure.message}`);
}

function waitChange(
  changes: Changes,
  clock: Clock,
  id: string,
  timeout: number | undefined,
  signal: AbortSignal,
): ReturnType<Daemon['waitChange']> {
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<Daemon['waitChange']>>>();
  const answer = (): void => {
    leave();
    cancel();
    signal.removeEventListener('abort', answer);
    const change = changes.get(id);
    if (change === undefined) return resolve(unknownChange(id));
    if (change.readyTime !== undefined) return resolve(ok(changeRecord(change)));
    const after = timeout === undefined ? '' : ` after ${formatDuration(timeout)}`;
    resolve(refuse('time-out', `timed out waiting for change${after}`));
  };
  const asked = changes.get(id);
  if (asked === undefined) return Promise.resolve(unknownChange(id));
  if (asked.readyTime !== undefined) return Promise.resolve(ok(changeRecord(asked)));
  const cancel = timeout === undefined ? () => {} : clock.alarm(clock.now() + timeout, answer);
  const leave = changes.whenReady(id, answer);
  signal.addEventListener('abort', answer);
  return promise;
}
