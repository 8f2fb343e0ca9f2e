// What MySQL tells of its replication, which MariaDB tells in another way (test/real/leases-mysql.test.ts has a real one).
import { expect, test } from 'vitest';
import { inquire } from '../../src/host/leases/mysql-connection.ts';

/** A server that answers `SHOW REPLICA STATUS` with rows, or with an error of that code. */
function ask(answer: readonly object[] | string): Promise<Readonly<Record<string, string>>> {
  return inquire({
    async query(sql) {
      if (!sql.startsWith('SHOW REPLICA STATUS')) return [];
      if (typeof answer === 'string') throw Object.assign(new Error('no'), { code: answer });
      return answer as never;
    },
  });
}

test('a thread that applies the changes of another server is told', async () => {
  const stopped = { Channel_Name: 'old', Replica_SQL_Running: 'No' };
  expect(await ask([stopped, { Channel_Name: '', Replica_SQL_Running: 'Yes' }])).toEqual({
    replica_sql_running: 'Yes',
  });
  expect(await ask([stopped])).toEqual({});
  expect(await ask([])).toEqual({});
});

test('the threads of group replication do not make a replica', async () => {
  expect(await ask([{ Channel_Name: 'group_replication_applier', Replica_SQL_Running: 'Yes' }])).toEqual({});
});

test.each(['ER_SPECIFIC_ACCESS_DENIED_ERROR', 'ER_PARSE_ERROR', 'ER_UNKNOWN_ERROR'])(
  '%s tells nothing',
  async (code) => {
    expect(await ask(code)).toEqual({});
  },
);

test('a connection that is lost meanwhile is an error', async () => {
  await expect(ask('PROTOCOL_CONNECTION_LOST')).rejects.toThrow('no');
});
