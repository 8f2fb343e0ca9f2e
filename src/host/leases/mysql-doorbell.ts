// The doorbell: a named lock for each term, which its leader holds for as long as it leads, and which everybody else waits for
// on a connection of its own.
// Laws: a hint, nothing else; who gets it lets go at once; what a dead session may still hold is the bell of a past term.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2';
import type { MysqlConnection } from './mysql-connection.ts';

/** How long a wait lasts before it is asked anew whose bell to wait for, s. */
const wait = 1;
/** How long nobody waits where there is no bell, or one that nobody holds although the record stands, ms. */
const pause = 250;
/** After how long a connection that cannot be had, or was lost, is tried again, ms: until then changes are seen by asking. */
const redialPause = 5000;

/** What the names of one election's bells begin with. Names of locks are of the whole server, and 64 characters at most. */
export function bellPrefix(database: string, name: string): string {
  return `djsup-${digest(`${database}\0${name}`, 16)}-`;
}

export function bellName(prefix: string, term: string): string {
  return prefix + digest(term, 32);
}

function digest(text: string, length: number): string {
  return createHash('sha1').update(text).digest('hex').slice(0, length);
}

/** The bell that a session holds. */
export interface HeldBell {
  /**
   * From before the write on this bell is held in place of the one so far, so that nobody who waits for it has it first; all is as
   * before where the write is not carried out.
   */
  hold(bell: string | undefined, write: () => Promise<boolean>): Promise<boolean>;
  holds(bell: string): boolean;
}

export function createHeldBell({ query }: MysqlConnection): HeldBell {
  let holding: string | undefined;
  return {
    async hold(bell, write) {
      // Where somebody has it, it is asked for again with the next write.
      const isNew = bell !== undefined && bell !== holding && (await lock(query, bell, 0));
      const isDone = await write();
      if (!isDone) {
        if (isNew) await unlock(query, bell);
        return false;
      }
      const before = holding;
      if (bell !== before) holding = isNew ? bell : undefined;
      if (before !== undefined && before !== holding) await unlock(query, before);
      return true;
    },
    holds: (bell) => bell === holding,
  };
}

/** `bell`: whose release matters now. `rung`: looks what has come of it; false: nothing. */
export function waitForBell(
  dial: (signal: AbortSignal) => Promise<MysqlConnection>,
  bell: () => string | undefined,
  rung: (connection: MysqlConnection) => Promise<boolean>,
): { end(): void } {
  const over = new AbortController();
  let connection: MysqlConnection | undefined;

  async function listen(): Promise<void> {
    connection = await dial(over.signal);
    if (over.signal.aborted) return connection.close();
    while (!over.signal.aborted) {
      const wanted = bell();
      if (wanted !== undefined) {
        if (!(await lock(connection.query, wanted, wait))) continue;
        await unlock(connection.query, wanted);
        if (await rung(connection)) continue;
      }
      await sleep(pause, undefined, { signal: over.signal });
    }
  }

  /** It is a convenience: the session goes on without it. */
  async function keepListening(): Promise<void> {
    while (!over.signal.aborted) {
      await listen().catch(() => connection?.close());
      await sleep(redialPause, undefined, { signal: over.signal });
    }
  }

  keepListening().catch(() => {});
  return {
    end() {
      over.abort(new Error('it was closed'));
      // It waits for an answer: no goodbye.
      connection?.close();
    },
  };
}

/** `seconds`: how long to wait for it. */
async function lock(query: MysqlConnection['query'], bell: string, seconds: number): Promise<boolean> {
  const [row] = await query<RowDataPacket & { got: number | null }>('SELECT GET_LOCK(?, ?) AS got', [
    bell,
    seconds,
  ]);
  return row?.got === 1;
}

async function unlock(query: MysqlConnection['query'], bell: string): Promise<void> {
  await query('SELECT RELEASE_LOCK(?)', [bell]);
}
