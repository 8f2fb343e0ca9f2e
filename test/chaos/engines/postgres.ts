// PostgreSQL as an engine of the chaos tests: a primary, and what a site may put in its place. Replicas are a role that owns
// nothing, so that rights can be taken away. Laws: whatever was in between, the links end at the primary; through a pooler of
// transactions nobody leads.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  poolerMissing,
  postgresMissing,
  startPooler,
  startPostgres,
} from '../../support/engines/postgres.ts';
import type { Postgres } from '../../support/engines/postgres.ts';
import { until } from '../../support/rig.ts';
import { at, lasting, stopping } from '../engine.ts';
import type { EngineFault, EngineKind } from '../engine.ts';

/** As its documentation asks for, where djsup may not make the table itself. */
const preparations = [
  'CREATE ROLE app LOGIN',
  'CREATE TABLE djsup_leader (grp text PRIMARY KEY, record text NOT NULL)',
  'GRANT SELECT, INSERT, UPDATE ON djsup_leader TO app',
];

export const postgres: EngineKind = {
  missing: postgresMissing,
  async start() {
    // A row that was confirmed has to outlive SIGKILL.
    let primary = await startPostgres(['fsync=on']);
    /** It was the primary, and runs on without being told. */
    let former: Postgres | undefined;
    for (const sql of preparations) await primary.query(sql);
    const tell = async (sql: string): Promise<void> => void (await primary.query(sql));

    const record = async (): Promise<unknown> =>
      (await primary.query('SELECT record FROM djsup_leader'))[0]?.['record'];

    const promote: EngineFault = async ({ links }) => {
      await former?.stop();
      former = undefined;
      const standby = await primary.startReplica();
      await until('the standby follows', async () => {
        const [row] = await primary.query("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'");
        return row !== undefined;
      });
      await standby.promote();
      [former, primary] = [primary, standby];
      for (const link of links) link.redirect(primary.port);
    };

    const pool: EngineFault = async ({ links, span }) => {
      const pooler = await startPooler(primary, 'transaction', 'app');
      try {
        for (const link of links) link.redirect(pooler.port);
        // What was asked before has long been done by half of it.
        await sleep(span / 2);
        const before = await record();
        await sleep(span / 2);
        if ((await record()) !== before) throw new Error('a replica has written through a pooler');
      } finally {
        for (const link of links) link.redirect(primary.port);
        await pooler.stop();
      }
    };

    return {
      port: primary.port,
      layer: ['backend: postgres'],
      environment: (host, port) => ({
        POSTGRESQL_DB_CONNECT_STRING: `${at(primary.dsn('app', port), host, port)}?sslmode=disable`,
      }),
      faults: {
        'restart engine': () => primary.restart('SIGQUIT'),
        'delete record': () => tell('DELETE FROM djsup_leader'),
        'stop engine': stopping(() => [primary.pid()]),
        'terminate sessions': () =>
          tell("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'"),
        'revoke rights': lasting(
          () => tell('REVOKE UPDATE ON djsup_leader FROM app'),
          () => tell('GRANT UPDATE ON djsup_leader TO app'),
        ),
        promote,
        pooler: poolerMissing() ?? pool,
      },
      async stop() {
        await primary.stop();
        await former?.stop();
      },
    };
  },
};
