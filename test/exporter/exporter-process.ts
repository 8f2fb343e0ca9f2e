// An exporter as a process of its own, djsup's or the original: packets in, scrapes out.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, program, until } from '../support/rig.ts';

export const ours: readonly string[] = [program, 'statsd-exporter'];

export interface ExporterProcess extends AsyncDisposable {
  readonly pid: number;
  readonly udpPort: number;
  readonly webPort: number;
  /** The mapping file, to be written anew. */
  readonly mappingFile: string;
  /** Sends datagrams, one after the other. */
  send(...packets: readonly (string | Buffer)[]): Promise<void>;
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
  options: { readonly mapping?: string; readonly flags?: readonly string[] } = {},
): Promise<ExporterProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'djsup-exporter-'));
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
      ...(options.flags ?? []),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const socket = createSocket('udp4');
  const get = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`http://127.0.0.1:${webPort}${path}`, init);

  const exporter: ExporterProcess = {
    pid: child.pid ?? 0,
    udpPort,
    webPort,
    mappingFile,
    async send(...packets) {
      for (const packet of packets) {
        await new Promise((resolve) => socket.send(packet, udpPort, '127.0.0.1', resolve));
      }
    },
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

/** The value of the metric whose line begins so; undefined where there is none. */
export function valueIn(text: string, start: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${start} `));
  return line === undefined ? undefined : Number(line.slice(start.length + 1));
}
