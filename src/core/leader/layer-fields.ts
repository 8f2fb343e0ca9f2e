// The keys of a leader group in a layer: where the election's record is kept, how long a lease lasts, who comes first.
import { duration, number, oneOf, override, text } from '../layer-field.ts';
import type { Field, Values } from '../layer-field.ts';
import { group } from '../layer-group.ts';

/** Where somebody alone can be kept from leading. */
const exclusiveNames = [
  'kubernetes',
  'postgres',
  'mysql',
  'redis',
  'etcd',
  'file',
  'external',
  'static',
] as const;

export const backendNames = ['auto', ...exclusiveNames, 'juju', 'none'] as const;

/** Words of `djsup leader` that no group may be called by. */
export const leaderActions = ['step-down', 'transfer', 'pause', 'resume', 'check', 'history'] as const;

function yesOrNo(description: string): Field<'true' | 'false'> {
  return { ...oneOf(description, ['true', 'false']), schema: { type: ['boolean', 'null'] } };
}

function absolutePath(path: string): string | undefined {
  return path.startsWith('/') ? undefined : 'must be an absolute path';
}

/** Instances of this say a share, "1%". */
function share(written: string): string | undefined {
  return readShare(written) === undefined ? 'must look like "1%"' : undefined;
}

/** "1%" is 0.01. */
export function readShare(written: string): number | undefined {
  const digits = /^(\d+(?:\.\d+)?)%$/.exec(written)?.[1];
  return digits === undefined ? undefined : Number(digits) / 100;
}

/** Where a record is, and how each engine is reached. `or`: what is so where nothing is said, from what that is for the group. */
function placeFields(or: (standard: string) => string) {
  const address = (...standard: readonly string[]): Field<string> =>
    text(
      `Environment variable that holds the address; default ${or(standard.map((name) => `\`${name}\``).join(', else '))}.`,
    );
  return {
    name: text(
      `Name of the record: key, row, Lease or the like; default ${or('the name of the application and the group')}.`,
    ),
    postgres: group('PostgreSQL.', {
      'dsn-env': address('POSTGRESQL_DB_CONNECT_STRING', 'DATABASE_URL'),
      schema: text(`Schema of the table \`djsup_leader\`; default ${or('`public`')}.`),
      listen: oneOf(
        `Whether changes are told by LISTEN (\`auto\`), or seen by asking alone (\`off\`); default ${or('`auto`')}.`,
        ['auto', 'off'],
      ),
    }),
    mysql: group('MySQL or MariaDB.', { 'dsn-env': address('MYSQL_DB_CONNECT_STRING', 'DATABASE_URL') }),
    redis: group('Redis or Valkey.', {
      'dsn-env': address('REDIS_DB_CONNECT_STRING', 'VALKEY_DB_CONNECT_STRING'),
      prefix: text(`What its keys begin with; default ${or('`djsup:leader:`')}.`),
    }),
    etcd: group('etcd.', {
      'endpoints-env': address('ETCD_ENDPOINTS'),
      prefix: text(`What its keys begin with; default ${or('`djsup/leader/`')}.`),
    }),
    kubernetes: group('A Lease of Kubernetes.', {
      namespace: text(`Namespace of the Lease; default ${or('that of the pod')}.`),
      lease: text(`Name of the Lease; default ${or('`name`')}.`),
    }),
    file: group('A lock file that all replicas share: on one host, or one volume that can lock.', {
      path: text(`Where it is; default ${or('below the state directory')}.`, absolutePath),
      'allow-network-filesystem': yesOrNo(
        `Trust the locks of a network file system; default ${or('`false`')}.`,
      ),
    }),
    external: group('A command that says who leads.', {
      command: text('Exit code 0: this replica leads for as many seconds as it prints.'),
      period: duration(`From one run to the next; default ${or('`10s`')}.`, 'above zero'),
      ttl: duration(`How long a yes holds that prints no number; default ${or('`30s`')}.`, 'above zero'),
    }),
  };
}

export const leaderFields = {
  override: override(),
  backend: oneOf(
    'Where the record of the election is kept; default `auto`, which chooses by what the environment offers.',
    backendNames,
  ),
  ...placeFields((standard) => standard),
  'moved-from': group(
    'Where the record was kept before, as far as that was other: whoever leads holds that one too, so that a roll-out may move an election.',
    {
      backend: oneOf('Required: where it was kept.', exclusiveNames),
      ...placeFields(() => 'that of the group'),
    },
  ),
  profile: oneOf(
    'Timings: `default`, `fast` for a quick take-over, `tolerant` for slow engines; default `default`.',
    ['fast', 'default', 'tolerant'],
  ),
  'lease-duration': duration('How long a lease stands once it was written.', 'above zero'),
  'renew-period': duration('From one renewal of the lease to the next.', 'above zero'),
  'request-timeout': duration('How long the engine may take for an answer.', 'above zero'),
  'lost-kill-delay': duration('From SIGTERM to SIGKILL once leadership is lost.', 'above zero'),
  'max-clock-drift': text('Greatest difference in speed of any two clocks; default `1%`.', share),
  priority: number(
    '0 comes first; each step below waits 50 ms longer before it takes a free lease; default 0.',
    {
      min: -20,
      max: 0,
      whole: true,
    },
  ),
};

export type LeaderEntry = Values<typeof leaderFields>;
