// A Redis of a test's own.
import { createClient } from '@redis/client';
import { findProgram, missing } from './install.ts';
import { freePort } from '../free-port.ts';
import { ownDirectory, removeDirectory, startProcess } from './private-process.ts';
import type { PrivateProcess } from './private-process.ts';

export interface Redis {
  readonly port: number;
  dsn(user?: string, port?: number): string;
  /** Of the server that runs now. */
  pid(): number;
  /** One command as the default user. */
  command(...words: readonly string[]): Promise<unknown>;
  restart(signal?: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

export const redisMissing = (): string | undefined => missing(['redis-server'], ['redis-server']);

/** Appends each change to a file, so that a restart forgets nothing. `extra`: more words of its command line. */
export async function startRedis(extra: readonly string[] = []): Promise<Redis> {
  const directory = ownDirectory('redis');
  const port = await freePort();
  const words = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    directory,
    '--save',
    '',
    '--appendonly',
    'yes',
    '--requirepass',
    'pass-word',
  ];
  const dsn = (user = '', at = port): string => `redis://${user}:pass-word@127.0.0.1:${at}/0`;
  const command = async (...given: readonly string[]): Promise<unknown> => {
    const client = createClient({
      url: dsn(),
      socket: { reconnectStrategy: false },
      maintNotifications: 'disabled',
    });
    client.on('error', () => {});
    try {
      await client.connect();
      return await client.sendCommand(given);
    } finally {
      if (client.isOpen) client.destroy();
    }
  };
  const boot = (): Promise<PrivateProcess> =>
    startProcess(findProgram('redis-server') ?? 'redis-server', [...words, ...extra], () =>
      command('PING').then(
        () => true,
        () => false,
      ),
    );
  let server = await boot();
  return {
    port,
    dsn,
    pid: () => server.pid,
    command,
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
