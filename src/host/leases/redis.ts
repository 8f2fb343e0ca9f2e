// Redis (6 or later) and Valkey: one string for each election, changed by a script that names the text it replaces.
// Laws: never on a replica, a cluster or a server that evicts at will; another run of the server is another life, and a
// missing key is never taken for a free record. The key has no time to live.
import { createClient } from '@redis/client';
import { parseDsn, placeOf, redisTls } from '../../core/leader/dsn.ts';
import type { RedisLease } from '../../core/leader/settings.ts';
import type { Result } from '../../core/result.ts';
import type { LeaseStore } from '../../ports.ts';
import { LONGEST_TEXT, createLeaseStore, createRefusedStore, endedBy } from './store.ts';
import type { Bell, Refusal, Sample, Session, Swap } from './store.ts';
import { isDistrust, tlsOptions, tlsWarnings } from './tls.ts';

const port = 6379;
/** A connection attempt that nobody waits for any more ends after this long, ms. */
const connectTimeout = 5000;
const remedy = 'use rediss:// in its address, with ssl_ca_certs where its authority is your own';

/**
 * KEYS: the record. ARGV: the channel, and for a change the text to replace and the new one. Answers whether it changed,
 * the text, the server's time, and what INFO says of its role: a replica that was a master may still have our connection.
 */
const script = `
local info = redis.call('INFO', 'replication')
local time = redis.call('TIME')
local text = redis.call('GETRANGE', KEYS[1], 0, ${4 * LONGEST_TEXT})
local changed = 0
if ARGV[2] and text == ARGV[2] then
  text = ARGV[3]
  redis.call('SET', KEYS[1], text)
  redis.call('PUBLISH', ARGV[1], text)
  changed = 1
end
return { changed, text, time[1], time[2], info }`;

type Answer = [changed: number, text: string, seconds: string, microseconds: string, info: string];

export function openRedis(settings: RedisLease): LeaseStore {
  const parsed = parseDsn('Redis', settings.dsn);
  if (!parsed.ok) return createRefusedStore('Redis', parsed.failure);
  const dsn = parsed.value;
  const tls = redisTls(dsn);
  const database = Number(dsn.database ?? dsn.options['db'] ?? 0);
  if (!Number.isSafeInteger(database))
    return createRefusedStore(
      'Redis',
      'cannot use the address of Redis: its path must be the number of a database',
    );
  const key = `${settings.prefix}${settings.name}`;
  // Channels are the server's, whatever database a client has selected.
  const channel = database === 0 ? key : `${key}@${database}`;
  const place = `Redis at ${placeOf(dsn, port)}, database ${database}, key "${key}"`;

  async function connect(bell: Bell, signal: AbortSignal): Promise<Result<Session, Refusal>> {
    const client = createOurClient();
    // It is not to connect anew by itself: each error is the end.
    client.on('error', bell.lost);
    const close = (): void => {
      if (client.isOpen) client.destroy();
    };
    try {
      await endedBy(signal, client.connect());
      const facts = infoOf(await endedBy(signal, client.sendCommand<string>(['INFO'])));
      const reason = unsafeReason(facts);
      if (reason !== undefined) {
        close();
        return { ok: false, failure: unsafe(place, reason) };
      }
      const life = facts['run_id'] ?? '';
      let isWatched = true;
      try {
        await endedBy(
          signal,
          client.subscribe(channel, (text) =>
            bell.changed({ text, incarnation: incarnationOf(life, facts), counter: 0 }),
          ),
        );
      } catch (error) {
        if (!isDenied(error)) throw error;
        isWatched = false;
      }
      const warnings = [
        ...tlsWarnings(tls, dsn.host, tls.mode !== 'off', remedy),
        ...(isWatched
          ? []
          : [`changes of "${key}" are only seen by asking: allow its user +subscribe and &${channel}`]),
        ...losses(facts),
      ];
      return { ok: true, value: { warnings, ...callsOn(client, life), close } };
    } catch (error) {
      close();
      throw error;
    }
  }

  function createOurClient() {
    const options = tlsOptions(tls, dsn.host);
    const common = { connectTimeout, reconnectStrategy: false } as const;
    const to = { host: dsn.host, port: dsn.port ?? port };
    return createClient({
      socket: dsn.host.startsWith('/')
        ? { ...common, path: dsn.host, tls: false }
        : options === undefined
          ? { ...common, ...to, keepAlive: true }
          : { ...common, ...options, ...to, tls: true },
      ...(dsn.user === undefined ? {} : { username: dsn.user }),
      ...(dsn.password === undefined ? {} : { password: dsn.password }),
      database,
      RESP: 3,
      disableOfflineQueue: true,
      disableClientInfo: true,
      maintNotifications: 'disabled',
    });
  }

  function callsOn(client: ReturnType<typeof createOurClient>, life: string): Pick<Session, 'read' | 'swap'> {
    async function run(...change: readonly string[]): Promise<Swap> {
      const reply = await client.eval(script, { keys: [key], arguments: [channel, ...change] });
      const [changed, text, seconds, microseconds, info] = reply as unknown as Answer;
      const facts = infoOf(info);
      if (facts['role'] !== 'master') throw new NotMaster();
      return {
        swapped: changed === 1,
        text: text === '' ? undefined : text,
        incarnation: incarnationOf(life, facts),
        counter: Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000),
      };
    }
    return {
      read: (): Promise<Sample> => run(),
      swap: (expect, text) => run(expect ?? '', text),
    };
  }

  return createLeaseStore({
    place,
    secrets: [dsn.password],
    connect,
    refusal: (error) => refusalOf(error, place, key),
  });
}

/** The server has become a replica. */
class NotMaster extends Error {}

type Info = Readonly<Record<string, string>>;

function infoOf(text: string): Info {
  return Object.fromEntries(
    text.split('\r\n').flatMap((line) => {
      const at = line.indexOf(':');
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );
}

function incarnationOf(life: string, facts: Info): string {
  return `${life}/${facts['master_replid'] ?? ''}`;
}

function unsafeReason(facts: Info): string | undefined {
  const policy = facts['maxmemory_policy'] ?? 'noeviction';
  if (facts['redis_mode'] === 'sentinel') return 'it is a sentinel: give the address of the master';
  if (facts['redis_mode'] === 'cluster')
    return 'it is a cluster, where a failover may forget who leads: give the address of a single Redis, or another backend';
  if (facts['role'] !== 'master')
    return 'it is a replica, which may be behind: give the address of the master';
  if (policy.startsWith('allkeys'))
    return `it may throw away any key when memory is short (maxmemory-policy ${policy}): set maxmemory-policy to noeviction or to one of volatile-*, or use another Redis`;
  if (Number.parseInt(facts['redis_version'] ?? '0', 10) < 6)
    return `it is Redis ${facts['redis_version']}, and 6 or later is needed`;
  return undefined;
}

/** What this Redis may forget; safe all the same, but slower then. */
function losses(facts: Info): readonly string[] {
  const warnings: string[] = [];
  if (facts['aof_enabled'] === '0')
    warnings.push(
      'without an append-only file a restart of Redis forgets who leads, and the next leader waits a lease',
    );
  if (Number(facts['connected_slaves'] ?? 0) > 0)
    warnings.push(
      'a failover to a replica may forget the last change, and the next leader waits a lease; a master that is cut off and goes on beside a new one keeps a leader of its own: set "min-replicas-to-write 1" and "min-replicas-max-lag" below the lease',
    );
  return warnings;
}

/** Within a script it is said in other words. */
function isDenied(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^NOPERM\b|user executing the script|No permissions|ACL failure/.test(error.message)
  );
}

function refusalOf(error: unknown, place: string, key: string): Refusal | undefined {
  if (isDistrust(error))
    return unsafe(
      place,
      `its certificate is not trusted (${(error as Error).message}): name its authority with ssl_ca_certs in the address`,
    );
  if (error instanceof NotMaster)
    return unsafe(place, 'it has become a replica: give the address of the master');
  const text = error instanceof Error ? error.message : '';
  if (isDenied(error))
    return {
      error: 'permission',
      message: `cannot use ${place}: ${text}; its user needs ~${key} &${key} +@connection +info +time +eval +getrange +set +publish +subscribe`,
    };
  switch (/^[A-Z]+/.exec(text)?.[0] ?? '') {
    case 'NOAUTH':
    case 'WRONGPASS':
      return { error: 'permission', message: `cannot log in at ${place}: ${text}` };
    case 'READONLY':
      return unsafe(place, 'it is a replica, which may be behind: give the address of the master');
    case 'WRONGTYPE':
      return unsafe(place, 'the key holds something else: set another prefix or name');
    default:
      return undefined;
  }
}

function unsafe(place: string, reason: string): Refusal {
  return { error: 'unsafe', message: `cannot elect a leader at ${place}: ${reason}` };
}
