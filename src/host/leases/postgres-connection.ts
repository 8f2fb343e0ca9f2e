// One connection to PostgreSQL of our own, with TLS as its address asks for it.
import { Socket } from 'node:net';
import { Client } from 'pg';
import type { Dsn, Tls } from '../../core/leader/dsn.ts';
import { mayBePlain, tlsOptions } from './tls.ts';

export interface PostgresConnection {
  readonly client: Client;
  /** The process that the server's greeting names. */
  readonly greetedBy: number | undefined;
  readonly isEncrypted: boolean;
  readonly close: () => void;
}

/** Throws what the driver throws. `lost`: called once the connection is gone, unless it was closed. */
export async function dialPostgres(
  dsn: Dsn,
  tls: Tls,
  database: string,
  signal: AbortSignal,
  lost: () => void,
): Promise<PostgresConnection> {
  const ssl = tlsOptions(tls, dsn.host);
  if (ssl === undefined) return connectOnce(undefined);
  try {
    return await connectOnce(ssl);
  } catch (error) {
    const hasNone = error instanceof Error && error.message === 'The server does not support SSL connections';
    if (!hasNone || !mayBePlain(tls)) throw error;
    return connectOnce(undefined);
  }

  async function connectOnce(options: typeof ssl): Promise<PostgresConnection> {
    const socket = new Socket();
    const client = new Client({
      host: dsn.host,
      port: dsn.port ?? 5432,
      database,
      ...(dsn.user === undefined ? {} : { user: dsn.user }),
      password: dsn.password ?? '',
      ssl: options ?? false,
      application_name: 'djsup leader',
      keepAlive: true,
      keepAliveInitialDelayMillis: 5000,
      stream: () => socket,
    });
    let isOpen = false;
    const destroy = (): void => void socket.destroy();
    // What goes wrong between calls; the calls have their own errors.
    client.on('error', () => {});
    client.once('end', () => {
      if (isOpen) lost();
    });
    signal.addEventListener('abort', destroy, { once: true });
    try {
      await client.connect();
    } catch (error) {
      destroy();
      throw error;
    } finally {
      signal.removeEventListener('abort', destroy);
    }
    isOpen = true;
    return {
      client,
      greetedBy: (client as Client & { readonly processID?: number | null }).processID ?? undefined,
      isEncrypted: options !== undefined,
      close() {
        isOpen = false;
        // Says goodbye where nothing is under way, and is cut where that cannot be said.
        void client.end().catch(() => {});
        setTimeout(destroy, 500).unref();
      },
    };
  }
}
