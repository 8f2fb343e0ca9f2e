// What an engine is to the chaos tests: how replicas find it, and what can befall the engine itself. Law: what it cannot
// suffer it says, with the reason; a fault that lasts is put right even where the run is broken off.
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '../support/rig.ts';
import type { Link } from './link.ts';

/** Names of what befalls an engine itself, and so all replicas. */
export const engineFaults = [
  'restart engine',
  'delete record',
  'stop engine',
  'debug sleep',
  'terminate sessions',
  'revoke rights',
  'rotate token',
  'promote',
  'pooler',
  'disk full',
] as const;
type EngineFaultName = (typeof engineFaults)[number];

interface Stroke {
  /** The ways of all replicas to the engine. */
  readonly links: readonly Link[];
  /** How long it lasts where it has a length, ms. */
  readonly span: number;
}

/** Over, and put right, when it resolves; a sentence says why it cannot be. */
export type EngineFault = ((stroke: Stroke) => Promise<void>) | string;

export interface ChaosEngine {
  /** Which of several it is, for the report. */
  readonly variant?: string;
  /** On loopback, at first; undefined: there is no network to it. */
  readonly port: number | undefined;
  /** The lines of a leader group that name it. */
  readonly layer: readonly string[];
  /** What a replica's environment needs to reach it there. */
  environment(host: string, port: number): Readonly<Record<string, string>>;
  /** What a replica finds mounted as a pod's service account. */
  readonly account?: string;
  /** What is not named does not exist with this engine. */
  readonly faults: Readonly<Partial<Record<EngineFaultName, EngineFault>>>;
  stop(): Promise<void>;
}

export interface EngineKind {
  readonly missing: () => string | undefined;
  /** `hosts`: the addresses at which replicas will reach it. */
  readonly start: (hosts: readonly string[]) => Promise<ChaosEngine>;
}

/** A connection string with the place at which a replica reaches the engine. */
export function at(dsn: string, host: string, port: number): string {
  return dsn.replace(/127\.0\.0\.1:\d+/, `${host}:${port}`);
}

/** Begins, lasts, and is put right, where the process that runs the test is told to end too. */
export function lasting(begin: () => Promise<void>, end: () => Promise<void>): EngineFault {
  return async ({ span }) => {
    await begin();
    try {
      await sleep(span);
    } finally {
      await end();
    }
  };
}

/** SIGSTOP to these processes and all that they have started, and SIGCONT. */
export function stopping(roots: () => readonly number[]): EngineFault {
  return async ({ span }) => {
    const stopped = new Set<number>();
    const resume = (): void => {
      for (const pid of stopped) trySignal(pid, 'SIGCONT');
    };
    process.once('exit', resume);
    try {
      // Parents first, so that nothing is started any more when their children are looked up.
      const stop = (pid: number): void => {
        trySignal(pid, 'SIGSTOP');
        stopped.add(pid);
        childrenOf(pid).forEach(stop);
      };
      roots().forEach(stop);
      await sleep(span);
    } finally {
      process.off('exit', resume);
      resume();
    }
  };
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone.
  }
}
