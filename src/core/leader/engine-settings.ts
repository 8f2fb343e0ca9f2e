// How to reach an engine, from what a layer and the environment say of it.
// Law: nothing is asked of the world here; what is missing is said, and nothing is made up for it.
import type { LeaderConfig } from '../config.ts';
import { splitWords } from '../words.ts';
import { parseDsn } from './dsn.ts';
import type { LeaseSettings } from './settings.ts';
import { kubernetesServer } from './surroundings.ts';
import type { Surroundings } from './surroundings.ts';

export type EngineName = LeaseSettings['kind'];
type Settings = LeaderConfig['settings'];

/** The failure is a clause: what is missing. */
export function settingsFor(
  backend: EngineName,
  name: string,
  settings: Settings,
  around: Surroundings,
): LeaseSettings | string {
  const { environment, pod } = around;
  switch (backend) {
    case 'postgres':
    case 'mysql':
    case 'redis': {
      const found = addressOf(backend, settings, environment);
      if (found === undefined)
        return `set ${standardVariables[backend].join(' or ')}, or name its variable with "dsn-env"`;
      const { dsn } = found;
      const sound = parseDsn(found.variable, dsn);
      if (!sound.ok) return sound.failure;
      if (backend === 'mysql') return { kind: backend, name, dsn };
      if (backend === 'redis')
        return { kind: backend, name, dsn, prefix: settings.redis?.prefix ?? 'djsup:leader:' };
      const { schema = 'public', listen = 'auto' } = settings.postgres ?? {};
      return { kind: backend, name, dsn, schema, listen: listen !== 'off' };
    }
    case 'etcd': {
      const found = addressOf(backend, settings, environment);
      if (found === undefined) return `set ETCD_ENDPOINTS, or name its variable with "endpoints-env"`;
      const endpoints = found.dsn
        .split(',')
        .map((one) => one.trim())
        .filter((one) => one !== '');
      // It may be the rest of a password, which must not be taken for the name of a host.
      if (endpoints.slice(1).some((one) => one.includes('@') && !one.includes('://')))
        return `${found.variable} has an "@" after a comma: write a comma in a password as %2C, and http:// or https:// before each endpoint`;
      return {
        kind: backend,
        name,
        endpoints: endpoints.map((one) => (one.includes('://') ? one : `http://${one}`)),
        prefix: settings.etcd?.prefix ?? 'djsup/leader/',
        user: etcdUser(environment),
        tls: {
          ca: environment['ETCDCTL_CACERT'],
          cert: environment['ETCDCTL_CERT'],
          key: environment['ETCDCTL_KEY'],
        },
      };
    }
    case 'kubernetes': {
      const server = kubernetesServer(environment);
      if (pod === undefined || server === undefined)
        return 'there is no service account of Kubernetes here; set automountServiceAccountToken: true for the pod';
      return {
        kind: backend,
        name: settings.kubernetes?.lease ?? name,
        namespace: settings.kubernetes?.namespace ?? pod.namespace,
        server,
        tokenFile: pod.tokenFile,
        caFile: pod.caFile,
      };
    }
    case 'file':
      return {
        kind: backend,
        name,
        ...lockFile(name, settings, around),
        allowNetworkFileSystem: settings.file?.['allow-network-filesystem'] === 'true',
      };
    case 'external': {
      const words = splitWords(settings.external?.command ?? '');
      if (!words.ok || words.value.length === 0)
        return 'set "command" of "external" to the command that says who leads';
      const { period = 10_000, ttl = 30_000 } = settings.external ?? {};
      return { kind: backend, name, command: words.value.map(({ text }) => text), period, ttl };
    }
  }
}

/** A file of its own for each group. */
function lockFile(
  name: string,
  settings: Settings,
  around: Surroundings,
): { readonly path: string; readonly isPrivate: boolean } {
  const given = settings.file?.path;
  if (isSet(given)) return { path: given, isPrivate: false };
  const shared = around.environment['DJSUP_LEADER_LOCK'];
  if (isSet(shared)) return { path: `${shared}.${name}`, isPrivate: false };
  return { path: `${around.stateDirectory}/leader/${name}.lock`, isPrivate: true };
}

/** Where an application finds its databases (Juju's and paas-charm's names), and DATABASE_URL where its scheme fits. */
const standardVariables = {
  postgres: ['POSTGRESQL_DB_CONNECT_STRING', 'DATABASE_URL'],
  mysql: ['MYSQL_DB_CONNECT_STRING', 'DATABASE_URL'],
  redis: ['REDIS_DB_CONNECT_STRING', 'VALKEY_DB_CONNECT_STRING'],
  etcd: ['ETCD_ENDPOINTS'],
} as const;

const schemes = {
  postgres: /^(?:postgres|postgresql|pgsql|postgis):/i,
  mysql: /^(?:mysql|mysql2|mysqlgis|mariadb):/i,
  redis: /./,
  etcd: /./,
} as const;

/** The variable that holds an engine's address, and what it holds; undefined: there is none. */
export function addressOf(
  backend: keyof typeof standardVariables,
  settings: Settings,
  environment: Surroundings['environment'],
): { readonly variable: string; readonly dsn: string } | undefined {
  const named = backend === 'etcd' ? settings.etcd?.['endpoints-env'] : settings[backend]?.['dsn-env'];
  for (const variable of named === undefined ? standardVariables[backend] : [named]) {
    const dsn = environment[variable];
    if (dsn !== undefined && dsn !== '' && (variable !== 'DATABASE_URL' || schemes[backend].test(dsn)))
      return { variable, dsn };
  }
  return undefined;
}

/** As etcdctl reads it: "name:password", or the password on its own. */
function etcdUser(environment: Surroundings['environment']): { name: string; password: string } | undefined {
  const user = environment['ETCDCTL_USER'];
  if (!isSet(user)) return undefined;
  const at = user.indexOf(':');
  return at < 0
    ? { name: user, password: environment['ETCDCTL_PASSWORD'] ?? '' }
    : { name: user.slice(0, at), password: user.slice(at + 1) };
}

export function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
