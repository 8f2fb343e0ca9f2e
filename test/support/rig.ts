// A real djsup for tests: in a temporary directory, as PID 1 of a namespace of its own where that can be had.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execaSync } from 'execa';

export const root = join(import.meta.dirname, '../..');
export const program = join(root, 'bin/djsup');

/** Why djsup cannot be PID 1 of a namespace here; undefined where it can. */
export const noNamespaces: string | undefined = (() => {
  const tried = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true'], { encoding: 'utf8' });
  if (tried.status === 0) return undefined;
  return `a PID namespace cannot be made here: ${(tried.stderr ?? String(tried.error)).trim()}`;
})();

/** Waits for a condition, with a deadline, never for a time. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  deadline = 15_000,
): Promise<T> {
  const end = performance.now() + deadline;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited ${deadline} ms in vain: ${what}`);
    await sleep(10);
  }
}

/** What came back, whatever it is: tests look into it and fail where it is something else. */
// oxlint-disable-next-line typescript/no-explicit-any -- the API's shapes have their own tests
export type Json = any;

export interface RigOptions {
  /** File name without number to its text, in this order; undefined: no layers directory. */
  readonly layers?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Words after `djsup`; default `run`. */
  readonly words?: readonly string[];
  /** A command that starts djsup, given before it; default `unshare` that makes it PID 1. */
  readonly through?: readonly string[];
  /** Where its stdout goes; default: it is read. */
  readonly stdout?: 'read' | 'stall';
  readonly directory?: string;
}

export interface Rig extends AsyncDisposable {
  readonly directory: string;
  /** djsup's own pid as seen from here. */
  pid(): number;
  stderr(): string;
  stdout(): string;
  cli(...words: readonly string[]): {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  };
  /** One request over the socket. */
  api(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly json: Json }>;
  signal(signal: NodeJS.Signals): void;
  /** Resolves with how it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

const asPid1 = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];

/** Starts djsup; does not wait for it to answer. */
export function launchRig(options: RigOptions = {}): Rig {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'djsup-rig-'));
  if (options.layers !== undefined) writeLayers(directory, options.layers);
  const through = options.through ?? asPid1;
  const environment = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    DJSUP: directory,
    LANG: 'C.UTF-8',
    // Its ports are the machine's, and tests run side by side.
    DJSUP_STATSD_EXPORTER: 'off',
    ...options.environment,
  };
  const [command = program, ...words] = [...through, program, ...(options.words ?? ['run'])];
  const child = spawn(command, words, {
    env: environment,
    cwd: options.cwd ?? directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  let stdout = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  if (options.stdout === 'stall') child.stdout.pause();
  else child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });

  function pid(): number {
    const own = child.pid ?? 0;
    return through[0] === 'unshare' ? (childrenOf(own)[0] ?? own) : own;
  }

  return {
    directory,
    ended,
    pid,
    stderr: () => stderr,
    stdout: () => stdout,
    cli(...args) {
      const done = execaSync(program, args, {
        env: environment,
        extendEnv: false,
        cwd: directory,
        reject: false,
        stripFinalNewline: false,
        timeout: 60_000,
      });
      return { code: done.exitCode ?? null, stdout: done.stdout, stderr: done.stderr };
    },
    api: (method, path, body) => ask(join(directory, '.djsup.socket'), method, path, body),
    signal: (signal) => void process.kill(pid(), signal),
    async [Symbol.asyncDispose]() {
      for (const one of [pid(), child.pid ?? 0]) kill(one);
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Starts djsup and waits until it answers. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const rig = launchRig(options);
  let over = false;
  void rig.ended.then(() => (over = true));
  try {
    await until('djsup answers', async () => {
      if (over) throw new Error('djsup has ended');
      return rig
        .api('GET', '/v1/system-info')
        .then(() => true)
        .catch(() => false);
    });
  } catch (error) {
    const said = rig.stderr();
    await rig[Symbol.asyncDispose]();
    throw new Error(`${String(error)}; it said:\n${said}`, { cause: error });
  }
  return rig;
}

export function writeLayers(directory: string, layers: Readonly<Record<string, string>>): void {
  mkdirSync(join(directory, 'layers'), { recursive: true });
  for (const [index, [name, text]] of Object.entries(layers).entries())
    writeFileSync(join(directory, 'layers', `00${index + 1}-${name}.yaml`), text);
}

/** Of a process, as the kernel lists them. */
export function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** The command line of a process, words joined by blanks; empty when it has gone. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** The child of `parent` whose command line ends so; throws when there is none. */
export function childRunning(parent: number, command: string): number {
  const found = childrenOf(parent).find((pid) => commandOf(pid).endsWith(command));
  if (found === undefined) throw new Error(`no child of ${parent} runs "${command}"`);
  return found;
}

/** R, S, Z ... of a process; undefined when it has gone. */
export function stateOf(pid: number): string | undefined {
  try {
    return /\) (?<state>\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.groups?.['state'];
  } catch {
    return undefined;
  }
}

/** The text of a page, or undefined while nobody answers. */
export async function fetchText(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(20_000) });
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    if (pid > 0) process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone already.
  }
}

function ask(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number; json: Json }> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path, timeout: 10_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, json: text === '' ? undefined : JSON.parse(text) }),
      );
    });
    call.on('timeout', () => call.destroy(new Error('no answer within 10 s')));
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
