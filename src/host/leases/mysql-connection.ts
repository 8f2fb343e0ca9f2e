// One connection to MySQL or MariaDB of our own, with TLS as its address asks for it.
import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { createConnection } from 'mysql2';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2';
import type { Dsn, Tls } from '../../core/leader/dsn.ts';
import { errorCode } from '../errno.ts';
import { endedBy } from './store.ts';
import { mayBePlain, tlsOptions } from './tls.ts';

export interface MysqlConnection {
  readonly isEncrypted: boolean;
  readonly query: <Row extends RowDataPacket>(
    sql: string,
    values?: readonly unknown[],
  ) => Promise<readonly Row[]>;
  /** How many rows it changed. */
  change(sql: string, values: readonly unknown[]): Promise<number>;
  readonly close: () => void;
}

/** Throws what the driver throws. `lost`: called once the connection is gone, unless it was closed. */
export async function dialMysql(
  dsn: Dsn,
  tls: Tls,
  database: string,
  signal: AbortSignal,
  lost: () => void,
): Promise<MysqlConnection> {
  const options = tlsOptions(tls, dsn.host);
  if (options === undefined) return connectOnce(false);
  try {
    return await connectOnce(true);
  } catch (error) {
    if (errorCode(error) !== 'HANDSHAKE_NO_SSL_SUPPORT' || !mayBePlain(tls)) throw error;
    return connectOnce(false);
  }

  async function connectOnce(isEncrypted: boolean): Promise<MysqlConnection> {
    const port = dsn.port ?? 3306;
    const socket: Socket = dsn.host.startsWith('/') ? connect(dsn.host) : connect(port, dsn.host);
    socket
      .setNoDelay(true)
      .setKeepAlive(true, 5000)
      .on('error', () => {});
    const connection = createConnection({
      stream: () => socket,
      host: dsn.host,
      database,
      ...(dsn.user === undefined ? {} : { user: dsn.user }),
      password: dsn.password ?? '',
      ...(isEncrypted ? { ssl: sslOf(options ?? {}) } : {}),
      connectTimeout: 5000,
      supportBigNumbers: true,
    });
    let isOpen = false;
    const gone = (): void => {
      if (isOpen) lost();
      isOpen = false;
      socket.destroy();
    };
    // What goes wrong between calls; the calls have their own errors.
    connection.on('error', gone);
    socket.once('close', gone);
    const calls = connection.promise();
    try {
      await endedBy(signal, calls.connect());
      if (isEncrypted && isVerified(options)) checkAddress(connection, dsn.host);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    isOpen = true;
    return {
      isEncrypted,
      query: async (sql, values = []) => (await calls.query<never>(sql, [...values]))[0],
      change: async (sql, values) => (await calls.query<ResultSetHeader>(sql, [...values]))[0].affectedRows,
      close() {
        isOpen = false;
        goodbye(connection, socket);
      },
    };
  }
}

/** Says goodbye where nothing is under way, and is cut where that cannot be said. */
function goodbye(connection: Connection, socket: Socket): void {
  if (!socket.destroyed) connection.end(() => {});
  setTimeout(() => void socket.destroy(), 200).unref();
}

/** The certificate must be the host's, and not just one of the authority. */
function isVerified(options: ConnectionOptions | undefined): boolean {
  return options?.checkServerIdentity === undefined && options?.rejectUnauthorized !== false;
}

function sslOf({ host = '', ...options }: ConnectionOptions): Record<string, unknown> {
  const { checkServerIdentity: _, ...rest } = options;
  // The driver compares names alone: an address would be taken for "localhost".
  return { ...rest, verifyIdentity: isVerified(options) && isIP(host) === 0 };
}

function checkAddress(connection: Connection, host: string): void {
  if (isIP(host) === 0) return;
  const { stream } = connection as unknown as { readonly stream: TLSSocket };
  const error = checkServerIdentity(host, stream.getPeerCertificate(true));
  if (error !== undefined) throw error;
}

const variables = [
  'read_only',
  'super_read_only',
  'innodb_read_only',
  'innodb_flush_log_at_trx_commit',
  'wsrep_on',
  'wsrep_sync_wait',
  'server_uuid',
  'server_uid',
  'server_id',
  'hostname',
  'port',
  'datadir',
];
const states = [
  'slave_running',
  'slaves_running',
  'wsrep_ready',
  'wsrep_cluster_status',
  'wsrep_cluster_state_uuid',
];

/** What the server says of itself; what it does not know, or does not tell this user, is missing. */
export async function inquire({
  query,
}: Pick<MysqlConnection, 'query'>): Promise<Readonly<Record<string, string>>> {
  const facts: Record<string, string> = {};
  for (const [what, names] of [
    ['VARIABLES', variables],
    ['STATUS', states],
  ] as const) {
    const rows = await query<RowDataPacket & { Variable_name: string; Value: string }>(
      `SHOW GLOBAL ${what} WHERE Variable_name IN (${names.map((name) => `'${name}'`).join(', ')})`,
    );
    for (const { Variable_name: name, Value: value } of rows) facts[name.toLowerCase()] = value;
  }
  // MariaDB's alone; MySQL tells by a statement.
  if (facts['slaves_running'] === undefined && (await appliesChanges(query)))
    facts['replica_sql_running'] = 'Yes';
  return facts;
}

/** Whether a replica's thread runs. False where this is not known: it needs REPLICATION CLIENT, and MySQL 8.0.22. */
async function appliesChanges(query: MysqlConnection['query']): Promise<boolean> {
  try {
    const channels = await query<RowDataPacket & { Channel_Name?: string; Replica_SQL_Running?: string }>(
      'SHOW REPLICA STATUS',
    );
    // Members of a group apply what they agree on; those that may be behind are read-only.
    return channels.some(
      ({ Channel_Name: name = '', Replica_SQL_Running: state }) =>
        state === 'Yes' && !name.startsWith('group_replication_'),
    );
  } catch (error) {
    // The server's own "no": denied, or a statement that it does not know.
    if (errorCode(error)?.startsWith('ER_') === true) return false;
    throw error;
  }
}
