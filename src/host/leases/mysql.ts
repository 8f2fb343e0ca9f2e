// MySQL and MariaDB: one row for each election, changed by statements that name the text they replace; a named lock that
// rings when it is let go.
// Laws: the row alone says who leads, the lock is a doorbell; never on a read-only server, nor on a Galera node outside the
// primary component or without a promise of fresh reads, nor in a table that a crash empties.
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2';
import { parseDsn, placeOf, sqlTls } from '../../core/leader/dsn.ts';
import type { MysqlLease } from '../../core/leader/settings.ts';
import type { Result } from '../../core/result.ts';
import type { LeaseStore } from '../../ports.ts';
import { errorCode } from '../errno.ts';
import { doorbellName, ringOnRelease } from './mysql-doorbell.ts';
import { dialMysql, inquire } from './mysql-connection.ts';
import type { MysqlConnection } from './mysql-connection.ts';
import { LONGEST_TEXT, createLeaseStore, createRefusedStore } from './store.ts';
import type { Bell, Refusal, Sample, Session, Swap } from './store.ts';
import { isDistrust, tlsWarnings } from './tls.ts';

const port = 3306;
/** How often the doorbell is asked for again where somebody has it, and after which pause, ms. */
const doorbellTries = 10;
const doorbellPause = 20;
/** Room for the longest text in UTF-8, and one more, bytes. */
const SIZE = 4 * LONGEST_TEXT + 1;
const remedy = 'add ssl-mode=VERIFY_IDENTITY to its address, and ssl-ca where its authority is your own';
const definition = `CREATE TABLE IF NOT EXISTS djsup_leader (grp VARBINARY(255) PRIMARY KEY, record VARBINARY(${SIZE}) NOT NULL) ENGINE=InnoDB`;

export function openMysql(settings: MysqlLease): LeaseStore {
  const parsed = parseDsn('MySQL', settings.dsn);
  if (!parsed.ok) return createRefusedStore('MySQL', parsed.failure);
  const dsn = parsed.value;
  const asked = sqlTls('MySQL', dsn);
  if (!asked.ok) return createRefusedStore('MySQL', asked.failure);
  const tls = asked.value;
  const { database } = dsn;
  if (database === undefined)
    return createRefusedStore('MySQL', 'cannot use the address of MySQL: it names no database');
  const place = `MySQL at ${placeOf(dsn, port)}, database "${database}", table "djsup_leader"`;
  const group = Buffer.from(settings.name);
  const doorbell = doorbellName(database, settings.name);

  async function connect(bell: Bell, signal: AbortSignal): Promise<Result<Session, Refusal>> {
    const dial = (late: AbortSignal): Promise<MysqlConnection> =>
      dialMysql(dsn, tls, database ?? '', late, bell.lost);
    const connection = await dial(signal);
    try {
      const facts = await inquire(connection);
      const reason = unsafeReason(facts);
      if (reason !== undefined) {
        connection.close();
        return { ok: false, failure: unsafe(place, reason) };
      }
      const isGalera = facts['wsrep_on'] === 'ON';
      await connection.query('SET SESSION autocommit = 1');
      await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
      // Without it a node of Galera may show rows that others have changed already.
      if (isGalera) await connection.query('SET SESSION wsrep_sync_wait = 7');
      const refusal = await prepareTable(connection, place);
      if (refusal !== undefined) {
        connection.close();
        return { ok: false, failure: refusal };
      }
      const warnings = [
        ...tlsWarnings(tls, dsn.host, connection.isEncrypted, remedy),
        ...(facts['innodb_flush_log_at_trx_commit'] === '1'
          ? []
          : ['"innodb_flush_log_at_trx_commit" is not 1: after a crash it may have forgotten who leads']),
        ...(isGalera ? ['named locks are of one Galera node alone: changes are only seen by asking'] : []),
      ];
      const waiting = isGalera ? undefined : ringOnRelease(dial, doorbell, bell);
      return { ok: true, value: sessionOn(connection, lifeOf(facts), waiting, warnings) };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  function sessionOn(
    connection: MysqlConnection,
    incarnation: string,
    waiting: ReturnType<typeof ringOnRelease> | undefined,
    warnings: readonly string[],
  ): Session {
    /** We hold the doorbell, so that others hear when we let go; or would. */
    let isHolding = false;
    let isWanted = false;
    let taking: Promise<void> | undefined;

    async function read(): Promise<Sample> {
      const [row] = await connection.query<RowDataPacket & { text: Buffer | null; now: string }>(
        `SELECT (SELECT record FROM djsup_leader WHERE grp = ?) AS text, FLOOR(UNIX_TIMESTAMP(NOW(3)) * 1000) AS now`,
        [group],
      );
      return { text: row?.text?.toString('utf8'), incarnation, counter: Number(row?.now ?? 0) };
    }

    async function swap(expect: string | undefined, text: string, isHeld: boolean): Promise<Swap> {
      const changed =
        expect === undefined
          ? await connection.change('INSERT IGNORE INTO djsup_leader (grp, record) VALUES (?, ?)', [
              group,
              Buffer.from(text),
            ])
          : await connection.change('UPDATE djsup_leader SET record = ? WHERE grp = ? AND record = ?', [
              Buffer.from(text),
              group,
              Buffer.from(expect),
            ]);
      if (changed === 0) return { ...(await read()), swapped: false };
      if (waiting === undefined) return { text, incarnation, counter: 0, swapped: true };
      isWanted = isHeld;
      if (isHeld !== isHolding) await (isHeld ? take() : letGo());
      if (isWanted && !isHolding) void takeSoon().catch(() => {});
      return { text, incarnation, counter: 0, swapped: true };
    }

    /** One question at a time: who has the lock and asks again would have to let it go twice. */
    function take(): Promise<void> {
      taking ??= ask().finally(() => (taking = undefined));
      return taking;
    }

    async function ask(): Promise<void> {
      const [row] = await connection.query<RowDataPacket & { got: number | null }>(
        'SELECT GET_LOCK(?, 0) AS got',
        [doorbell],
      );
      isHolding = row?.got === 1;
      // We have let go meanwhile.
      if (isHolding && !isWanted) await letGo();
    }

    async function letGo(): Promise<void> {
      isHolding = false;
      await connection.query('SELECT RELEASE_LOCK(?)', [doorbell]);
    }

    /** Each of those who waited has it for a moment. */
    async function takeSoon(tries = doorbellTries): Promise<void> {
      await sleep(doorbellPause);
      if (tries === 0 || !isWanted || isHolding) return;
      await take();
      await takeSoon(tries - 1);
    }

    return {
      warnings,
      read,
      swap: (expect, text, { state }) => swap(expect, text, state === 'held'),
      close() {
        isWanted = false;
        waiting?.end();
        connection.close();
      },
    };
  }

  return createLeaseStore({
    place,
    secrets: [dsn.password],
    connect,
    refusal: (error) => refusalOf(error, place),
  });
}

type Facts = Readonly<Record<string, string>>;

function unsafeReason(facts: Facts): string | undefined {
  if (facts['read_only'] !== undefined && facts['read_only'] !== 'OFF')
    return 'it is read-only, as a replica is, and may be behind: give the address of the primary';
  if (facts['innodb_read_only'] === 'ON' || facts['super_read_only'] === 'ON')
    return 'it is read-only, as a replica is, and may be behind: give the address of the primary';
  if (facts['wsrep_on'] !== 'ON') return undefined;
  if (facts['wsrep_cluster_status'] !== 'Primary' || facts['wsrep_ready'] !== 'ON')
    return 'this Galera node is cut off from its cluster: give the address of one that is part of it';
  if (facts['wsrep_sync_wait'] === undefined)
    return 'this Galera node cannot promise fresh reads (wsrep_sync_wait): use a newer one, or another backend';
  return undefined;
}

/** Of the server whose data it is; after a failover it is another one. */
function lifeOf(facts: Facts): string {
  const cluster = facts['wsrep_on'] === 'ON' ? facts['wsrep_cluster_state_uuid'] : undefined;
  if (cluster !== undefined) return cluster;
  const { hostname = '', port: own = '', datadir = '', server_id = '' } = facts;
  return facts['server_uuid'] ?? facts['server_uid'] ?? `${hostname}:${own}${datadir}#${server_id}`;
}

async function prepareTable(connection: MysqlConnection, place: string): Promise<Refusal | undefined> {
  const grant = 'GRANT SELECT, INSERT, UPDATE ON djsup_leader TO this user';
  const engine = await engineOf(connection);
  if (engine === undefined) {
    try {
      await connection.query(definition);
    } catch (error) {
      if (!isDenied(error)) throw error;
      const message = `cannot create the table "djsup_leader" for ${place}: GRANT CREATE, or let its owner run: ${definition}; ${grant}`;
      return { error: 'permission', message };
    }
  } else if (engine !== 'InnoDB')
    return unsafe(
      place,
      `the table is of engine ${engine}, which keeps no transactions: drop it, djsup makes it anew`,
    );
  // Changes nothing, and tells at once whether changing is allowed.
  await connection.query('SELECT record FROM djsup_leader WHERE 1 = 0');
  await connection.change("UPDATE djsup_leader SET record = '' WHERE 1 = 0", []);
  await connection.change(
    "INSERT INTO djsup_leader (grp, record) SELECT '', '' FROM djsup_leader WHERE 1 = 0",
    [],
  );
  return undefined;
}

async function engineOf(connection: MysqlConnection): Promise<string | undefined> {
  const [row] = await connection.query<RowDataPacket & { engine: string }>(
    "SELECT ENGINE AS engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'djsup_leader'",
  );
  return row?.engine;
}

function isDenied(error: unknown): boolean {
  return /^ER_(?:TABLEACCESS|DBACCESS|ACCESS|COLUMNACCESS|SPECIFIC_ACCESS)_?DENIED/.test(
    errorCode(error) ?? '',
  );
}

function refusalOf(error: unknown, place: string): Refusal | undefined {
  const text = error instanceof Error ? error.message : '';
  if (isDistrust(error))
    return unsafe(
      place,
      `its certificate is not trusted (${text}): ${remedy}, or set ssl-mode=REQUIRED to do without`,
    );
  const code = errorCode(error) ?? '';
  if (/READ_ONLY|ER_OPTION_PREVENTS_STATEMENT/.test(code))
    return unsafe(place, 'it is read-only: give the address of the primary');
  if (code === 'ER_BAD_DB_ERROR') return { error: 'permission', message: `cannot use ${place}: ${text}` };
  if (code === 'ER_ACCESS_DENIED_ERROR' || code === 'ER_DBACCESS_DENIED_ERROR')
    return { error: 'permission', message: `cannot log in at ${place}: ${text}` };
  if (isDenied(error))
    return {
      error: 'permission',
      message: `cannot use ${place}: ${text}; GRANT SELECT, INSERT, UPDATE on it to this user`,
    };
  return undefined;
}

function unsafe(place: string, reason: string): Refusal {
  return { error: 'unsafe', message: `cannot elect a leader at ${place}: ${reason}` };
}
