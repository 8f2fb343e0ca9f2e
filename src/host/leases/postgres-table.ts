// The table of PostgreSQL that keeps the records: made where it is missing, refused where a crash would empty it.
import type { Client } from 'pg';
import { errorCode } from '../errno.ts';
import type { Refusal } from './store.ts';

/** Makes the table where that is allowed, and looks at what it is and what may be done with it. */
export async function prepareTable(
  client: Client,
  schema: string,
  table: string,
  user: string,
): Promise<Refusal | undefined> {
  const definition = `CREATE TABLE IF NOT EXISTS ${table} (grp text PRIMARY KEY, record text NOT NULL)`;
  const rights = `GRANT SELECT, INSERT, UPDATE ON ${table} TO ${quoted(user)}`;
  if ((await lookAt(client, table)) === undefined) {
    try {
      await client.query('BEGIN');
      // Two that create a table at once can fail in spite of IF NOT EXISTS.
      await client.query("SELECT pg_advisory_xact_lock(hashtext('djsup_leader'))");
      await client.query(definition);
      await client.query('COMMIT');
    } catch (error) {
      if (errorCode(error) !== '42501' && errorCode(error) !== '3F000') throw error;
      const message = `cannot create the table "djsup_leader": grant CREATE (and USAGE) on schema "${schema}" to "${user}", or let its owner run: ${definition}; ${rights}`;
      return { error: 'permission', message };
    }
  }
  const found = await lookAt(client, table);
  if (found === undefined)
    return {
      error: 'permission',
      message: `cannot see the table ${table}: GRANT USAGE ON SCHEMA ${quoted(schema)} TO ${quoted(user)}`,
    };
  if (found.kind !== 'r' || found.persistence !== 'p')
    return {
      error: 'unsafe',
      message: `cannot elect a leader there: ${table} is not an ordinary logged table, and would be empty after a crash: drop it, djsup makes it anew`,
    };
  if (!found.allowed) return { error: 'permission', message: `cannot use the table ${table}: ${rights}` };
  return undefined;
}

interface TableFacts {
  readonly kind: string;
  readonly persistence: string;
  readonly allowed: boolean;
}

async function lookAt(client: Client, table: string): Promise<TableFacts | undefined> {
  const rights = ['SELECT', 'INSERT', 'UPDATE'].map((right) => `has_table_privilege(oid, '${right}')`);
  try {
    const { rows } = await client.query<TableFacts>(
      `SELECT relkind AS kind, relpersistence AS persistence, ${rights.join(' AND ')} AS allowed FROM pg_class WHERE oid = to_regclass($1)`,
      [table],
    );
    return rows[0];
  } catch (error) {
    // No right to look into the schema.
    if (errorCode(error) === '42501') return undefined;
    throw error;
  }
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
