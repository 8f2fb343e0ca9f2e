// MySQL and MariaDB: one row for each election, changed by statements that name the text they replace; named locks that
// ring when they are let go.
// Laws: the row alone says who leads, the lock is a doorbell; never on a read-only server or one that replicates from another,
// nor on a Galera node outside the primary component or without a promise of fresh reads, nor in a table that a crash empties.
import type { RowDataPacket } from 'mysql2';
import { parseDsn, placeOf, sqlTls } from '../../core/leader/dsn.ts';
import { decodeRecord } from '../../core/leader/record.ts';
import type { LeaderRecord } from '../../core/leader/record.ts';
import type { MysqlLease } from '../../core/leader/settings.ts';
import type { Result } from '../../core/result.ts';
import type { LeaseStore } from '../../ports.ts';
import { errorCode } from '../errno.ts';
import { bellName, bellPrefix, createHeldBell, waitForBell } from './mysql-doorbell.ts';
import { dialMysql, inquire } from './mysql-connection.ts';
import type { MysqlConnection } from './mysql-connection.ts';
import { LONGEST_TEXT, createLeaseStore, createRefusedStore } from './store.ts';
import type { Bell, Refusal, Sample, Session, Swap } from './store.ts';
import { isDistrust, tlsWarnings } from './tls.ts';

const port = 3306;
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
  const place = `MySQL at ${placeOf(dsn, port)}, database "${database}", table "djsup_leader", row "${settings.name}"`;
  const group = Buffer.from(settings.name);
  const bells = bellPrefix(database, settings.name);

  async function connect(bell: Bell, signal: AbortSignal): Promise<Result<Session, Refusal>> {
    const dial = (late: AbortSignal, lost: () => void): Promise<MysqlConnection> =>
      dialMysql(dsn, tls, database ?? '', late, lost);
    const connection = await dial(signal, bell.lost);
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
          : [
              '"innodb_flush_log_at_trx_commit" is not 1: after a crash of its machine it may have forgotten who leads',
            ]),
        ...(isGalera ? ['named locks are of one Galera node alone: changes are only seen by asking'] : []),
      ];
      const session = sessionOn(
        connection,
        lifeOf(facts),
        isGalera ? undefined : (late) => dial(late, () => {}),
        bell,
      );
      return { ok: true, value: { ...session, warnings } };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** `dial`: for the connection that waits for the doorbell; undefined: there is none. */
  function sessionOn(
    connection: MysqlConnection,
    incarnation: string,
    dial: ((signal: AbortSignal) => Promise<MysqlConnection>) | undefined,
    bell: Bell,
  ): Omit<Session, 'warnings'> {
    const held = createHeldBell(connection);
    /** What stood there when this session saw it last. */
    let latest: string | undefined;
    const waiting = dial && waitForBell(dial, bellOfOther, rung);

    async function read({ query }: MysqlConnection): Promise<Sample> {
      const [row] = await query<RowDataPacket & { text: Buffer | null; now: string }>(
        `SELECT (SELECT record FROM djsup_leader WHERE grp = ?) AS text, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000 AS now`,
        [group],
      );
      latest = row?.text?.toString('utf8');
      return { text: latest, incarnation, counter: Number(row?.now ?? 0) };
    }

    async function replace(expect: string | undefined, text: string): Promise<boolean> {
      const bytes = Buffer.from(text);
      const changed =
        expect === undefined
          ? await connection.change('INSERT IGNORE INTO djsup_leader (grp, record) VALUES (?, ?)', [
              group,
              bytes,
            ])
          : await connection.change('UPDATE djsup_leader SET record = ? WHERE grp = ? AND record = ?', [
              bytes,
              group,
              Buffer.from(expect),
            ]);
      if (changed > 0) latest = text;
      return changed > 0;
    }

    async function swap(
      expect: string | undefined,
      text: string,
      { state, term }: LeaderRecord,
    ): Promise<Swap> {
      const own = waiting !== undefined && state === 'held' ? bellName(bells, term) : undefined;
      if (!(await held.hold(own, () => replace(expect, text))))
        return { ...(await read(connection)), swapped: false };
      // Where the record was missing, others may have come and gone meanwhile.
      const { counter } = expect === undefined ? await read(connection) : { counter: 0 };
      latest = text;
      return { text, incarnation, counter, swapped: true };
    }

    /** Whose release others have to hear of: the one that leads by what was seen last. */
    function bellOfOther(): string | undefined {
      const found = decodeRecord(latest ?? '');
      if (found.kind !== 'record' || found.record.state !== 'held') return undefined;
      const name = bellName(bells, found.record.term);
      return held.holds(name) ? undefined : name;
    }

    /** False where its holder is gone, and has released nothing. */
    async function rung(waiter: MysqlConnection): Promise<boolean> {
      const before = latest;
      const sample = await read(waiter);
      if (sample.text !== before) bell.changed(sample);
      return sample.text !== before;
    }

    return {
      read: () => read(connection),
      swap,
      close() {
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
  if (isReplica(facts))
    return 'it replicates from another server, and may be behind: give the address of the primary';
  if (facts['innodb_flush_log_at_trx_commit'] === '0')
    return 'its crash takes back what it has confirmed (innodb_flush_log_at_trx_commit = 0), unseen by others: set it to 1, or use another backend';
  if (facts['wsrep_on'] !== 'ON') return undefined;
  if (facts['wsrep_cluster_status'] !== 'Primary' || facts['wsrep_ready'] !== 'ON')
    return 'this Galera node is cut off from its cluster: give the address of one that is part of it';
  if (facts['wsrep_sync_wait'] === undefined)
    return 'this Galera node cannot promise fresh reads (wsrep_sync_wait): use a newer one, or another backend';
  return undefined;
}

/** As far as it is known: a replica that is stopped, and MySQL towards most users, tell nothing. */
function isReplica(facts: Facts): boolean {
  return (
    facts['slave_running'] === 'ON' ||
    (facts['slaves_running'] ?? '0') !== '0' ||
    facts['replica_sql_running'] === 'Yes'
  );
}

/** Of the server whose data it is; after a failover it is another one. */
function lifeOf(facts: Facts): string {
  const cluster = facts['wsrep_on'] === 'ON' ? facts['wsrep_cluster_state_uuid'] : undefined;
  if (cluster !== undefined) return cluster;
  const { hostname = '', port: own = '', datadir = '', server_id = '' } = facts;
  // MariaDB has none; its "server_uid" is made of the network card's address, which containers on two hosts may share.
  return facts['server_uuid'] ?? `${facts['server_uid'] ?? ''}${hostname}:${own}${datadir}#${server_id}`;
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
