// A MariaDB of a test's own.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { findProgram, missing } from './install.ts';
import { freePort } from '../free-port.ts';
import { account, ownDirectory, removeDirectory, startProcess } from './private-process.ts';
import type { PrivateProcess } from './private-process.ts';

export interface Mariadb {
  readonly port: number;
  dsn(user?: string, port?: number): string;
  /** Of the server that runs now. */
  pid(): number;
  /** Runs statements as root. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  restart(signal?: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

export const mariadbMissing = (): string | undefined =>
  missing(['mariadbd', 'mariadb-install-db'], ['mariadb-server']);

const galera = '/usr/lib/galera/libgalera_smm.so';

export const galeraMissing = (): string | undefined => missing([galera], ['galera-4']);

/** A cluster of one node. */
export async function galeraWords(): Promise<readonly string[]> {
  const [port, ist] = [await freePort(), await freePort()];
  return [
    '--wsrep-on=ON',
    `--wsrep-provider=${galera}`,
    '--wsrep-cluster-address=gcomm://',
    `--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:${port};ist.recv_addr=127.0.0.1:${ist};gcache.size=1M;pc.wait_prim_timeout=PT1S`,
    '--wsrep-node-address=127.0.0.1',
    '--binlog-format=ROW',
    '--innodb-autoinc-lock-mode=2',
  ];
}

/** `extra`: more words of its command line. */
export async function startMariadb(extra: readonly string[] = []): Promise<Mariadb> {
  const directory = ownDirectory('mariadb');
  const data = join(directory, 'data');
  const port = await freePort();
  execFileSync(
    findProgram('mariadb-install-db') ?? 'mariadb-install-db',
    [
      '--no-defaults',
      `--datadir=${data}`,
      `--tmpdir=${directory}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
    ],
    { ...account, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const words = [
    '--no-defaults',
    `--datadir=${data}`,
    `--tmpdir=${directory}`,
    `--socket=${directory}/socket`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    '--innodb-buffer-pool-size=16M',
    '--innodb-log-file-size=8M',
    '--innodb-flush-log-at-trx-commit=1',
    ...extra,
  ];
  const ask = async (
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<readonly Record<string, unknown>[]> => {
    const connection = await createConnection({
      socketPath: join(directory, 'socket'),
      user: 'root',
      multipleStatements: true,
    });
    try {
      const [rows] = await connection.query(sql, [...values]);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    } finally {
      await connection.end().catch(() => {});
    }
  };
  const boot = (): Promise<PrivateProcess> =>
    startProcess(findProgram('mariadbd') ?? 'mariadbd', words, () =>
      ask('SELECT COUNT(*) FROM mysql.user').then(
        () => true,
        () => false,
      ),
    );
  let server = await boot();
  try {
    await ask(
      "CREATE DATABASE app; CREATE USER djsup@'%' IDENTIFIED BY 'pass-word'; GRANT ALL ON app.* TO djsup@'%'",
    );
  } catch (error) {
    await server.stop('SIGKILL');
    throw error;
  }
  return {
    port,
    dsn: (user = 'djsup', at = port) => `mysql://${user}:pass-word@127.0.0.1:${at}/app`,
    pid: () => server.pid,
    query: ask,
    async restart(signal = 'SIGTERM') {
      await server.stop(signal);
      server = await boot();
    },
    async stop() {
      await server.stop('SIGKILL');
      removeDirectory(directory);
    },
  };
}
