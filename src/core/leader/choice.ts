// Which engine keeps a group's record: what the layer says, or the first that the environment offers.
// Laws: all replicas must choose alike, so only what a replica shares with the others counts; where several replicas are
// likely and no engine is shared, nothing is chosen; no engine is ever left out because it does not answer just now.
import type { LeaderConfig } from '../config.ts';
import { addressOf, isSet, settingsFor } from './engine-settings.ts';
import type { EngineName } from './engine-settings.ts';
import { backendNames } from './layer-fields.ts';
import { severalReplicas } from './replica-hints.ts';
import { recordName } from './settings.ts';
import type { LeaseSettings } from './settings.ts';
import type { Surroundings } from './surroundings.ts';
import { staticVerdict } from './verdict.ts';
import type { Verdict } from './verdict.ts';
import { choiceOfBoth, formerSettings } from './twin-choice.ts';

export type BackendName = (typeof backendNames)[number];

export type Choice =
  /** `former`: the record that has to be held as well, since others may still elect by it. */
  | {
      readonly kind: 'use';
      readonly settings: LeaseSettings;
      readonly former?: LeaseSettings;
      readonly why: readonly string[];
    }
  | { readonly kind: 'blocked'; readonly reason: string; readonly why: readonly string[] }
  | { readonly kind: 'verdict'; readonly verdict: Verdict; readonly why: readonly string[] };

type Config = Pick<LeaderConfig, 'group' | 'settings'>;

/** `app`: the application's name, a part of the record's default name. */
export function chooseBackend(config: Config, app: string, around: Surroundings): Choice {
  const { 'moved-from': _, ...settings } = config.settings;
  const choice = chooseOne({ ...config, settings }, app, around);
  const former = formerSettings(config.settings);
  if (former === undefined) return choice;
  return choiceOfBoth(choice, chooseOne({ ...config, settings: former }, app, around));
}

function chooseOne({ group, settings }: Config, app: string, around: Surroundings): Choice {
  const name = settings.name ?? recordName(app, group);
  const asked = around.environment['DJSUP_LEADER_BACKEND'];
  const backend = settings.backend ?? 'auto';
  if (backend !== 'auto')
    return explicit(backend, [`the layer says backend "${backend}"`], name, settings, around);
  if (asked !== undefined && asked !== '' && asked !== 'auto') {
    const why = [`DJSUP_LEADER_BACKEND is "${asked}"`];
    return isBackend(asked)
      ? explicit(asked, why, name, settings, around)
      : blocked(
          `cannot choose where to elect a leader: DJSUP_LEADER_BACKEND must be one of ${explicitNames.join(', ')}`,
          why,
        );
  }
  return automatic(name, settings, around);
}

type ExplicitName = Exclude<BackendName, 'auto'>;

const explicitNames = backendNames.filter((one): one is ExplicitName => one !== 'auto');

function isBackend(name: string): name is ExplicitName {
  return explicitNames.some((one) => one === name);
}

function explicit(
  backend: ExplicitName,
  why: readonly string[],
  name: string,
  settings: Config['settings'],
  around: Surroundings,
): Choice {
  if (backend === 'juju') return juju(why);
  if (backend === 'static') return staticVerdict(around.environment, around.hostname, why);
  if (backend === 'none') {
    const reason = 'there is no election: every replica runs these services';
    return { kind: 'verdict', verdict: { runs: 'everywhere', reason }, why };
  }
  return made(backend, why, name, settings, around);
}

function made(
  backend: EngineName,
  why: readonly string[],
  name: string,
  settings: Config['settings'],
  around: Surroundings,
): Choice {
  const found = settingsFor(backend, name, settings, around);
  return typeof found === 'string'
    ? blocked(`cannot elect a leader with backend "${backend}": ${found}`, why)
    : { kind: 'use', settings: found, why };
}

function juju(why: readonly string[]): Choice {
  const reason = 'the charm decides which unit runs these services, by starting and stopping them';
  return { kind: 'verdict', verdict: { runs: 'by-plan', reason }, why };
}

function automatic(name: string, settings: Config['settings'], around: Surroundings): Choice {
  const { environment, pod } = around;
  const why: string[] = [];
  const use = (backend: EngineName, reason: string): Choice =>
    made(backend, [...why, reason], name, settings, around);

  if (isSet(environment['JUJU_CONTAINER_NAME']))
    return juju(['JUJU_CONTAINER_NAME is set: a charm drives djsup']);
  if (pod !== undefined) {
    const { access } = pod;
    if (access.kind === 'allowed')
      return use('kubernetes', 'a service account of Kubernetes is mounted, and may use the Lease');
    // It may be that the other replicas were told yes.
    if (access.kind === 'unknown')
      return blocked(
        `cannot choose where to elect a leader: Kubernetes did not say whether its Lease may be used (${access.reason}); it is asked again, or set DJSUP_LEADER_BACKEND`,
        ['a service account of Kubernetes is mounted'],
      );
    why.push(`not Kubernetes: ${access.reason}`);
  }
  for (const backend of ['postgres', 'mysql', 'etcd', 'redis'] as const) {
    const found = addressOf(backend, settings, environment);
    if (found !== undefined) return use(backend, `${found.variable} is set`);
  }
  if (isSet(settings.file?.path)) return use('file', 'the layer names a lock file');
  if (isSet(environment['DJSUP_LEADER_LOCK'])) return use('file', 'DJSUP_LEADER_LOCK is set');
  const hints = severalReplicas(environment, around.hostname);
  if (hints.length === 0)
    return use(
      'file',
      'nothing tells of other replicas: it is elected among the processes of this host alone',
    );
  return blocked(
    `cannot choose where to elect a leader: there may be other replicas (${hints.join('; ')}), and nothing that they share is known; set POSTGRESQL_DB_CONNECT_STRING or another address, allow djsup to use a Lease of Kubernetes, or, for a single replica, set DJSUP_LEADER_BACKEND=none`,
    why,
  );
}

function blocked(reason: string, why: readonly string[]): Choice {
  return { kind: 'blocked', reason, why };
}
