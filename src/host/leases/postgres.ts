// PostgreSQL: one row for each election, in a logged table, changed by statements that name the text they replace.
// Laws: never on a replica, never through a transaction pooler, whose sessions are nobody's; never with asynchronous commits.
import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { parseDsn, placeOf, sqlTls } from '../../core/leader/dsn.ts';
import type { PostgresLease } from '../../core/leader/settings.ts';
import type { LeaseStore } from '../../ports.ts';
import { errorCode } from '../errno.ts';
import { dialPostgres } from './postgres-connection.ts';
import { prepareTable, quoted } from './postgres-table.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { LONGEST_TEXT, createLeaseStore, createRefusedStore } from './store.ts';
import type { Bell, Refusal, Sample, Session, Swap } from './store.ts';
import type { Result } from '../../core/result.ts';
import { isDistrust, tlsWarnings } from './tls.ts';

const port = 5432;
/** A longer payload is not sent with NOTIFY, bytes. */
const LONGEST_PAYLOAD = 7900;
/** Timelines are this far apart as counters: a promoted replica may have lost transactions. */
const timelineStep = 2 ** 36;
/** How often the server's process is asked for, to see whether it changes behind a pooler. */
const poolerRounds = 5;
const remedy = 'add sslmode=verify-full to its address, and sslrootcert where its authority is your own';

export function openPostgres(settings: PostgresLease): LeaseStore {
  const parsed = parseDsn('PostgreSQL', settings.dsn);
  if (!parsed.ok) return createRefusedStore('PostgreSQL', parsed.failure);
  const dsn = parsed.value;
  const asked = sqlTls('PostgreSQL', dsn);
  if (!asked.ok) return createRefusedStore('PostgreSQL', asked.failure);
  const tls = asked.value;
  const database = dsn.database ?? dsn.user ?? 'postgres';
  const place = `PostgreSQL at ${placeOf(dsn, port)}, database "${database}", table "${settings.schema}.djsup_leader", row "${settings.name}"`;
  const table = `${quoted(settings.schema)}.djsup_leader`;
  const channel = `djsup_${createHash('sha1').update(`${settings.schema}\0${settings.name}`).digest('hex')}`;

  async function connect(bell: Bell, signal: AbortSignal): Promise<Result<Session, Refusal>> {
    const dial = (): Promise<PostgresConnection> => dialPostgres(dsn, tls, database, signal, bell.lost);
    const connection = await dial();
    const end = (refusal: Refusal): Result<never, Refusal> => {
      connection.close();
      return { ok: false, failure: refusal };
    };
    try {
      const { client } = connection;
      const { rows } = await client.query<{ replica: boolean }>('SELECT pg_is_in_recovery() AS replica');
      if (rows[0]?.replica === true)
        return end(unsafe(`"${place}" is a replica, which may be behind: give the address of the primary`));
      const pooler = await findPooler(connection, dial);
      if (pooler === 'transaction')
        return end(
          unsafe(
            `"${place}" is reached through a pooler that lends connections for a transaction (PgBouncer's pool_mode=transaction or statement): give the address of PostgreSQL itself, or of a pool with pool_mode=session`,
          ),
        );
      await client.query(sessionSettings);
      const refusal = await prepareTable(client, settings.schema, table, dsn.user ?? 'djsup');
      if (refusal !== undefined) return end(refusal);
      const life = await lifeOf(client);
      if (settings.listen) {
        client.on('notification', ({ payload = '' }) =>
          bell.changed(
            payload === '' ? undefined : { text: payload, incarnation: life.incarnation, counter: 0 },
          ),
        );
        await client.query(`LISTEN ${channel}`);
      }
      const warnings = [
        ...tlsWarnings(tls, dsn.host, connection.isEncrypted, remedy),
        ...(pooler === 'session'
          ? ['there is a pooler before PostgreSQL: its address of its own is safer']
          : []),
        ...life.warnings,
      ];
      return { ok: true, value: sessionOn(connection, life, warnings) };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  function sessionOn(
    { client, close }: PostgresConnection,
    life: Life,
    warnings: readonly string[],
  ): Session {
    const inTurn = createTurn();

    function counterIn(row: Counters | undefined): number {
      // An election that has come from another engine brings epochs that are as great as clocks.
      return Math.max(life.counterBase + Number(row?.counter ?? 0), Number(row?.now ?? 0));
    }

    async function read(): Promise<Sample> {
      const { rows } = await client.query<Counters & { record: string | null }>(
        `SELECT (SELECT left(record, ${LONGEST_TEXT + 1}) FROM ${table} WHERE grp = $1) AS record, ${countersSql}`,
        [settings.name],
      );
      const [row] = rows;
      return { text: row?.record ?? undefined, incarnation: life.incarnation, counter: counterIn(row) };
    }

    async function swap(expect: string | undefined, text: string): Promise<Swap> {
      const payload = Buffer.byteLength(text) > LONGEST_PAYLOAD ? '' : text;
      // The rows of the change are those of the notification, so that both happen or none.
      const change =
        expect === undefined
          ? `INSERT INTO ${table} (grp, record) VALUES ($1, $2) ON CONFLICT (grp) DO NOTHING RETURNING 1`
          : `UPDATE ${table} SET record = $2 WHERE grp = $1 AND left(record, ${LONGEST_TEXT + 1}) = $5 RETURNING 1`;
      const { rows } = await client.query<Counters>(
        `WITH change AS (${change}) SELECT pg_notify($3, $4), ${countersSql} FROM change`,
        [settings.name, text, channel, payload, ...(expect === undefined ? [] : [expect])],
      );
      const [row] = rows;
      if (row !== undefined)
        return { swapped: true, text, incarnation: life.incarnation, counter: counterIn(row) };
      return { swapped: false, ...(await read()) };
    }

    return {
      warnings,
      read: () => inTurn(read),
      swap: (expect, text) => inTurn(() => swap(expect, text)),
      close,
    };
  }

  return createLeaseStore({
    place,
    secrets: [dsn.password],
    connect,
    refusal: (error) => refusalOf(error, place),
  });
}

/** The last one exists from PostgreSQL 14 on. */
const sessionSettings = `
  SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
  SET synchronous_commit = on;
  SET statement_timeout = '10s';
  SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'`;
/** One call after the other: a connection has one answer under way at a time. */
function createTurn(): <T>(call: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (call) => {
    const next = last.then(call, call);
    last = next;
    return next;
  };
}

const countersSql =
  'txid_snapshot_xmax(txid_current_snapshot())::text AS counter, floor(extract(epoch FROM clock_timestamp()) * 1000)::text AS now';

interface Counters {
  readonly counter: string;
  readonly now: string;
}

/**
 * A pooler invents the key that it greets with. One that lends connections for a transaction gives two clients the same
 * process of the server, or one client several.
 */
async function findPooler(
  { client, greetedBy }: PostgresConnection,
  dial: () => Promise<PostgresConnection>,
): Promise<'none' | 'session' | 'transaction'> {
  if ((await processOf(client)) === greetedBy) return 'none';
  const second = await dial();
  try {
    const ours = new Set<number>();
    const theirs = new Set<number>();
    for (let round = 0; round < poolerRounds; round += 1) {
      ours.add(await processOf(client));
      theirs.add(await processOf(second.client));
    }
    const isLent = ours.size > 1 || theirs.size > 1 || ours.intersection(theirs).size > 0;
    return isLent ? 'transaction' : 'session';
  } finally {
    second.close();
  }
}

async function processOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}

interface Life {
  readonly incarnation: string;
  readonly counterBase: number;
  readonly warnings: readonly string[];
}

/** Another timeline is another life: a replica that was promoted, or a restore to a point in time. */
async function lifeOf(client: Client): Promise<Life> {
  const sql = `SELECT (SELECT system_identifier FROM pg_control_system())::text AS system, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline, current_setting('fsync') AS fsync`;
  try {
    const { rows } = await client.query<{ system: string; timeline: string; fsync: string }>(sql);
    const { system = '', timeline = '', fsync } = rows[0] ?? {};
    const number = Number.parseInt(timeline, 16);
    const warnings =
      fsync === 'off' ? ['"fsync" is off: after a crash PostgreSQL may have forgotten who leads'] : [];
    return { incarnation: `${system}/${number}`, counterBase: (number - 1) * timelineStep, warnings };
  } catch (error) {
    // Services that only speak PostgreSQL's protocol have no log of that kind: each start of the server is another life.
    if (errorCode(error) === undefined || errorCode(error) === '57P01') throw error;
    const { rows } = await client.query<{ start: string }>(
      'SELECT extract(epoch FROM pg_postmaster_start_time())::text AS start',
    );
    return { incarnation: `started ${rows[0]?.start}`, counterBase: 0, warnings: [] };
  }
}

function refusalOf(error: unknown, place: string): Refusal | undefined {
  const text = error instanceof Error ? error.message : '';
  if (isDistrust(error))
    return unsafe(
      `the certificate of ${place} is not trusted (${text}): ${remedy}, or set sslmode=require to do without`,
    );
  switch (errorCode(error) ?? '') {
    case '28000':
    case '28P01':
    case '3D000':
      return { error: 'permission', message: `cannot log in at ${place}: ${text}` };
    case '42501':
      return { error: 'permission', message: `cannot use ${place}: ${text}` };
    case '25006':
      return unsafe(`${place} is read-only: give the address of the primary`);
    default:
      return undefined;
  }
}

function unsafe(message: string): Refusal {
  return {
    error: 'unsafe',
    message: message.startsWith('cannot') ? message : `cannot elect a leader there: ${message}`,
  };
}
