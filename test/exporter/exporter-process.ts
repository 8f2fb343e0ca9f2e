// An exporter as a process of its own, djsup's or the original: packets in, scrapes out.
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pythonForTests } from '../support/python.ts';
import { freePort } from '../support/free-port.ts';
import { program, until } from '../support/rig.ts';

export const ours: readonly string[] = [program, 'statsd-exporter'];

export interface ExporterProcess extends AsyncDisposable {
  readonly pid: number;
  readonly udpPort: number;
  readonly tcpPort: number;
  readonly webPort: number;
  /** Of its Unix datagram socket, where it was to have one. */
  readonly socketPath: string;
  /** The mapping file, to be written anew. */
  readonly mappingFile: string;
  /** Sends datagrams, one after the other. */
  send(...packets: readonly (string | Buffer)[]): Promise<void>;
  /** Sends datagrams to the Unix socket, from Python: all of them `rounds` times, `rate` a second (0: as fast as they are taken). */
  sendUnix(packets: readonly (string | Buffer)[], rounds?: number, rate?: number): Promise<number>;
  /** Sends bytes over a TCP connection of its own and ends it. */
  stream(bytes: string | Buffer): Promise<void>;
  scrape(): Promise<string>;
  get(path: string, init?: RequestInit): Promise<Response>;
  signal(signal: NodeJS.Signals): void;
  stderr(): string;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
}

/** Starts an exporter on ports of its own and waits until it is ready. */
export async function startExporter(
  command: readonly string[],
  options: {
    readonly mapping?: string;
    readonly flags?: readonly string[];
    /** It listens on a Unix datagram socket: of its own, or this one. */
    readonly unixgram?: true | string;
  } = {},
): Promise<ExporterProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'djsup-exporter-'));
  const socketPath = typeof options.unixgram === 'string' ? options.unixgram : join(directory, 'statsd.sock');
  const mappingFile = join(directory, 'mapping.yaml');
  if (options.mapping !== undefined) writeFileSync(mappingFile, options.mapping);
  const [udpPort, tcpPort, webPort] = [await freePort(), await freePort(), await freePort()];
  const [file = '', ...words] = command;
  const child = spawn(
    file,
    [
      ...words,
      `--statsd.listen-udp=127.0.0.1:${udpPort}`,
      `--statsd.listen-tcp=127.0.0.1:${tcpPort}`,
      `--web.listen-address=127.0.0.1:${webPort}`,
      ...(options.mapping === undefined ? [] : [`--statsd.mapping-config=${mappingFile}`]),
      ...(options.unixgram === undefined ? [] : [`--statsd.listen-unixgram=${socketPath}`]),
      ...(options.flags ?? []),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const socket = createSocket('udp4');
  const get = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`http://127.0.0.1:${webPort}${path}`, init);

  const exporter: ExporterProcess = {
    pid: child.pid ?? 0,
    udpPort,
    tcpPort,
    webPort,
    socketPath,
    mappingFile,
    async send(...packets) {
      for (const packet of packets) {
        await new Promise((resolve) => socket.send(packet, udpPort, '127.0.0.1', resolve));
      }
    },
    sendUnix: (packets, rounds = 1, rate = 0) => sendUnixgrams(socketPath, packets, rounds, rate),
    stream: (bytes) =>
      new Promise((resolve) => {
        const stream = connect(tcpPort, '127.0.0.1', () => stream.end(bytes));
        stream.on('error', () => undefined);
        stream.on('close', () => resolve());
        stream.resume();
      }),
    scrape: async () => (await get('/metrics')).text(),
    get,
    signal: (signal) => void child.kill(signal),
    stderr: () => stderr,
    ended,
    async [Symbol.asyncDispose]() {
      socket.close();
      child.kill('SIGKILL');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await until('the exporter is ready', () => {
    if (child.exitCode !== null) throw new Error(`the exporter has ended; it said:\n${stderr}`);
    return get('/-/ready')
      .then((response) => response.ok)
      .catch(() => false);
  });
  return exporter;
}

async function sendUnixgrams(
  path: string,
  packets: readonly (string | Buffer)[],
  rounds: number,
  rate: number,
): Promise<number> {
  const script = join(import.meta.dirname, 'unixgram.py');
  const sender = spawn(pythonForTests(), [script, path, String(rounds), String(rate)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  sender.stdin.end(JSON.stringify(packets.map((packet) => Buffer.from(packet).toString('latin1'))));
  return Number(await text(sender.stdout));
}

/** What `djsup statsd-exporter` says where it cannot run. */
export function refusal(...flags: readonly string[]): {
  readonly code: number | null;
  readonly stderr: string;
} {
  const { status, stderr } = spawnSync(program, ['statsd-exporter', ...flags], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { code: status, stderr };
}

/** The value of the metric whose line begins so; undefined where there is none. */
export function valueIn(page: string, start: string): number | undefined {
  const line = page.split('\n').find((one) => one.startsWith(`${start} `));
  return line === undefined ? undefined : Number(line.slice(start.length + 1));
}
