// From combined entries to checks and log targets with every default filled in; what one lacks is noted.
import type { CheckConfig, LeaderConfig, LogTargetConfig, Probe, ServiceConfig } from './config.ts';
import { httpUrl } from './layer-schema.ts';
import { millisecond } from './leader/timing.ts';
import type { CheckEntry, LogTargetEntry } from './layer-schema.ts';
import { accountOf, defaultGroup, hasUser, isGroupAlone } from './plan-service.ts';
import type { Notes } from './plan-service.ts';
import { splitWords } from './words.ts';

/** Pebble prints this default in every plan, the others only where they are set. */
export const defaultThreshold = 3;

export function checkConfig(
  name: string,
  entry: CheckEntry,
  services: ReadonlyMap<string, ServiceConfig>,
  leader: ReadonlyMap<string, LeaderConfig>,
  notes: Notes,
): CheckConfig | undefined {
  const probe = probeOf(name, entry, services, leader, notes);
  if (probe === undefined) return undefined;
  const period = entry.period ?? 10_000;
  return {
    name,
    level: entry.level,
    startup: entry.startup ?? 'enabled',
    period,
    timeout: Math.min(entry.timeout ?? 3000, period),
    threshold: entry.threshold ?? defaultThreshold,
    startPeriod: entry['start-period'] ?? 0,
    services: tiedServices(name, entry, services),
    probe,
  };
}

/** Its own `service`, else its context, else all services that act on its failure. */
function tiedServices(
  name: string,
  entry: CheckEntry,
  services: ReadonlyMap<string, ServiceConfig>,
): readonly string[] {
  const named = entry.service ?? entry.exec?.['service-context'];
  if (named !== undefined) return [named];
  const acting = [...services.values()].filter((service) => Object.hasOwn(service.onCheckFailure, name));
  return acting.map((service) => service.name).toSorted();
}

function probeOf(
  name: string,
  entry: CheckEntry,
  services: ReadonlyMap<string, ServiceConfig>,
  leaders: ReadonlyMap<string, LeaderConfig>,
  notes: Notes,
): Probe | undefined {
  const { http, tcp, exec, leader } = entry;
  const given = Object.entries({ http, tcp, exec, leader }).filter(([, one]) => one !== undefined);
  if (given.length !== 1) {
    const message = `plan must specify one of "http", "tcp", or "exec" for check "${name}"`;
    const several = given.length === 0 ? '' : `, not ${given.map(([kind]) => `"${kind}"`).join(' and ')}`;
    return notes.refuse(['checks', name], message + several);
  }
  if (http) {
    if (http.url === undefined) {
      return notes.refuse(['checks', name, 'http'], `plan must set "url" for http check "${name}"`);
    }
    return { kind: 'http', url: http.url, headers: Object.fromEntries(http.headers ?? []) };
  }
  if (tcp) {
    if (tcp.port === undefined) {
      return notes.refuse(['checks', name, 'tcp'], `plan must set "port" for tcp check "${name}"`);
    }
    return { kind: 'tcp', host: tcp.host ?? 'localhost', port: tcp.port };
  }
  if (leader) {
    const { group = defaultGroup, after = alarmAfter(leaders.get(leader.group ?? defaultGroup)) } = leader;
    if (![...services.values()].some(({ leaderGroup }) => leaderGroup === group)) {
      const message = `check "${name}" watches leader group "${group}", which no service belongs to`;
      return notes.refuse(['checks', name, 'leader'], message);
    }
    return { kind: 'leader', group, after };
  }
  return exec && execProbe(name, exec, services, notes);
}

/** Longer than the start delay of any first leader, which is a lease and the drift. */
function alarmAfter(config: LeaderConfig | undefined): number {
  return Math.max(60_000, (2 * (config?.timing.lease ?? 0)) / millisecond);
}

function execProbe(
  name: string,
  exec: NonNullable<CheckEntry['exec']>,
  services: ReadonlyMap<string, ServiceConfig>,
  notes: Notes,
): Probe | undefined {
  const path = ['checks', name, 'exec'];
  const words = exec.command === undefined ? undefined : splitWords(exec.command);
  if (!words?.ok) return notes.refuse(path, `plan must set "command" for exec check "${name}"`);
  const context = exec['service-context'] === undefined ? undefined : services.get(exec['service-context']);
  const own = accountOf(exec);
  // Another user has groups of its own: the context's would not fit.
  const account = hasUser(own) ? own : { ...context?.account, ...own };
  if (isGroupAlone(account)) {
    notes.refuse(path, `check "${name}" has a group but no user, add "user" or "user-id"`);
  }
  return {
    kind: 'exec',
    command: words.value.map((word) => word.text),
    environment: { ...context?.environment, ...Object.fromEntries(exec.environment ?? []) },
    account,
    workingDir: exec['working-dir'] ?? context?.workingDir,
  };
}

export function logTargetConfig(
  name: string,
  entry: LogTargetEntry,
  notes: Notes,
): LogTargetConfig | undefined {
  const path = ['log-targets', name];
  const { type, location } = entry;
  if (type === undefined) notes.refuse(path, `plan must define "type" for log target "${name}"`);
  if (location === undefined) notes.refuse(path, `plan must define "location" for log target "${name}"`);
  if (type === undefined || location === undefined) return undefined;
  const reason = type === 'syslog' ? syslogAddress(location) : httpUrl(location);
  if (reason !== undefined) notes.refuse([...path, 'location'], `location of log target "${name}" ${reason}`);
  return {
    name,
    type,
    location,
    services: entry.services ?? [],
    labels: Object.fromEntries(entry.labels ?? []),
  };
}

function syslogAddress(address: string): string | undefined {
  const port = /^(?:tcp|udp):\/\/(?:\[[\da-fA-F:.]+\]|[^\s/:[\]]+):(\d{1,5})$/.exec(address)?.[1];
  const known = port !== undefined && Number(port) >= 1 && Number(port) <= 65535;
  return known ? undefined : `must look like "tcp://host:port" or "udp://host:port", not "${address}"`;
}
