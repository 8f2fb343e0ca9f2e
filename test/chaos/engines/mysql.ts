// MariaDB as an engine of the chaos tests.
import { mariadbMissing, startMariadb } from '../../support/engines/mariadb.ts';
import { at, lasting, stopping } from '../engine.ts';
import type { EngineKind } from '../engine.ts';

export const mysql: EngineKind = {
  missing: mariadbMissing,
  async start() {
    const server = await startMariadb();
    const tell = async (sql: string): Promise<void> => void (await server.query(sql));
    async function terminate(): Promise<void> {
      const rows = await server.query("SELECT id FROM information_schema.processlist WHERE user = 'djsup'");
      // One that has just ended is no error.
      for (const { id } of rows) await tell(`KILL ${Number(id)}`).catch(() => {});
    }
    return {
      port: server.port,
      layer: ['backend: mysql'],
      environment: (host, port) => ({
        MYSQL_DB_CONNECT_STRING: at(server.dsn(undefined, port), host, port),
      }),
      faults: {
        'restart engine': () => server.restart('SIGKILL'),
        'delete record': () => tell('DELETE FROM app.djsup_leader'),
        'stop engine': stopping(() => [server.pid()]),
        'terminate sessions': terminate,
        'revoke rights': lasting(
          async () => {
            await tell("REVOKE UPDATE ON app.* FROM djsup@'%'");
            // A session keeps the rights to a database with which it has chosen it.
            await terminate();
          },
          () => tell("GRANT UPDATE ON app.* TO djsup@'%'"),
        ),
      },
      stop: () => server.stop(),
    };
  },
};
