// The figures of HACKING.md: `npm run measure [runs]`, on a machine that does nothing else.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { pythonForTests } from '../support/python.ts';

const root = join(import.meta.dirname, '../..');
const djsup = join(root, 'bin/djsup');
const runs = Number(process.argv[2] ?? 20);
const execute = promisify(execFile);

const SLEEPER = `
services:
  sleeper: {override: replace, startup: enabled, command: sleep 86400, backoff-delay: 1ms, backoff-factor: 1.0}
`;

/** A daemon in a directory of its own, from the moment of its launch. */
class Daemon implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'djsup-measure-'));
  readonly environment: NodeJS.ProcessEnv;
  readonly #process: ChildProcess;
  /** Told by the kernel: to look for it over and over would take time from what is measured. */
  readonly #socket: Promise<unknown>;

  constructor(cwd: string, layer?: string, environment: NodeJS.ProcessEnv = {}) {
    this.environment = { ...process.env, ...environment, DJSUP: this.directory };
    mkdirSync(join(this.directory, 'layers'));
    if (layer !== undefined) writeFileSync(join(this.directory, 'layers/001-measure.yaml'), layer);
    const appeared = new Promise<void>((resolve) => {
      const watcher = watch(this.directory, (_event, name) => {
        if (name !== '.djsup.socket') return;
        watcher.close();
        resolve();
      });
    });
    this.#process = spawn(djsup, ['run'], { cwd, env: this.environment, stdio: 'ignore' });
    this.#socket = Promise.race([appeared, once(this.#process, 'exit')]);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Resolves with the first answer of the API. */
  async answer(): Promise<void> {
    const socketPath = join(this.directory, '.djsup.socket');
    await this.#socket;
    while (!(await answers({ socketPath, path: '/v1/system-info' }))) {
      if (this.#process.exitCode !== null) throw new Error('cannot measure: djsup has ended');
      await pause(1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGTERM');
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
    rmSync(this.directory, { recursive: true, force: true });
  }
}

// How fast this machine is just now: two of the figures below begin with as much.
await report('an empty Node program', 'ms', undefined, async () => {
  const began = performance.now();
  await execute(process.execPath, ['--eval', '0']);
  return performance.now() - began;
});

await report('launch to answering API', 'ms', 150, async () => {
  const began = performance.now();
  await using daemon = new Daemon(tmpdir(), SLEEPER);
  await daemon.answer();
  return performance.now() - began;
});

{
  await using daemon = new Daemon(tmpdir(), SLEEPER);
  await daemon.answer();
  await report('djsup services', 'ms', 70, async () => {
    const began = performance.now();
    await execute(djsup, ['services'], { env: daemon.environment });
    return performance.now() - began;
  });
  await report('kill -9 to respawn', 'ms', 10, async () => {
    const old = await upForASecond(daemon);
    const began = performance.now();
    process.kill(old, 'SIGKILL');
    while ([old, undefined].includes(sleeperOf(daemon)));
    return performance.now() - began;
  });
}

await report('resident memory with the Django plan', 'MB', 75, async () => {
  const path = `${join(pythonForTests(), '..')}:${process.env['PATH']}`;
  const bind = { PATH: path, GUNICORN_CMD_ARGS: '--bind 127.0.0.1:18765' };
  await using daemon = new Daemon(join(root, 'examples/hello'), undefined, bind);
  await daemon.answer();
  while (!(await answers({ host: '127.0.0.1', port: 18765, path: '/' }))) await pause(50);
  for (let i = 0; i < 20; i += 1) await daemon.answer();
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[1]) / 1024;
});

async function report(
  title: string,
  unit: string,
  goal: number | undefined,
  measure: () => Promise<number>,
): Promise<void> {
  const figures: number[] = [];
  for (let i = 0; i < runs; i += 1) figures.push(await measure());
  figures.sort((a, b) => a - b);
  const at = (share: number): string => (figures[Math.floor((figures.length - 1) * share)] ?? NaN).toFixed(1);
  process.stdout.write(
    `${title.padEnd(38)} min ${at(0)}, median ${at(0.5)}, max ${at(1)} ${unit} (${goal === undefined ? '' : `goal ${goal}, `}${runs} runs)\n`,
  );
}

async function answers(options: {
  socketPath?: string;
  host?: string;
  port?: number;
  path: string;
}): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ ...options, agent: false }, (reply) => {
      reply.resume().once('end', () => resolve(reply.statusCode === 200));
    });
    asked.once('error', () => resolve(false)).end();
  });
}

/** The sleeper's pid once it has been up for longer than a start takes to count as done. */
async function upForASecond(daemon: Daemon): Promise<number> {
  for (;;) {
    const pid = sleeperOf(daemon);
    await pause(1200);
    if (pid !== undefined && sleeperOf(daemon) === pid) return pid;
  }
}

function sleeperOf({ pid }: Daemon): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return children.map(Number).find((child) => child !== 0 && commandOf(child).includes('sleep\x0086400'));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}
