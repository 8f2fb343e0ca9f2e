// Which engine is chosen, for which reason, and when none is: tables.
import { describe, expect, test } from 'vitest';
import { chooseBackend } from '../../../src/core/leader/choice.ts';
import { holdsAllOf } from '../../../src/core/leader/twin-choice.ts';
import { electedElsewhere } from '../../../src/core/leader/elsewhere.ts';
import type { Choice } from '../../../src/core/leader/choice.ts';
import type { PodFacts, Surroundings } from '../../../src/core/leader/surroundings.ts';
import type { LeaderConfig } from '../../../src/core/config.ts';

type Settings = LeaderConfig['settings'];
type Access = PodFacts['access'];

const postgres = 'postgresql://app:pass-word@db/app';
const kubernetes = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };
const refused: Access = { kind: 'refused', reason: 'its service account lacks "update"' };

interface Case {
  readonly settings?: Settings;
  readonly environment?: Record<string, string>;
  readonly hostname?: string;
  readonly access?: Access;
}

function choose({ settings = {}, environment = {}, hostname = 'f3a9c1', access }: Case): Choice {
  const pod =
    access === undefined ? undefined : { namespace: 'prod', tokenFile: '/token', caFile: '/ca.crt', access };
  const around: Surroundings = { environment, hostname, stateDirectory: '/var/lib/djsup', pod };
  return chooseBackend({ group: 'schedulers', settings }, 'shop', around);
}

function outcome(choice: Choice): string {
  if (choice.kind === 'use') return choice.settings.kind;
  return choice.kind === 'verdict' ? `runs ${choice.verdict.runs}` : 'blocked';
}

describe('by itself', () => {
  const all = {
    POSTGRESQL_DB_CONNECT_STRING: postgres,
    MYSQL_DB_CONNECT_STRING: 'mysql://h/d',
    ETCD_ENDPOINTS: 'e:2379',
    REDIS_DB_CONNECT_STRING: 'redis://r',
    DJSUP_LEADER_LOCK: '/shared/leader',
  };
  const without = (...names: string[]): Record<string, string> =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));

  test.each<[string, Case, string]>([
    [
      'Juju before all',
      { environment: { ...all, JUJU_CONTAINER_NAME: 'app' }, access: { kind: 'allowed' } },
      'runs by-plan',
    ],
    [
      'Kubernetes where its Lease may be used',
      { environment: { ...all, ...kubernetes }, access: { kind: 'allowed' } },
      'kubernetes',
    ],
    [
      'PostgreSQL where Kubernetes refuses',
      { environment: { ...all, ...kubernetes }, access: refused },
      'postgres',
    ],
    [
      'nothing while Kubernetes does not answer',
      { environment: all, access: { kind: 'unknown', reason: 'it did not answer' } },
      'blocked',
    ],
    ['PostgreSQL', { environment: all }, 'postgres'],
    ['MySQL', { environment: without('POSTGRESQL_DB_CONNECT_STRING') }, 'mysql'],
    ['etcd', { environment: without('POSTGRESQL_DB_CONNECT_STRING', 'MYSQL_DB_CONNECT_STRING') }, 'etcd'],
    ['Redis', { environment: { REDIS_DB_CONNECT_STRING: 'redis://r' } }, 'redis'],
    ['Valkey', { environment: { VALKEY_DB_CONNECT_STRING: 'valkey://r' } }, 'redis'],
    [
      'DATABASE_URL of PostgreSQL',
      { environment: { DATABASE_URL: 'postgis://h/d', REDIS_DB_CONNECT_STRING: 'redis://r' } },
      'postgres',
    ],
    ['DATABASE_URL of MySQL', { environment: { DATABASE_URL: 'mysql://h/d' } }, 'mysql'],
    ['not SQLite', { environment: { DATABASE_URL: 'sqlite:///db.sqlite3' } }, 'file'],
    ['a named file', { environment: { DJSUP_LEADER_LOCK: '/shared/leader', ...kubernetes } }, 'file'],
    ['a file of this host where nothing tells of replicas', {}, 'file'],
    [
      'nothing on Kubernetes without rights or address',
      { environment: kubernetes, access: refused },
      'blocked',
    ],
    ['nothing on Heroku without an address', { environment: { DYNO: 'web.1' } }, 'blocked'],
    ['nothing where the host has an ordinal', { hostname: 'web-1' }, 'blocked'],
    [
      'nothing where the host is called after a task of Swarm',
      { hostname: 'shop_web.3.mhml1gvvl65lw64wxi2r6k0ez' },
      'blocked',
    ],
    [
      'nothing where it is a task of a global service of Swarm',
      { hostname: 'shop_web.x8f0q2l65lw64wxi2r6kmhml1.mhml1gvvl65lw64wxi2r6k0ez' },
      'blocked',
    ],
    ['a file where the host is called after its container', { hostname: 'ceb1f81bba19' }, 'file'],
    ['a file where the host has a domain', { hostname: 'web.1.example.com' }, 'file'],
    ['nothing of an empty address', { environment: { POSTGRESQL_DB_CONNECT_STRING: '' } }, 'file'],
    [
      'nothing where the address cannot be read',
      { environment: { POSTGRESQL_DB_CONNECT_STRING: 'postgresql://u:pass-word@a,b/d' } },
      'blocked',
    ],
  ])('%s', (_title, given, expected) => {
    const choice = choose(given);
    expect(outcome(choice)).toBe(expected);
    const said = choice.kind === 'use' ? choice.why : choice;
    expect(JSON.stringify(said)).not.toContain('pass-word');
    expect(choice.why.length + (choice.kind === 'blocked' ? 1 : 0)).toBeGreaterThan(0);
  });

  test('it says what it passed over', () => {
    expect(choose({ environment: { ...all, ...kubernetes }, access: refused }).why).toEqual([
      'not Kubernetes: its service account lacks "update"',
      'POSTGRESQL_DB_CONNECT_STRING is set',
    ]);
  });

  test('where it is blocked it says what would help', () => {
    expect(choose({ environment: kubernetes, access: refused })).toMatchObject({
      reason: expect.stringMatching(
        /other replicas.*KUBERNETES_SERVICE_HOST.*POSTGRESQL_DB_CONNECT_STRING.*DJSUP_LEADER_BACKEND=none/,
      ),
    });
  });
});

describe('as it is told', () => {
  test.each<[string, Case, string]>([
    [
      'the layer before the environment',
      {
        settings: { backend: 'redis' },
        environment: { DJSUP_LEADER_BACKEND: 'postgres', REDIS_DB_CONNECT_STRING: 'redis://r' },
      },
      'redis',
    ],
    [
      'the environment before all that is found',
      { environment: { DJSUP_LEADER_BACKEND: 'file', POSTGRESQL_DB_CONNECT_STRING: postgres } },
      'file',
    ],
    [
      'a variable that the layer names',
      { settings: { backend: 'postgres', postgres: { 'dsn-env': 'PG' } }, environment: { PG: postgres } },
      'postgres',
    ],
    ['an engine without an address', { settings: { backend: 'mysql' } }, 'blocked'],
    ['Kubernetes without an account', { settings: { backend: 'kubernetes' } }, 'blocked'],
    [
      'Kubernetes although its rights are not known',
      { settings: { backend: 'kubernetes' }, environment: kubernetes, access: refused },
      'kubernetes',
    ],
    ['an unknown word', { environment: { DJSUP_LEADER_BACKEND: 'zookeeper' } }, 'blocked'],
    [
      'a command',
      { settings: { backend: 'external', external: { command: 'am-i-leader "my app"' } } },
      'external',
    ],
    ['no command', { settings: { backend: 'external' } }, 'blocked'],
    ['none', { settings: { backend: 'none' } }, 'runs everywhere'],
    ['juju', { settings: { backend: 'juju' } }, 'runs by-plan'],
    ['static by ordinal 0', { settings: { backend: 'static' }, hostname: 'web-0' }, 'runs true'],
    ['static by another ordinal', { settings: { backend: 'static' }, hostname: 'web-10' }, 'runs false'],
    [
      'static by word',
      { settings: { backend: 'static' }, environment: { DJSUP_LEADER_STATIC: '1' }, hostname: 'web-3' },
      'runs true',
    ],
    ['static without either', { settings: { backend: 'static' } }, 'blocked'],
    [
      'static by an odd word',
      { settings: { backend: 'static' }, environment: { DJSUP_LEADER_STATIC: 'yes' } },
      'blocked',
    ],
  ])('%s', (_title, given, expected) => {
    expect(outcome(choose(given))).toBe(expected);
  });
});

describe('on the way from one backend to another', () => {
  const environment = { POSTGRESQL_DB_CONNECT_STRING: postgres, REDIS_DB_CONNECT_STRING: 'redis://r' };
  const moved = (settings: Settings, from: NonNullable<Settings['moved-from']>, hostname = 'web-0'): Choice =>
    choose({ settings: { ...settings, 'moved-from': from }, environment, hostname });

  test('whoever leads holds the record of before too, which differs in what is said of it alone', () => {
    const choice = moved(
      { backend: 'postgres', name: 'beat' },
      { backend: 'redis', redis: { prefix: 'old:' } },
    );
    expect(choice).toMatchObject({
      settings: { kind: 'postgres', name: 'beat' },
      former: { kind: 'redis', name: 'beat', prefix: 'old:' },
    });
    expect(choice.why.at(-1)).toBe('moved from backend "redis": whoever leads holds both records');
    expect(moved({ backend: 'redis' }, { backend: 'redis', name: 'old' })).toMatchObject({
      settings: { kind: 'redis', name: 'shop-schedulers' },
      former: { kind: 'redis', name: 'old' },
    });
  });

  test('what the environment says of the backend is of the one of now', () => {
    const settings: Settings = { 'moved-from': { backend: 'redis' } };
    const choice = choose({ settings, environment: { ...environment, DJSUP_LEADER_BACKEND: 'postgres' } });
    expect(choice).toMatchObject({ settings: { kind: 'postgres' }, former: { kind: 'redis' } });
  });

  const none = { ...environment, DJSUP_LEADER_BACKEND: 'none' };

  test.each<[string, Choice, string, RegExp?]>([
    ['from an ordinal: its replica alone leads', moved({}, { backend: 'static' }), 'postgres'],
    ['from an ordinal: no other does', moved({}, { backend: 'static' }, 'web-1'), 'runs false'],
    [
      'to an ordinal: its replica, with the record',
      moved({ backend: 'static' }, { backend: 'redis' }),
      'redis',
    ],
    [
      'to an ordinal: no other does',
      moved({ backend: 'static' }, { backend: 'redis' }, 'web-1'),
      'runs false',
    ],
    [
      'to where it is',
      moved({}, { backend: 'postgres' }),
      'blocked',
      /kept there now \(backend "postgres": POSTGRESQL_DB_CONNECT_STRING is set\); write out where it was/,
    ],
    [
      'to all replicas',
      choose({ settings: { 'moved-from': { backend: 'redis' } }, environment: none }),
      'blocked',
      /every replica runs .*; leave it out, and stop all replicas/,
    ],
    [
      'from what is missing',
      moved({}, { backend: 'mysql' }),
      'blocked',
      /"moved-from": .*MYSQL_DB_CONNECT_STRING/,
    ],
    [
      'from file to file, for a guard holds but one',
      moved({ backend: 'file', file: { path: '/a' } }, { backend: 'file', file: { path: '/b' } }),
      'blocked',
      /a guard can hold but one lock file/,
    ],
  ])('%s', (_title, choice, expected, reason = /./) => {
    expect(outcome(choice)).toBe(expected);
    expect(choice.kind === 'blocked' ? choice.reason : 'it may').toMatch(reason);
  });

  test('of an engine that stays, what is not said of the record before is that of the group', () => {
    const settings: Settings = { backend: 'postgres', postgres: { 'dsn-env': 'PG', schema: 'new' } };
    const choice = choose({
      settings: { ...settings, 'moved-from': { backend: 'postgres', postgres: { schema: 'old' } } },
      environment: { PG: postgres },
    });
    expect(choice).toMatchObject({ settings: { schema: 'new' }, former: { dsn: postgres, schema: 'old' } });
  });

  test('a plan holds all records of another where both write them out', () => {
    const redis: Settings = { backend: 'redis' };
    const both: Settings = { backend: 'postgres', 'moved-from': { backend: 'redis' } };
    expect(holdsAllOf(both, redis)).toBe(true);
    expect(holdsAllOf(both, { backend: 'postgres' })).toBe(true);
    expect(holdsAllOf({ backend: 'postgres' }, both)).toBe(false);
    expect(holdsAllOf({ backend: 'postgres' }, redis)).toBe(false);
    expect(holdsAllOf(both, {})).toBe(false);
    expect(holdsAllOf({}, {})).toBe(false);
    expect(holdsAllOf(both, { ...redis, name: 'a' })).toBe(false);
  });

  test('where djsup chooses, it knows where a replica with less around it would have', () => {
    const around: Surroundings = { environment, hostname: 'x', stateDirectory: '/state', pod: undefined };
    const kinds = (settings: Settings, chosen: 'kubernetes' | 'postgres' | 'redis', more = {}): unknown =>
      electedElsewhere(
        { group: 'schedulers', settings },
        'shop',
        { ...around, environment: { ...environment, ...more } },
        chosen,
      ).map(({ kind }) => kind);
    expect(kinds({}, 'kubernetes')).toEqual(['postgres', 'redis']);
    expect(kinds({}, 'postgres', { DJSUP_LEADER_LOCK: '/lock' })).toEqual(['redis', 'file']);
    expect(kinds({}, 'redis')).toEqual([]);
    expect(kinds({ backend: 'postgres' }, 'postgres')).toEqual([]);
    expect(kinds({}, 'postgres', { DJSUP_LEADER_BACKEND: 'postgres' })).toEqual([]);
    expect(kinds({ 'moved-from': { backend: 'redis' } }, 'postgres')).toEqual([]);
  });
});

describe('the settings', () => {
  const settingsOf = (given: Case): unknown => {
    const choice = choose(given);
    return choice.kind === 'use' ? choice.settings : choice;
  };

  test('names are the application and the group, or what the layer says', () => {
    expect(settingsOf({ environment: { POSTGRESQL_DB_CONNECT_STRING: postgres } })).toEqual({
      kind: 'postgres',
      name: 'shop-schedulers',
      dsn: postgres,
      schema: 'public',
      listen: true,
    });
    expect(
      settingsOf({ settings: { name: 'beat' }, environment: { REDIS_DB_CONNECT_STRING: 'redis://r' } }),
    ).toEqual({
      kind: 'redis',
      name: 'beat',
      dsn: 'redis://r',
      prefix: 'djsup:leader:',
    });
  });

  test('Kubernetes', () => {
    const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT_HTTPS: '6443' };
    expect(
      settingsOf({ environment, access: { kind: 'allowed' }, settings: { kubernetes: { lease: 'beat' } } }),
    ).toEqual({
      kind: 'kubernetes',
      name: 'beat',
      namespace: 'prod',
      server: 'https://[fd00::1]:6443',
      tokenFile: '/token',
      caFile: '/ca.crt',
    });
  });

  test('an address of etcd in which a comma may be part of a password is refused, and not shown', () => {
    for (const dsn of ['http://app:7,Secret,x@h:2379', 'h:1,u:Secret@h:2']) {
      const choice = choose({ settings: { backend: 'etcd' }, environment: { ETCD_ENDPOINTS: dsn } });
      expect(choice).toMatchObject({ kind: 'blocked', reason: expect.stringContaining('%2C') as string });
      expect(JSON.stringify(choice)).not.toContain('Secret');
    }
  });

  test('etcd', () => {
    const environment = {
      ETCD_ENDPOINTS: 'a:2379, https://b:2379',
      ETCDCTL_USER: 'app:p:w',
      ETCDCTL_CACERT: '/ca',
    };
    expect(settingsOf({ environment })).toEqual({
      kind: 'etcd',
      name: 'shop-schedulers',
      endpoints: ['http://a:2379', 'https://b:2379'],
      prefix: 'djsup/leader/',
      user: { name: 'app', password: 'p:w' },
      tls: { ca: '/ca', cert: undefined, key: undefined },
    });
  });

  test('a file for each group', () => {
    expect(settingsOf({})).toMatchObject({ path: '/var/lib/djsup/leader/shop-schedulers.lock' });
    expect(settingsOf({ environment: { DJSUP_LEADER_LOCK: '/shared/leader' } })).toMatchObject({
      path: '/shared/leader.shop-schedulers',
    });
    expect(settingsOf({ settings: { file: { path: '/own' } } })).toMatchObject({ path: '/own' });
  });

  test('a command in words', () => {
    expect(settingsOf({ settings: { backend: 'external', external: { command: 'ask "my app"' } } })).toEqual({
      kind: 'external',
      name: 'shop-schedulers',
      command: ['ask', 'my app'],
      period: 10_000,
      ttl: 30_000,
    });
  });
});
