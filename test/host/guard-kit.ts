// What the tests of the guards share: both guards and where they are found, work that beats, and a djsup that may be killed.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { monotonicNow } from '../../src/host/clock.ts';
import { lastBeat, readLives } from '../chaos/history.ts';
import type { Life } from '../chaos/history.ts';
import type { GuardedOrder } from './fixtures/guarded.ts';
import { createMachine, launchOf, start } from './machine.ts';
import type { Machine, Told } from './machine.ts';
import { until } from './until.ts';
import type { Child, Launch } from '../../src/ports.ts';

/** A folder that every account may enter, gone after the tests of the file. */
export const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'djsup-guard-'));
chmodSync(directory, 0o777);
afterAll(() => rmSync(directory, { recursive: true }));
export const recorder = join(directory, 'recorder.py');
copyFileSync(join(import.meta.dirname, '../chaos/recorder.py'), recorder);
const guards = join(import.meta.dirname, '../../bin');
export const isRoot = process.getuid?.() === 0;
export const python = findPython();

/** A Python that every account may execute, as a program, not as a script that looks for one. */
function findPython(): string {
  const tried = spawnSync('python3', ['-c', 'import sys; print(sys._base_executable)'], { encoding: 'utf8' });
  const candidates = ['/usr/bin/python3', '/usr/local/bin/python3', tried.stdout?.trim()];
  const found = candidates.find((path) => path !== undefined && path !== '' && existsSync(path));
  if (found === undefined) throw new Error('cannot find "python3": install it (Debian: apt install python3)');
  return found;
}

/** A directory in which nothing is found but that Python, or nothing at all. */
export function pathWith(programs: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(directory, 'path-'));
  chmodSync(path, 0o755);
  for (const [name, target] of Object.entries(programs)) execFileSync('ln', ['-s', target, join(path, name)]);
  return path;
}

/** A directory with a Python of its own that is whole but for ctypes, as Debian's python3-minimal. */
export function pathWithoutCtypes(): string {
  const place = mkdtempSync(join(directory, 'minimal-'));
  chmodSync(place, 0o755);
  const ask = ['-S', '-E', '-s', '-c', 'import os; print(os.path.dirname(os.__file__), end="")'];
  const library = execFileSync(python, ask, { encoding: 'utf8' });
  const own = join(place, basename(dirname(library)), basename(library));
  mkdirSync(own, { recursive: true });
  for (const name of readdirSync(library).filter((one) => one !== 'ctypes'))
    symlinkSync(join(library, name), join(own, name));
  const path = join(place, 'bin');
  mkdirSync(path);
  // A copy: a Python looks for its library from where its file lies.
  copyFileSync(python, join(path, 'python3'));
  const runs = (code: string): boolean =>
    spawnSync(join(path, 'python3'), ['-S', '-E', '-s', '-c', code]).status === 0;
  if (!runs('import os, select') || runs('import ctypes'))
    throw new Error(`cannot make a Python without ctypes out of ${python}`);
  return path;
}

/** Where the commands of these tests lie: nothing beside them is a Python that a guard could use. */
export const tools = pathWith({
  ...Object.fromEntries(
    ['sh', 'cut', 'env', 'id', 'ls', 'setsid', 'sleep', 'true'].map((name) => [name, `/usr/bin/${name}`]),
  ),
  interpreter: python,
});
export const inTools = { environment: { PATH: tools } };
const beats = join(directory, 'beats');
mkdirSync(beats);
chmodSync(beats, 0o777);
let recordings = 0;

/** Work that writes down when it ran; instants in ms of CLOCK_MONOTONIC. */
export interface Recording {
  readonly argv: readonly string[];
  /** Undefined until it beats. */
  life(): Life | undefined;
  /** Its last beat so far; 0: there was none. */
  last(): number;
  untilBeats(): Promise<void>;
  /** Until nothing has been written for a time that is long for a beat. */
  untilSilent(): Promise<void>;
}

/** `delay`: as of recorder.py. */
export function recording(delay = 0): Recording {
  recordings += 1;
  const name = `w${recordings}`;
  const life = (): Life | undefined =>
    readLives(beats).find(({ replica, stretches }) => replica === name && stretches.length > 0);
  const last = (): number => {
    const one = life();
    return one === undefined ? 0 : lastBeat(one) * 1000;
  };
  return {
    argv: [join(tools, 'interpreter'), '-S', '-E', recorder, join(beats, name), String(delay)],
    life,
    last,
    untilBeats: () => until('the work beats', () => life() !== undefined),
    async untilSilent() {
      let before = 0;
      let since = monotonicNow();
      await until('the work is silent', () => {
        const now = last();
        if (now !== before) since = monotonicNow();
        before = now;
        return monotonicNow() - since > 300;
      });
    },
  };
}

/** Which guard a machine with this PATH takes, and what may be expected of it here, on a busy machine: MB, ms. */
export const kinds = [
  { kind: 'guard.py', path: pathWith({ python3: python }), memory: 12, start: 300, late: 200 },
  { kind: 'guard.mjs', path: pathWith({}), memory: 64, start: 1000, late: 400 },
];

export interface Stage {
  readonly machine: Machine;
  /** Starts a command in this process, with a deadline in `within` ms. */
  guarded(argv: readonly string[], within?: number, further?: Partial<Launch>): { child: Child; told: Told };
  /** The same in a djsup of its own, which a test may stop or kill. */
  supervised(
    argv: readonly string[],
    terms?: Partial<GuardedOrder>,
  ): Promise<{ readonly supervisor: number; readonly guard: number }>;
  /** Ends those now. */
  dismiss(): void;
}

/** For the tests of one `describe`. */
export function stage(path: string): Stage {
  let machine: Machine | undefined;
  const supervisors: ChildProcess[] = [];
  const dismiss = (): void => {
    for (const { pid } of supervisors.splice(0)) signalTo(pid, 'SIGKILL');
  };
  beforeAll(async () => {
    machine = await createMachine({ path });
  });
  afterEach(dismiss);
  afterAll(() => machine?.reaper.stop());
  return {
    get machine() {
      if (machine === undefined) throw new Error('the stage is not set yet');
      return machine;
    },
    guarded(argv, within = 60_000, further = {}) {
      const guard = { killAt: monotonicNow() + within, anchor: undefined };
      return start(this.machine.spawner, launchOf(argv, { guard, ...further }));
    },
    async supervised(argv, terms = {}) {
      const order: GuardedOrder = { argv, lease: 60_000, every: 1000, path, guards, ...terms };
      const fixture = join(import.meta.dirname, 'fixtures/guarded.ts');
      const child = spawn(process.execPath, [fixture, JSON.stringify(order)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      supervisors.push(child);
      let told = '';
      child.stdout.on('data', (bytes: Buffer) => (told += bytes.toString()));
      await until('the guard is started', () => told.endsWith('\n'));
      return { supervisor: child.pid ?? 0, guard: Number(told) };
    },
    dismiss,
  };
}

export function script(text: string): readonly string[] {
  return [join(tools, 'sh'), '-c', text];
}

/** A folder with a guard.py in which one line is replaced. */
export function mutant(line: string, by: string): string {
  const text = readFileSync(join(guards, 'guard.py'), 'utf8');
  if (!text.includes(line)) throw new Error(`guard.py has no "${line}" any more: plant the fault anew`);
  const place = mkdtempSync(join(directory, 'mutant-'));
  chmodSync(place, 0o755);
  writeFileSync(join(place, 'guard.py'), text.replace(line, by));
  copyFileSync(join(guards, 'run_guard.py'), join(place, 'run_guard.py'));
  return place;
}

export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

export function signalTo(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined && pid > 0) process.kill(pid, signal);
  } catch {
    // It has gone.
  }
}

export function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

export function note(what: string, ...figures: readonly number[]): void {
  // oxlint-disable-next-line no-console -- figures of this machine, for whoever reads the run
  console.info(
    `${what}: ${figures.map((figure) => figure.toFixed(1)).join(' ')}${what.endsWith('MB') ? '' : ' ms'}`,
  );
}
