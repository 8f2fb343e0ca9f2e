// The lease store on a real PostgreSQL, with its replica, its poolers, roles and TLS.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LeaseSettings } from '../../src/core/leader/settings.ts';
import { openLeaseStore } from '../../src/host/leases.ts';
import type { LeaseStore, Opening } from '../../src/ports.ts';
import { held, leaseContract, look, recordFor, soon, take } from '../host/leases.contract.ts';
import { storeDeps } from '../host/machine.ts';
import { makeCertificates, opensslMissing } from '../support/engines/certificates.ts';
import type { Certificates } from '../support/engines/certificates.ts';
import { poolerMissing, postgresMissing, startPooler, startPostgres } from '../support/engines/postgres.ts';
import type { Postgres } from '../support/engines/postgres.ts';
import { until } from '../support/rig.ts';

const definition = 'CREATE TABLE IF NOT EXISTS djsup_leader (grp text PRIMARY KEY, record text NOT NULL)';

function settingsOf(dsn: string, name = 'own'): LeaseSettings {
  return { kind: 'postgres', name, dsn, schema: 'public', listen: true };
}

leaseContract('postgres', postgresMissing(), async () => {
  const postgres = await startPostgres();
  return {
    settings: (name, port) => settingsOf(postgres.dsn('djsup', port), name),
    port: postgres.port,
    async put(name, text) {
      await postgres.query(definition);
      if (text === undefined) await postgres.query('DELETE FROM djsup_leader WHERE grp = $1', [name]);
      else
        await postgres.query(
          'INSERT INTO djsup_leader VALUES ($1, $2) ON CONFLICT (grp) DO UPDATE SET record = $2',
          [name, text],
        );
    },
    restart: () => postgres.restart(),
    stop: () => postgres.stop(),
  };
});

const why = postgresMissing() ?? poolerMissing() ?? opensslMissing();

describe.skipIf(why !== undefined)(`on a real engine${why === undefined ? '' : `, left out: ${why}`}`, () => {
  let postgres: Postgres;
  let certificates: Certificates;
  const stores: LeaseStore[] = [];
  beforeAll(async () => {
    certificates = makeCertificates();
    const { cert, key } = certificates;
    postgres = await startPostgres([
      'ssl=on',
      'listen_addresses=127.0.0.1,127.0.0.2',
      `ssl_cert_file=${cert}`,
      `ssl_key_file=${key}`,
    ]);
    await postgres.query(`${definition}; CREATE ROLE app LOGIN`);
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await postgres?.stop();
    certificates?.remove();
  });

  async function open(dsn: string, name?: string): Promise<LeaseStore & { opening: Opening }> {
    const store = await openLeaseStore(settingsOf(dsn, name), await storeDeps());
    stores.push(store);
    return { ...store, opening: await store.open(soon()) };
  }

  test('a replica is refused; once promoted it is another life of the data', async () => {
    const primary = await open(postgres.dsn(), 'promoted');
    await take(primary);
    const before = await look(primary);
    const replica = await postgres.startReplica();
    try {
      const { opening, ...store } = await open(replica.dsn(), 'promoted');
      expect(opening).toMatchObject({ kind: 'failed', error: 'unsafe' });
      expect(opening).toHaveProperty(
        'message',
        expect.stringMatching(/is a replica.*give the address of the primary/),
      );
      expect(await store.read(soon())).toMatchObject({ kind: 'failed', error: 'unsafe' });
      await replica.promote();
      const after = await look(store);
      expect(after.found).toEqual(before.found);
      expect(after.incarnation).not.toBe(before.incarnation);
      expect(after.epochFloor).toBeGreaterThan(2 ** 36);
    } finally {
      await replica.stop();
    }
  });

  test('a pooler that lends connections for a transaction is refused, one for a session is not', async () => {
    const transactions = await startPooler(postgres, 'transaction');
    const sessions = await startPooler(postgres, 'session');
    try {
      const refused = await open(postgres.dsn('djsup', transactions.port));
      expect(refused.opening).toMatchObject({ kind: 'failed', error: 'unsafe' });
      expect(refused.opening).toHaveProperty('message', expect.stringContaining('pool_mode=session'));
      const allowed = await open(postgres.dsn('djsup', sessions.port));
      expect(allowed.opening).toMatchObject({
        kind: 'ready',
        warnings: expect.arrayContaining([expect.stringContaining('pooler')]),
      });
      await take(allowed);
    } finally {
      for (const store of stores.splice(0)) await store.close();
      await transactions.stop();
      await sessions.stop();
    }
  });

  test('a role without rights is told which ones, and works with them', async () => {
    const dsn = postgres.dsn('app');
    expect((await open(dsn)).opening).toMatchObject({
      kind: 'failed',
      error: 'permission',
      message:
        'cannot use the table "public".djsup_leader: GRANT SELECT, INSERT, UPDATE ON "public".djsup_leader TO "app"',
    });
    await postgres.query('GRANT SELECT, INSERT, UPDATE ON public.djsup_leader TO app');
    const store = await open(dsn, 'granted');
    expect(store.opening).toMatchObject({ kind: 'ready', warnings: [expect.stringContaining('fsync')] });
    await take(store);
    const view = await look(store);
    await postgres.query('REVOKE UPDATE ON public.djsup_leader FROM app');
    expect(await store.write(view.version, recordFor(view), soon())).toMatchObject({
      kind: 'failed',
      error: 'permission',
    });
    const elsewhere = await openLeaseStore(
      { ...settingsOf(dsn), schema: 'nowhere' } as LeaseSettings,
      await storeDeps(),
    );
    expect(await elsewhere.open(soon())).toMatchObject({ kind: 'failed', error: 'permission' });
  });

  test('a table that a crash would empty is refused', async () => {
    await postgres.query(
      `CREATE SCHEMA weak; CREATE UNLOGGED TABLE weak.djsup_leader (grp text PRIMARY KEY, record text)`,
    );
    const store = await openLeaseStore(
      { ...settingsOf(postgres.dsn()), schema: 'weak' } as LeaseSettings,
      await storeDeps(),
    );
    expect(await store.open(soon())).toMatchObject({ kind: 'failed', error: 'unsafe' });
    await store.close();
  });

  test('a server that is read-only by default is written to all the same', async () => {
    await postgres.query('ALTER ROLE djsup SET default_transaction_read_only = on');
    const store = await open(postgres.dsn(), 'read-only');
    await postgres.query('BEGIN READ WRITE; ALTER ROLE djsup RESET default_transaction_read_only; COMMIT');
    const record = await take(store);
    expect(held(await look(store))).toEqual(record);
  });

  test('TLS is verified where the address asks for it, and says what is missing', async () => {
    const { ca } = certificates;
    const ready = [
      `sslmode=verify-full&sslrootcert=${ca}`,
      `sslmode=verify-ca&sslrootcert=${ca}`,
      'sslmode=require',
      'sslmode=prefer',
      'sslmode=disable',
    ];
    for (const query of ready)
      expect((await open(`${postgres.dsn()}?${query}`)).opening).toMatchObject({ kind: 'ready' });
    const { opening } = await open(`${postgres.dsn()}?sslmode=verify-full`);
    expect(opening).toMatchObject({ kind: 'failed', error: 'unsafe' });
    expect(opening).toHaveProperty('message', expect.stringMatching(/certificate.*not trusted.*sslrootcert/));
    const wrongName = await open(
      `${postgres.dsn().replace('127.0.0.1', '127.0.0.2')}?sslmode=verify-full&sslrootcert=${ca}`,
    );
    expect(wrongName.opening).toMatchObject({ kind: 'failed', error: 'unsafe' });
  });

  test('a server without TLS is used without it only where the address allows that', async () => {
    const plain = await startPostgres();
    try {
      expect((await open(`${plain.dsn()}?sslmode=prefer`)).opening).toMatchObject({ kind: 'ready' });
      expect((await open(`${plain.dsn()}?sslmode=require`)).opening).toMatchObject({ kind: 'failed' });
    } finally {
      await plain.stop();
    }
  });

  test('a session that the server ends is told to those who watch', async () => {
    const store = await open(postgres.dsn(), 'ended');
    let hints = 0;
    store.watch({ seen: () => {}, hint: () => void (hints += 1) });
    await postgres.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'djsup leader'",
    );
    await until('it is told', () => hints > 0);
    expect((await store.read(soon())).kind).toBe('ok');
  });

  test('no message shows the password', async () => {
    await postgres.query("ALTER ROLE app PASSWORD 'pass-word'");
    for (const dsn of [
      postgres.dsn('nobody-at-all'),
      postgres.dsn('djsup', 1),
      'postgresql://djsup:pass-word@h:x/y',
      'postgresql://djsup:pass-word@/x?sslmode=odd',
    ]) {
      const { opening } = await open(dsn);
      expect(opening.kind).toBe('failed');
      expect(JSON.stringify(opening)).not.toContain('pass-word');
    }
  });
});
