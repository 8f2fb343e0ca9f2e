// The lease store on a real MariaDB, with rights, TLS, servers that are read-only and a node of Galera.
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLeaseStore } from '../../src/host/leases.ts';
import { bellName, bellPrefix } from '../../src/host/leases/mysql-doorbell.ts';
import type { LeaseStore, Opening } from '../../src/ports.ts';
import { held, leaseContract, look, recordFor, soon, take } from '../host/leases.contract.ts';
import { storeDeps } from '../host/machine.ts';
import { makeCertificates, opensslMissing } from '../support/engines/certificates.ts';
import type { Certificates } from '../support/engines/certificates.ts';
import { galeraMissing, galeraWords, mariadbMissing, startMariadb } from '../support/engines/mariadb.ts';
import type { Mariadb } from '../support/engines/mariadb.ts';
import { until } from '../support/rig.ts';

const definition =
  'CREATE TABLE IF NOT EXISTS app.djsup_leader (grp VARBINARY(255) PRIMARY KEY, record VARBINARY(16385) NOT NULL) ENGINE=InnoDB';

leaseContract('mysql', mariadbMissing(), async () => {
  const mariadb = await startMariadb();
  return {
    settings: (name, port) => ({ kind: 'mysql', name, dsn: mariadb.dsn('djsup', port) }),
    port: mariadb.port,
    // It asks for its bell.
    before: 1,
    async put(name, text) {
      await mariadb.query(definition);
      if (text === undefined) await mariadb.query('DELETE FROM app.djsup_leader WHERE grp = ?', [name]);
      else await mariadb.query('REPLACE INTO app.djsup_leader VALUES (?, ?)', [name, text]);
    },
    restart: () => mariadb.restart(),
    async waiters(name) {
      const waits = `GET_LOCK('${bellPrefix('app', name)}`;
      const rows = await mariadb.query('SHOW FULL PROCESSLIST');
      return rows.filter(({ Info }) => String(Info).includes(waits)).map(({ Id }) => Id);
    },
    stop: () => mariadb.stop(),
  };
});

const why = mariadbMissing() ?? opensslMissing();

async function open(dsn: string, name = 'own'): Promise<LeaseStore & { opening: Opening }> {
  const store = await openLeaseStore({ kind: 'mysql', name, dsn }, await storeDeps());
  stores.push(store);
  return { ...store, opening: await store.open(soon()) };
}

const stores: LeaseStore[] = [];
afterAll(async () => {
  for (const store of stores) await store.close();
});

describe.skipIf(why !== undefined)(`on a real engine${why === undefined ? '' : `, left out: ${why}`}`, () => {
  let mariadb: Mariadb;
  let certificates: Certificates;
  beforeAll(async () => {
    certificates = makeCertificates();
    mariadb = await startMariadb([
      '--bind-address=0.0.0.0',
      `--ssl-cert=${certificates.cert}`,
      `--ssl-key=${certificates.key}`,
    ]);
    await mariadb.query(
      `CREATE USER app@'%' IDENTIFIED BY 'pass-word'; CREATE USER reader@'%' IDENTIFIED BY 'pass-word'; GRANT USAGE ON app.* TO app@'%'; GRANT SELECT ON app.* TO reader@'%'`,
    );
  });
  afterAll(async () => {
    for (const store of stores.splice(0)) await store.close();
    await mariadb?.stop();
    certificates?.remove();
  });

  test('a user without rights is told which ones, and works with them', async () => {
    const created = await open(mariadb.dsn('reader'));
    expect(created.opening).toMatchObject({ kind: 'failed', error: 'permission' });
    expect(created.opening).toHaveProperty('message', expect.stringMatching(/GRANT CREATE.*CREATE TABLE/));
    await mariadb.query(definition);
    expect((await open(mariadb.dsn('reader'))).opening).toMatchObject({
      kind: 'failed',
      error: 'permission',
    });
    await mariadb.query("GRANT SELECT, INSERT, UPDATE ON app.djsup_leader TO app@'%'");
    const store = await open(mariadb.dsn('app'), 'granted');
    expect(store.opening).toMatchObject({ kind: 'ready', warnings: [] });
    await take(store);
    const view = await look(store);
    await mariadb.query("REVOKE UPDATE ON app.djsup_leader FROM app@'%'");
    expect(await store.write(view.version, recordFor(view), soon())).toMatchObject({
      kind: 'failed',
      error: 'permission',
    });
  });

  test('a session that hangs with the bell of a past term keeps nobody from hearing the next release', async () => {
    const leader = await open(mariadb.dsn('djsup'), 'bells');
    const follower = await open(mariadb.dsn('djsup'), 'bells');
    const past = await take(leader);
    const bell = bellName(bellPrefix('app', 'bells'), past.term);
    const hung = await createConnection(mariadb.dsn('djsup'));
    const hearing = hung.query('SELECT GET_LOCK(?, 10)', [bell]);
    const listens = async (): Promise<boolean> =>
      (await mariadb.query('SHOW FULL PROCESSLIST')).some(({ Info }) => String(Info).includes(bell));
    await until('it waits', listens);
    await take(leader);
    await hearing;
    await look(follower);
    const seen: unknown[] = [];
    follower.watch({ seen: (view) => void seen.push(held(view)?.state), hint: () => {} });
    const waits = async (): Promise<boolean> =>
      (await mariadb.query('SHOW FULL PROCESSLIST')).some(({ Info }) =>
        String(Info).includes("GET_LOCK('djsup-"),
      );
    await until('the follower waits', waits);
    await take(leader, { state: 'released', epoch: held(await look(leader))?.epoch ?? 0 });
    await until('the follower sees something', () => seen.length > 0, 2000);
    expect(seen).toEqual(['released']);
    hung.destroy();
  });

  test('a server that is read-only is refused', async () => {
    await mariadb.query('SET GLOBAL read_only = ON');
    const { opening } = await open(mariadb.dsn());
    await mariadb.query('SET GLOBAL read_only = OFF');
    expect(opening).toMatchObject({ kind: 'failed', error: 'unsafe' });
    expect(opening).toHaveProperty('message', expect.stringContaining('give the address of the primary'));
  });

  test('a replica that takes writes is refused while it replicates', async () => {
    const primary = await startMariadb(['--log-bin', '--server-id=1']);
    const replica = await startMariadb(['--server-id=2']);
    const plain = "CREATE USER plain@'%' IDENTIFIED BY 'pass-word'; GRANT ALL ON app.* TO plain@'%'";
    const follow = `MASTER_HOST = '127.0.0.1', MASTER_PORT = ${primary.port}, MASTER_USER = 'copier', MASTER_PASSWORD = 'pass-word'`;
    const running = async (): Promise<unknown> =>
      (await replica.query("SHOW GLOBAL STATUS LIKE 'Slave_running'"))[0]?.['Value'];
    try {
      await primary.query("GRANT REPLICATION SLAVE ON *.* TO copier@'%' IDENTIFIED BY 'pass-word'");
      await replica.query(plain);
      expect((await open(replica.dsn('plain'))).opening).toMatchObject({ kind: 'ready' });
      const [end] = await primary.query('SHOW MASTER STATUS');
      await replica.query(
        `CHANGE MASTER TO ${follow}, MASTER_LOG_FILE = '${String(end?.['File'])}', MASTER_LOG_POS = ${String(end?.['Position'])}; START SLAVE`,
      );
      await until('it replicates', async () => (await running()) === 'ON');
      const refused = {
        kind: 'failed',
        error: 'unsafe',
        message: expect.stringContaining(
          'it replicates from another server, and may be behind: give the address of the primary',
        ),
      };
      expect((await open(replica.dsn('plain'))).opening).toMatchObject(refused);
      // It waits for its primary to come back, and is no primary itself.
      await primary.stop();
      await until('it has lost its primary', async () => (await running()) === 'OFF');
      expect((await open(replica.dsn('plain'))).opening).toMatchObject(refused);
      await replica.query('STOP SLAVE');
      expect((await open(replica.dsn('plain'))).opening).toMatchObject({ kind: 'ready' });
    } finally {
      await replica.stop();
      await primary.stop();
    }
  }, 60_000);

  test('a table without transactions is refused', async () => {
    await mariadb.query(
      'CREATE DATABASE weak; CREATE TABLE weak.djsup_leader (grp VARBINARY(255) PRIMARY KEY, record BLOB) ENGINE=MyISAM',
    );
    await mariadb.query("GRANT ALL ON weak.* TO djsup@'%'");
    expect((await open(mariadb.dsn().replace('/app', '/weak'))).opening).toMatchObject({
      kind: 'failed',
      error: 'unsafe',
    });
  });

  test('TLS is verified where the address asks for it, and says what is missing', async () => {
    const { ca } = certificates;
    const ready = [
      `ssl-mode=VERIFY_IDENTITY&ssl-ca=${ca}`,
      `ssl_mode=VERIFY_CA&ssl_ca=${ca}`,
      'ssl-mode=REQUIRED',
      'ssl-mode=PREFERRED',
      'ssl-mode=DISABLED',
    ];
    for (const query of ready)
      expect((await open(`${mariadb.dsn()}?${query}`)).opening).toMatchObject({ kind: 'ready' });
    const { opening } = await open(`${mariadb.dsn()}?ssl-mode=VERIFY_IDENTITY`);
    expect(opening).toMatchObject({ kind: 'failed', error: 'unsafe' });
    expect(opening).toHaveProperty('message', expect.stringContaining('ssl-ca'));
    const wrong = await open(
      `${mariadb.dsn().replace('127.0.0.1', '127.0.0.2')}?ssl-mode=VERIFY_IDENTITY&ssl-ca=${ca}`,
    );
    expect(wrong.opening).toMatchObject({ kind: 'failed', error: 'unsafe' });
    await mariadb.query(
      "CREATE USER secure@'%' IDENTIFIED BY 'pass-word' REQUIRE SSL; GRANT ALL ON app.* TO secure@'%'",
    );
    expect((await open(mariadb.dsn('secure'))).opening).toMatchObject({
      kind: 'failed',
      error: 'permission',
    });
    expect((await open(`${mariadb.dsn('secure')}?ssl-mode=REQUIRED`)).opening).toMatchObject({
      kind: 'ready',
    });
  });

  test('a server without TLS is used without it only where the address allows that', async () => {
    const plain = await startMariadb(['--skip-ssl']);
    try {
      expect((await open(`${plain.dsn()}?ssl-mode=PREFERRED`)).opening).toMatchObject({ kind: 'ready' });
      expect((await open(`${plain.dsn()}?ssl-mode=REQUIRED`)).opening).toMatchObject({ kind: 'failed' });
    } finally {
      await plain.stop();
    }
  });

  test('a session that the server ends is told to those who watch', async () => {
    const store = await open(mariadb.dsn(), 'ended');
    let hints = 0;
    store.watch({ seen: () => {}, hint: () => void (hints += 1) });
    await mariadb.query("KILL USER djsup@'%'");
    await until('it is told', () => hints > 0);
    // The second connection may be ended after the first has come back.
    await until('it works again', async () => (await store.read(soon())).kind === 'ok');
    expect(hints).toBeGreaterThan(0);
  });

  test('no message shows the password', async () => {
    const dsns = [
      mariadb.dsn('nobody-at-all'),
      mariadb.dsn('djsup', 1),
      'mysql://djsup:pass-word@h:x/y',
      'mysql://djsup:pass-word@h',
      `${mariadb.dsn()}?ssl-mode=odd`,
    ];
    for (const dsn of dsns) {
      const { opening } = await open(dsn);
      expect(opening.kind).toBe('failed');
      expect(JSON.stringify(opening)).not.toContain('pass-word');
    }
  });
});

const whyNoGalera = why ?? galeraMissing();

describe.skipIf(whyNoGalera !== undefined)(
  `on a real engine${whyNoGalera === undefined ? '' : `, left out: ${whyNoGalera}`}`,
  () => {
    test('a node in its cluster is used without the doorbell, one that is cut off is refused', async () => {
      const node = await startMariadb(await galeraWords());
      try {
        const store = await open(node.dsn(), 'galera');
        expect(store.opening).toMatchObject({ kind: 'ready', warnings: [expect.stringContaining('Galera')] });
        await take(store);
        await node.query("SET GLOBAL wsrep_cluster_address = 'gcomm://127.0.0.1:9'").catch(() => {});
        const cut = await open(node.dsn(), 'galera');
        expect(cut.opening).toMatchObject({ kind: 'failed' });
      } finally {
        await node.stop();
      }
    }, 60_000);
  },
);
