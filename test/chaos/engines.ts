// The engines of the chaos tests: how each is started, how a layer names it, and what can befall the engine itself.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { etcdMissing, startEtcd } from '../support/engines/etcd.ts';
import { mariadbMissing, startMariadb } from '../support/engines/mariadb.ts';
import { postgresMissing, startPostgres } from '../support/engines/postgres.ts';
import { redisMissing, startRedis } from '../support/engines/redis.ts';
import { kubernetes } from './kubernetes.ts';

export interface ChaosEngine {
  /** Which of several it is, for the report. */
  readonly variant?: string;
  /** On loopback; undefined: there is no network to it. */
  readonly port: number | undefined;
  /** The lines of a leader group that name it. */
  readonly layer: readonly string[];
  /** What a replica's environment needs to reach it there. */
  environment(host: string, port: number): Readonly<Record<string, string>>;
  /** What a replica finds mounted as a pod's service account. */
  readonly account?: string;
  /** SIGKILL, and start again. */
  readonly restart: (() => Promise<void>) | undefined;
  /** Takes the record away. */
  readonly wipe: (() => Promise<void>) | undefined;
  stop(): Promise<void>;
}

export interface EngineKind {
  readonly missing: () => string | undefined;
  /** `hosts`: the addresses at which replicas will reach it. */
  readonly start: (hosts: readonly string[]) => Promise<ChaosEngine>;
}

function at(dsn: string, host: string, port: number): string {
  return dsn.replace(/127\.0\.0\.1:\d+/, `${host}:${port}`);
}

export const engines: Readonly<Record<string, EngineKind>> = {
  file: {
    missing: () => undefined,
    start() {
      const directory = mkdtempSync(join(tmpdir(), 'djsup-chaos-file-'));
      chmodSync(directory, 0o777);
      return Promise.resolve({
        port: undefined,
        layer: ['backend: file', `file: { path: ${directory}/lock }`],
        environment: () => ({}),
        restart: undefined,
        wipe: undefined,
        stop() {
          rmSync(directory, { recursive: true });
          return Promise.resolve();
        },
      });
    },
  },
  redis: {
    missing: redisMissing,
    async start() {
      const redis = await startRedis(['--appendfsync', 'always', '--protected-mode', 'no']);
      return {
        port: redis.port,
        layer: ['backend: redis'],
        environment: (host, port) => ({ REDIS_DB_CONNECT_STRING: at(redis.dsn('', port), host, port) }),
        restart: () => redis.restart('SIGKILL'),
        wipe: async () => void (await redis.command('FLUSHALL')),
        stop: () => redis.stop(),
      };
    },
  },
  postgres: {
    missing: postgresMissing,
    async start() {
      // A row that was confirmed has to outlive SIGKILL.
      const postgres = await startPostgres(['fsync=on']);
      return {
        port: postgres.port,
        layer: ['backend: postgres'],
        environment: (host, port) => ({
          POSTGRESQL_DB_CONNECT_STRING: `${at(postgres.dsn('djsup', port), host, port)}?sslmode=disable`,
        }),
        restart: () => postgres.restart('SIGQUIT'),
        wipe: async () => void (await postgres.query('DELETE FROM djsup_leader')),
        stop: () => postgres.stop(),
      };
    },
  },
  mysql: {
    missing: mariadbMissing,
    async start() {
      const mariadb = await startMariadb();
      return {
        port: mariadb.port,
        layer: ['backend: mysql'],
        environment: (host, port) => ({
          MYSQL_DB_CONNECT_STRING: at(mariadb.dsn(undefined, port), host, port),
        }),
        restart: () => mariadb.restart('SIGKILL'),
        wipe: async () => void (await mariadb.query('DELETE FROM app.djsup_leader')),
        stop: () => mariadb.stop(),
      };
    },
  },
  etcd: {
    missing: etcdMissing,
    async start() {
      const etcd = await startEtcd();
      return {
        port: etcd.port,
        layer: ['backend: etcd'],
        environment: (host, port) => ({ ETCD_ENDPOINTS: `http://${host}:${port}` }),
        restart: () => etcd.restart('SIGKILL'),
        wipe: () => etcd.put('djsup/leader/chaos', undefined),
        stop: () => etcd.stop(),
      };
    },
  },
  kubernetes,
};
