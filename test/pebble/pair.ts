// Two daemons with the same layers: Pebble, and djsup under the name pebble with only $PEBBLE set. What they answer is made
// comparable: directories and times are replaced, and keys that are djsup's own are left out.
import { execFile, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { program, root, until } from '../support/rig.ts';
import type { Json } from '../support/rig.ts';

export interface Reply {
  readonly status: number;
  readonly type: string | undefined;
  readonly location: string | undefined;
  readonly text: string;
}

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Daemon extends AsyncDisposable {
  readonly directory: string;
  /** A string as body is sent as it is, anything else as JSON. */
  ask(method: string, path: string, body?: unknown): Promise<Reply>;
  json(method: string, path: string, body?: unknown): Promise<Json>;
  /** A client's command line against this daemon. */
  cli(client: string, ...words: readonly string[]): Promise<Run>;
  /** Resolves with its exit code, and what it printed. */
  readonly ended: Promise<Run>;
  stop(): Promise<Run>;
}

/** Files below `layers/` by name. */
export type LayerFiles = Readonly<Record<string, string>>;

/** Starts a daemon and does not wait for it. */
export function launch(executable: string, layers: LayerFiles, words: readonly string[] = ['run']): Daemon {
  const directory = mkdtempSync(join(tmpdir(), 'djsup-pair-'));
  for (const [name, text] of Object.entries(layers)) {
    const path = join(directory, 'layers', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text.replaceAll('$DIR', directory));
  }
  const environment = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: directory,
    PEBBLE: directory,
    LANG: 'C.UTF-8',
  };
  const outputs = ['stdout', 'stderr'].map((name) => join(directory, name));
  const files = outputs.map((path) => openSync(path, 'w'));
  const child = spawn(executable, words, { env: environment, cwd: directory, stdio: ['ignore', ...files] });
  files.forEach((file) => closeSync(file));
  const socketPath = join(directory, '.pebble.socket');
  const ended = new Promise<Run>((resolve) => {
    child.on('exit', (code) => {
      const [stdout = '', stderr = ''] = outputs.map((path) => plain(readFileSync(path, 'utf8'), directory));
      resolve({ code, stdout, stderr });
    });
  });

  const daemon: Daemon = {
    directory,
    ended,
    ask: async (method, path, body) => {
      const reply = await send(socketPath, method, path, body);
      return { ...reply, text: comparable(reply.text, directory) };
    },
    json: async (method, path, body) => {
      const { text } = await send(socketPath, method, path, body);
      return text === '' ? undefined : JSON.parse(text);
    },
    cli: (client, ...line) =>
      new Promise((resolve) => {
        const options = { env: environment, cwd: directory, timeout: 30_000 };
        const done = execFile(client, line, options, (_error, stdout, stderr) =>
          resolve({
            code: done.exitCode,
            stdout: plain(stdout, directory),
            stderr: plain(stderr, directory),
          }),
        );
      }),
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
    async [Symbol.asyncDispose]() {
      const kill = setTimeout(() => child.kill('SIGKILL'), 10_000);
      if (child.exitCode === null) await daemon.stop();
      clearTimeout(kill);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return daemon;
}

export async function answers(daemon: Daemon): Promise<void> {
  await until('the daemon answers', () =>
    daemon.ask('GET', '/v1/system-info').then(
      () => true,
      () => false,
    ),
  );
}

export interface Pair extends AsyncDisposable {
  readonly original: Daemon;
  readonly own: Daemon;
  /** The same done with both, the original's outcome first. */
  both<T>(work: (daemon: Daemon) => T | Promise<T>): Promise<readonly [T, T]>;
}

export async function startPair(pebble: string, layers: LayerFiles): Promise<Pair> {
  const [original, own] = [launch(pebble, layers), launch(ownPebble(), layers)];
  const pair: Pair = {
    original,
    own,
    both: (work) => Promise.all([work(original), work(own)]),
    async [Symbol.asyncDispose]() {
      await Promise.all([original[Symbol.asyncDispose](), own[Symbol.asyncDispose]()]);
    },
  };
  await pair.both(answers);
  return pair;
}

const link = join(root, 'node_modules/.cache/djsup/pebble');

/** djsup under the name pebble. */
export function ownPebble(): string {
  mkdirSync(dirname(link), { recursive: true });
  if (!existsSync(link)) symlinkSync(program, link);
  return link;
}

const time =
  /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)|(?:today|yesterday) at \d\d:\d\d \S+/g;
const ownKeys: ReadonlySet<string> = new Set([
  'state',
  'pid',
  'restarts',
  'last-exit',
  'reason',
  'retry-at',
  'waiting-for',
]);

/** Text without what differs from run to run; runs of blanks in tables depend on the width of times. */
function plain(text: string, directory: string): string {
  return text.replaceAll(directory, 'DIR').replaceAll(time, 'TIME');
}

function comparable(text: string, directory: string): string {
  try {
    const value: unknown = JSON.parse(plain(text, directory));
    return JSON.stringify(value, (key, one: unknown) => (ownKeys.has(key) ? undefined : one));
  } catch {
    return plain(text, directory);
  }
}

function send(socketPath: string, method: string, path: string, body: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path, timeout: 20_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        const { location } = response.headers;
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], location, text });
      });
    });
    call.on('timeout', () => call.destroy(new Error('no answer within 20 s')));
    call.on('error', reject);
    call.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
  });
}
