// From combined entries to services and workloads with every default filled in; what one lacks is noted.
import { parseCommand } from './command.ts';
import type { Account, ServiceConfig, WorkloadConfig } from './config.ts';
import type { ServiceEntry, WorkloadEntry } from './layer-schema.ts';
import { mostTasks } from './release-board.ts';

/** Notes what is wrong with a plan at a path of keys; the innermost part of it that stands in a layer is named. */
export interface Notes {
  refuse(path: readonly string[], message: string): undefined;
  /** Worth saying, but no reason to refuse the plan. */
  warn(path: readonly string[], message: string): void;
}

/** The group of singletons that name no other. */
export const defaultGroup = 'schedulers';
/** The same of tasks that one replica runs for all. */
const releaseGroup = 'releases';

function isSingleton(name: string, entry: ServiceEntry): boolean {
  if (entry.singleton === 'always') return true;
  return entry.singleton !== 'never' && name.toLowerCase().endsWith('-scheduler');
}

function leaderGroupOf(name: string, entry: ServiceEntry): string | undefined {
  if (entry.once !== undefined) return entry['leader-group'] ?? releaseGroup;
  return isSingleton(name, entry) ? (entry['leader-group'] ?? defaultGroup) : undefined;
}

interface AccountEntry {
  readonly user?: string;
  readonly 'user-id'?: number;
  readonly group?: string;
  readonly 'group-id'?: number;
}

export function accountOf(entry: AccountEntry): Account {
  return {
    ...(entry.user !== undefined && { user: entry.user }),
    ...(entry['user-id'] !== undefined && { userId: entry['user-id'] }),
    ...(entry.group !== undefined && { group: entry.group }),
    ...(entry['group-id'] !== undefined && { groupId: entry['group-id'] }),
  };
}

export function hasUser(account: Account): boolean {
  return account.user !== undefined || account.userId !== undefined;
}

/** A group alone says nothing: which user should be in it? */
export function isGroupAlone(account: Account): boolean {
  return !hasUser(account) && (account.group !== undefined || account.groupId !== undefined);
}

export function workloadConfig(name: string, entry: WorkloadEntry, notes: Notes): WorkloadConfig {
  const account = accountOf(entry);
  if (isGroupAlone(account)) {
    notes.refuse(['workloads', name], `workload "${name}" has a group but no user, add "user" or "user-id"`);
  }
  return { name, environment: Object.fromEntries(entry.environment ?? []), account };
}

export function serviceConfig(
  name: string,
  entry: ServiceEntry,
  workloads: ReadonlyMap<string, WorkloadConfig>,
  notes: Notes,
): ServiceConfig | undefined {
  const path = ['services', name];
  const workload = entry.workload === undefined ? undefined : workloads.get(entry.workload);
  const account = accountOf(entry);
  if (entry.workload !== undefined) {
    if (workload === undefined) {
      notes.refuse(
        [...path, 'workload'],
        `service "${name}" names workload "${entry.workload}", which does not exist`,
      );
    }
    if (Object.keys(account).length > 0) {
      const message = `service "${name}" has a workload and a user or group of its own, leave one of them out`;
      notes.refuse([...path, 'workload'], message);
    }
  }
  if (['all', 'default', 'none'].includes(name)) {
    notes.warn(path, `service name "${name}" is a keyword elsewhere, better choose another`);
  }
  checkTask(name, entry, notes);
  const command = entry.command === undefined ? undefined : parseCommand(entry.command);
  if (!command?.ok) return notes.refuse(path, `plan must define "command" for service "${name}"`);
  return {
    name,
    summary: entry.summary ?? '',
    description: entry.description ?? '',
    startup: entry.startup ?? 'disabled',
    type: entry.type ?? 'service',
    once: entry.once,
    command: command.value,
    after: entry.after ?? [],
    before: entry.before ?? [],
    requires: entry.requires ?? [],
    workload: entry.workload,
    environment: { ...workload?.environment, ...Object.fromEntries(entry.environment ?? []) },
    account: workload?.account ?? account,
    workingDir: entry['working-dir'],
    onSuccess: entry['on-success'] ?? (entry.type === 'task' ? 'ignore' : 'restart'),
    onFailure: entry['on-failure'] ?? 'restart',
    onCheckFailure: Object.fromEntries(entry['on-check-failure'] ?? []),
    backoff: {
      delay: entry['backoff-delay'] ?? 500,
      factor: entry['backoff-factor'] ?? 2,
      limit: entry['backoff-limit'] ?? 30_000,
    },
    killDelay: entry['kill-delay'] ?? 5000,
    killMode: entry['kill-mode'] ?? 'main-first',
    leaderGroup: leaderGroupOf(name, entry),
  };
}

function checkTask(name: string, entry: ServiceEntry, notes: Notes): void {
  const refuse = (key: string, message: string) => notes.refuse(['services', name, key], message);
  if (entry.type !== 'task') {
    if (entry.once !== undefined)
      refuse('once', `service "${name}" has "once" but is no task, add "type: task"`);
    return;
  }
  if (entry['on-success'] === 'restart')
    refuse('on-success', `task "${name}" ends once it has succeeded, "on-success" cannot be "restart"`);
  if ((entry['on-check-failure']?.size ?? 0) > 0)
    refuse('on-check-failure', `task "${name}" cannot act on checks, leave "on-check-failure" out`);
  if (entry.once !== undefined && entry.singleton !== undefined)
    refuse('singleton', `task "${name}" is for one replica by its "once", leave "singleton" out`);
}

/** What is done of them has to fit the record of their group. */
export function checkReleaseTasks(services: ReadonlyMap<string, ServiceConfig>, notes: Notes): void {
  const tasks = [...services.values()].filter(({ once }) => once !== undefined);
  for (const [group = '', members] of Map.groupBy(tasks, ({ leaderGroup }) => leaderGroup)) {
    const [first] = members.slice(mostTasks);
    if (first === undefined) continue;
    const message = `leader group "${group}" has ${members.length} tasks with "once", and its record has room for ${mostTasks}: give some of them another "leader-group"`;
    notes.refuse(['services', first.name, 'once'], message);
  }
}

/** The services, each with what its context gives it. */
export function withContexts(
  services: ReadonlyMap<string, ServiceConfig>,
  contextOf: (name: string) => string | undefined,
): ReadonlyMap<string, ServiceConfig> {
  const merged = [...services].map(([name, service]): readonly [string, ServiceConfig] => {
    const context = services.get(contextOf(name) ?? '');
    if (context === undefined) return [name, service];
    const environment = { ...context.environment, ...service.environment };
    // Another user has groups of its own: the context's would not fit.
    const account = hasUser(service.account) ? service.account : { ...context.account, ...service.account };
    const workingDir = service.workingDir ?? context.workingDir;
    return [name, { ...service, environment, account, workingDir }];
  });
  return new Map(merged);
}
