// The lease store on a real Redis, with access lists, TLS, replicas and policies of eviction.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLeaseStore } from '../../src/host/leases.ts';
import type { View } from '../../src/core/leader/record.ts';
import type { LeaseStore, Opening } from '../../src/ports.ts';
import { held, leaseContract, look, recordFor, soon, take } from '../host/leases.contract.ts';
import { storeDeps } from '../host/machine.ts';
import { makeCertificates, opensslMissing } from '../support/engines/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { redisMissing, startRedis } from '../support/engines/redis.ts';
import type { Redis } from '../support/engines/redis.ts';
import { until } from '../support/rig.ts';

const prefix = 'djsup:leader:';

leaseContract('redis', redisMissing(), async () => {
  const redis = await startRedis();
  return {
    settings: (name, port) => ({ kind: 'redis', name, dsn: redis.dsn('', port), prefix }),
    port: redis.port,
    async put(name, text) {
      await redis.command(...(text === undefined ? ['DEL', prefix + name] : ['SET', prefix + name, text]));
    },
    restart: () => redis.restart(),
    stop: () => redis.stop(),
  };
});

const why = redisMissing() ?? opensslMissing();

describe.skipIf(why !== undefined)(`on a real engine${why === undefined ? '' : `, left out: ${why}`}`, () => {
  let redis: Redis;
  const stores: LeaseStore[] = [];
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await redis?.stop();
  });

  async function open(dsn: string, name = 'own'): Promise<LeaseStore & { opening: Opening }> {
    const store = await openLeaseStore({ kind: 'redis', name, dsn, prefix }, await storeDeps());
    stores.push(store);
    return { ...store, opening: await store.open(soon()) };
  }

  test('another database of the same server has a record of its own, and tells nothing of its changes here', async () => {
    const [here, there] = [
      await open(redis.dsn().replace(/0$/, '5'), 'both'),
      await open(redis.dsn().replace(/0$/, '6'), 'both'),
    ];
    const seen: View[] = [];
    here.watch({ seen: (view) => void seen.push(view), hint: () => {} });
    await take(there, { epoch: 7 });
    expect((await look(here)).found.kind).toBe('none');
    await take(here, { epoch: 3 });
    await until('its own change is seen', () => seen.length > 0);
    expect(seen.map((view) => held(view)?.epoch)).not.toContain(7);
  });

  const rights = [
    '~djsup:leader:*',
    'resetchannels',
    '&djsup:leader:*',
    '+@connection',
    '+info',
    '+time',
    '+eval',
    '+getrange',
    '+set',
    '+publish',
    '+subscribe',
  ];

  test('a user with these rights alone leads and watches', async () => {
    await redis.command('ACL', 'SETUSER', 'least', 'on', '>pass-word', ...rights);
    const store = await open(redis.dsn('least'));
    expect(store.opening).toMatchObject({ kind: 'ready', warnings: [] });
    const seen: unknown[] = [];
    store.watch({ seen: (view) => void seen.push(view), hint: () => {} });
    await take(store);
    await until('it is seen', () => seen.length > 0);
  });

  test('each missing right is a permission that is named, but that to subscribe', async () => {
    for (const right of rights.filter((one) => /^\+[a-z]/.test(one) && one !== '+subscribe')) {
      const others = rights.filter((one) => one !== right);
      await redis.command('ACL', 'SETUSER', 'less', 'reset', 'on', '>pass-word', ...others);
      const store = await open(redis.dsn('less'), 'less');
      const outcome =
        store.opening.kind === 'failed'
          ? store.opening
          : await store.write(undefined, recordFor(undefined), soon());
      expect(outcome).toMatchObject({ kind: 'failed', error: 'permission' });
      expect(outcome).toHaveProperty('message', expect.stringContaining(right));
    }
    await redis.command('ACL', 'SETUSER', 'less', 'reset', 'on', '>pass-word', ...rights, '-subscribe');
    const { opening } = await open(redis.dsn('less'), 'less');
    expect(opening).toMatchObject({ kind: 'ready', warnings: [expect.stringContaining('+subscribe')] });
  });

  test('a wrong password is a permission, and shown nowhere', async () => {
    const { opening } = await open(redis.dsn('least').replace('pass-word', 'wrong-word'));
    expect(opening).toMatchObject({ kind: 'failed', error: 'permission' });
    expect(JSON.stringify(opening)).not.toContain('wrong-word');
  });

  test('a policy that may evict the record is refused, one that cannot is not', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const { opening } = await open(redis.dsn());
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
    expect(opening).toMatchObject({ kind: 'failed', error: 'unsafe' });
    expect(opening).toHaveProperty('message', expect.stringContaining('maxmemory-policy'));
    expect((await open(redis.dsn())).opening).toMatchObject({ kind: 'ready' });
  });

  test('a replica is refused, also one that was the master when it was connected', async () => {
    const other = await startRedis(['--masterauth', 'pass-word']);
    try {
      const store = await open(other.dsn());
      await take(store);
      await other.command('REPLICAOF', '127.0.0.1', String(redis.port));
      await until('it is refused', async () => {
        const outcome = await store.read(soon());
        return outcome.kind === 'failed' && outcome.error === 'unsafe';
      });
      expect((await open(other.dsn())).opening).toMatchObject({ kind: 'failed', error: 'unsafe' });
    } finally {
      await other.stop();
    }
  });

  test('a cluster is refused', async () => {
    const cluster = await startRedis(['--cluster-enabled', 'yes']);
    const { opening } = await open(cluster.dsn());
    await cluster.stop();
    expect(opening).toMatchObject({ kind: 'failed', error: 'unsafe' });
  });

  test('another run of the server is another life of the data', async () => {
    const store = await open(redis.dsn(), 'lives');
    await take(store);
    const before = await look(store);
    await redis.restart();
    await until('it answers', async () => (await store.read(soon(1000))).kind === 'ok');
    const after = await look(store);
    expect(after.found).toEqual(before.found);
    expect(after.incarnation).not.toBe(before.incarnation);
    expect(after.epochFloor).toBeGreaterThan(0);
  });

  test('a key that holds something else is left alone', async () => {
    await redis.command('LPUSH', `${prefix}list`, 'x');
    const store = await open(redis.dsn(), 'list');
    expect(await store.read(soon())).toMatchObject({ kind: 'failed', error: 'unsafe' });
  });

  test('TLS is verified, unless the address says otherwise', async () => {
    const certificates = makeCertificates();
    const { ca, cert, key } = certificates;
    const port = await freePort();
    const words = [
      '--tls-port',
      String(port),
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-ca-cert-file',
      ca,
      '--tls-auth-clients',
      'no',
    ];
    const secure = await startRedis(words);
    try {
      const dsn = secure.dsn('', port).replace('redis:', 'rediss:');
      const store = await open(`${dsn}?ssl_ca_certs=${ca}`);
      expect(store.opening).toMatchObject({ kind: 'ready' });
      await take(store);
      expect((await open(`${dsn}?ssl_cert_reqs=none`)).opening).toMatchObject({ kind: 'ready' });
      const { opening } = await open(dsn);
      expect(opening).toMatchObject({ kind: 'failed', error: 'unsafe' });
      expect(opening).toHaveProperty('message', expect.stringContaining('ssl_ca_certs'));
    } finally {
      await secure.stop();
      certificates.remove();
    }
  });
});
