// An etcd of a test's own, with one member.
import { execFileSync } from 'node:child_process';
import { findProgram, missing } from './install.ts';
import { freePort } from '../free-port.ts';
import { giveToAccount, ownDirectory, removeDirectory, startProcess } from './private-process.ts';
import type { PrivateProcess } from './private-process.ts';

export interface Etcd {
  readonly port: number;
  readonly endpoint: string;
  /** The JSON gateway: path below /v3, and what is asked. */
  ask(path: string, body: unknown, token?: string): Promise<Record<string, unknown>>;
  /** Sets, or removes, a key. */
  put(key: string, text: string | undefined): Promise<void>;
  readonly directory: string;
  /** Of the member that runs now. */
  pid(): number;
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Stops, and stays so until restart(). */
  halt(): Promise<void>;
  /** Gives a directory and all in it to the account that it runs as. */
  own(directory: string): void;
  stop(): Promise<void>;
}

export const etcdMissing = (): string | undefined => missing(['etcd'], ['etcd-server']);

/** `extra`: more words of its command line; TLS is one of them, then `scheme` is https. */
export async function startEtcd(
  extra: readonly string[] = [],
  scheme: 'http' | 'https' = 'http',
): Promise<Etcd> {
  const directory = ownDirectory('etcd');
  const port = await freePort();
  const peer = `http://127.0.0.1:${await freePort()}`;
  const endpoint = `${scheme}://127.0.0.1:${port}`;
  const words = [
    ['--name', 'test', '--data-dir', `${directory}/data`, '--listen-client-urls', endpoint],
    ['--advertise-client-urls', endpoint, '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ['--initial-cluster', `test=${peer}`, '--unsafe-no-fsync', '--logger', 'zap'],
    extra,
  ].flat();
  const program = findProgram('etcd') ?? 'etcd';
  // Debian's 3.4 may lack what newer ones have.
  const known = execFileSync(program, ['--help'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const usable = words.filter((word) => word !== '--unsafe-no-fsync' || known.includes('unsafe-no-fsync'));
  const ask: Etcd['ask'] = async (path, body, token) => {
    const response = await fetch(`${endpoint}/v3/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: token === undefined ? {} : { authorization: token },
    });
    return (await response.json()) as Record<string, unknown>;
  };
  const isReady = (output: string): Promise<boolean> =>
    scheme === 'https'
      ? Promise.resolve(/ready to serve|serving client/.test(output))
      : ask('kv/range', { key: encode('ready') }).then(
          (answer) => 'header' in answer,
          () => false,
        );
  const boot = (): Promise<PrivateProcess> =>
    startProcess(program, usable, isReady, { ETCD_UNSUPPORTED_ARCH: 'arm64' });
  let server = await boot();
  return {
    port,
    endpoint,
    directory,
    pid: () => server.pid,
    ask,
    halt: () => server.stop(),
    own: giveToAccount,
    async put(key, text) {
      if (text === undefined) await ask('kv/deleterange', { key: encode(key) });
      else await ask('kv/put', { key: encode(key), value: encode(text) });
    },
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

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
