// The machine as main.ts puts it together, for tests: libc, spawner and reaper in this process.
import { join } from 'node:path';
import type { LeaseStoreDeps } from '../../src/host/leases.ts';
import { createLibc } from '../../src/host/libc.ts';
import type { Libc } from '../../src/host/libc.ts';
import { createReaper } from '../../src/host/reaper.ts';
import type { Reaper } from '../../src/host/reaper.ts';
import { createSpawner } from '../../src/host/spawner.ts';
import type { HostSpawner } from '../../src/host/spawner.ts';
import type { Child, Exit, Launch } from '../../src/ports.ts';

export interface Machine {
  readonly libc: Libc;
  readonly spawner: HostSpawner;
  readonly reaper: Reaper;
}

/** `path`: where the machine looks for commands, a guard's Python among them; `guards`: where the guards lie. */
export async function createMachine(
  options: { readonly path?: string; readonly guards?: string } = {},
): Promise<Machine> {
  const libc = await loadLibc();
  const adopts = libc.becomeSubreaper();
  const spawner = createSpawner({
    libc,
    instance: `test-${process.pid}`,
    adopts,
    path: options.path ?? searchPath,
    guards: options.guards ?? join(import.meta.dirname, '../../bin'),
  });
  const reaper = createReaper({ libc, isOwn: spawner.isOwn, collected: spawner.collected });
  return { libc, spawner, reaper };
}

export async function loadLibc(): Promise<Libc> {
  const libc = await createLibc();
  if (!libc.ok) throw new Error(libc.failure.message);
  return libc.value;
}

/** For the stores of all engines that run no command. */
export async function storeDeps(): Promise<LeaseStoreDeps> {
  const ask = (): never => {
    throw new Error('it runs a command');
  };
  return { libc: await loadLibc(), spawner: { ask }, environment: {} };
}

const searchPath = process.env['PATH'] ?? '/usr/bin:/bin';

/** A launch of `argv` as ourselves, with PATH alone. */
export function launchOf(argv: readonly string[], further: Partial<Launch> = {}): Launch {
  return {
    owner: 'web',
    argv,
    environment: { PATH: searchPath },
    workingDir: undefined,
    account: {},
    ...further,
  };
}

/** What a child has told so far. */
export interface Told {
  output: string;
  readonly order: string[];
  exit: Exit | undefined;
  alone: boolean | undefined;
  emptied: boolean;
  weakness: string | undefined;
  /** performance.now() of exited(). */
  exitedAt: number;
}

/** Starts `wanted` and writes down what it tells; throws where it cannot start. */
export function start(spawner: HostSpawner, wanted: Launch): { child: Child; told: Told } {
  const told: Told = {
    output: '',
    order: [],
    exit: undefined,
    alone: undefined,
    emptied: false,
    weakness: undefined,
    exitedAt: 0,
  };
  const child = spawner.spawn(wanted, {
    output(bytes) {
      told.output += bytes.toString();
      told.order.push('output');
    },
    exited(exit, alone) {
      Object.assign(told, { exit, alone, exitedAt: performance.now() });
      told.order.push('exited');
    },
    emptied() {
      told.emptied = true;
      told.order.push('emptied');
    },
    weak(weakness) {
      told.weakness = weakness;
    },
  });
  if (!child.ok) throw new Error(child.failure);
  return { child: child.value, told };
}
