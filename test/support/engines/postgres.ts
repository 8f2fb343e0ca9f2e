// A PostgreSQL of a test's own, with a replica or a pooler where the test wants one.
import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { until } from '../rig.ts';
import { findProgram, missing } from './install.ts';
import { freePort } from '../free-port.ts';
import { account, ownDirectory, removeDirectory, startProcess } from './private-process.ts';
import type { PrivateProcess } from './private-process.ts';

export interface Postgres {
  readonly port: number;
  readonly directory: string;
  /** For the superuser, or for another role; on another port where a proxy or a pooler is in between. */
  dsn(user?: string, port?: number): string;
  /** Runs statements as the superuser. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Of the server that runs now; each session is a child of it. */
  pid(): number;
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Stops, and stays so until restart(). */
  halt(signal?: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
  /** A hot standby of it. */
  startReplica(): Promise<Postgres>;
  promote(): Promise<void>;
}

export const postgresMissing = (): string | undefined => missing(['postgres', 'initdb'], ['postgresql']);
export const poolerMissing = (): string | undefined => missing(['pgbouncer'], ['pgbouncer']);

const settings = [
  'fsync=off',
  'unix_socket_directories=',
  'listen_addresses=127.0.0.1',
  'max_connections=200',
  'wal_level=replica',
  'max_wal_senders=4',
];

export async function startPostgres(extra: readonly string[] = []): Promise<Postgres> {
  const directory = ownDirectory('postgres');
  run('initdb', [
    '-D',
    join(directory, 'data'),
    '-U',
    'djsup',
    '-A',
    'trust',
    '--no-sync',
    '-E',
    'UTF8',
    '--no-locale',
  ]);
  appendFileSync(
    join(directory, 'data/pg_hba.conf'),
    'host replication all 127.0.0.1/32 trust\nhost all all 127.0.0.0/8 trust\n',
  );
  return launch(directory, extra);
}

async function launch(directory: string, extra: readonly string[]): Promise<Postgres> {
  const port = await freePort();
  const data = join(directory, 'data');
  const dsn = (user = 'djsup', at = port): string =>
    `postgresql://${user}:pass-word@127.0.0.1:${at}/postgres`;
  const boot = (): Promise<PrivateProcess> =>
    startProcess(
      program('postgres'),
      ['-D', data, '-p', String(port), ...[...settings, ...extra].flatMap((setting) => ['-c', setting])],
      () =>
        ask(dsn(), 'SELECT 1').then(
          () => true,
          () => false,
        ),
    );
  let server = await boot();
  const query: Postgres['query'] = (sql, values) => ask(dsn(), sql, values);
  return {
    port,
    directory,
    dsn,
    query,
    pid: () => server.pid,
    async restart(signal = 'SIGINT') {
      await server.stop(signal);
      server = await boot();
    },
    halt: (signal = 'SIGINT') => server.stop(signal),
    async stop() {
      await server.stop('SIGQUIT');
      removeDirectory(directory);
    },
    async startReplica() {
      const copy = ownDirectory('postgres-replica');
      run('pg_basebackup', [
        '-D',
        join(copy, 'data'),
        '-d',
        dsn(),
        '-R',
        '-X',
        'stream',
        '-c',
        'fast',
        '--no-sync',
      ]);
      return launch(copy, extra);
    },
    async promote() {
      run('pg_ctl', ['promote', '-D', data]);
      await until(
        'it is promoted',
        async () => (await query('SELECT pg_is_in_recovery() AS r'))[0]?.['r'] === false,
      );
    },
  };
}

export interface Pooler {
  readonly port: number;
  stop(): Promise<void>;
}

/** `user`: as whom it logs in, whoever asks. */
export async function startPooler(
  postgres: Postgres,
  mode: 'session' | 'transaction',
  user = 'djsup',
): Promise<Pooler> {
  const directory = ownDirectory('pgbouncer');
  const port = await freePort();
  const file = join(directory, 'pgbouncer.ini');
  writeFileSync(
    file,
    `[databases]\npostgres = host=127.0.0.1 port=${postgres.port} dbname=postgres user=${user}\n` +
      `[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =\nauth_type = any\npool_mode = ${mode}\n` +
      'ignore_startup_parameters = extra_float_digits\n',
    { mode: 0o644 },
  );
  const dsn = postgres.dsn('djsup', port);
  const server = await startProcess(program('pgbouncer'), [file], () =>
    ask(dsn, 'SELECT 1').then(
      () => true,
      () => false,
    ),
  );
  return {
    port,
    async stop() {
      await server.stop('SIGINT');
      removeDirectory(directory);
    },
  };
}

async function ask(
  dsn: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: dsn });
  client.on('error', () => {});
  try {
    await client.connect();
    const answer = await client.query<Record<string, unknown>>(sql, [...values]);
    // Several statements at once have several answers.
    return Array.isArray(answer) ? [] : answer.rows;
  } finally {
    await client.end().catch(() => {});
  }
}

function program(name: string): string {
  return findProgram(name) ?? name;
}

function run(name: string, words: readonly string[]): void {
  execFileSync(program(name), words, { ...account, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
}
