// The doorbell: a named lock that the leader holds for as long as it leads, and that everybody else waits for on a
// connection of its own. Law: a hint, nothing else; who gets it lets go at once.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2';
import type { MysqlConnection } from './mysql-connection.ts';
import type { Bell } from './store.ts';

/** How long a wait lasts before it is asked anew, s: shorter than what proxies and firewalls allow to be silent. */
const wait = 30;
/** After the bell rang it is left alone for a moment, ms, so that the next leader gets it; also while nobody holds it. */
const pause = 500;

/** Names of locks are of the whole server, and 64 characters at most. */
export function doorbellName(database: string, name: string): string {
  return `djsup-${createHash('sha1').update(`${database}\0${name}`).digest('hex')}`;
}

/** Rings at each release from now on. */
export function ringOnRelease(
  dial: (signal: AbortSignal) => Promise<MysqlConnection>,
  doorbell: string,
  bell: Bell,
): { end(): void } {
  const over = new AbortController();
  let connection: MysqlConnection | undefined;

  async function listen(): Promise<void> {
    connection = await dial(over.signal);
    if (over.signal.aborted) return connection.close();
    while (!over.signal.aborted) {
      const [row] = await connection.query<RowDataPacket & { got: number | null }>(
        'SELECT GET_LOCK(?, ?) AS got',
        [doorbell, wait],
      );
      if (row?.got !== 1) continue;
      await connection.query('SELECT RELEASE_LOCK(?)', [doorbell]);
      bell.changed();
      await sleep(pause, undefined, { signal: over.signal });
    }
  }

  listen().catch(() => {
    if (!over.signal.aborted) bell.lost();
  });
  return {
    end() {
      over.abort(new Error('it was closed'));
      // It waits for an answer: no goodbye.
      connection?.close();
    },
  };
}
