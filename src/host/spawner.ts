// The Spawner port: starts services, ends what they leave behind, and runs exec checks and commands that are asked something.
// Law: every process that djsup starts is started here, so that the reaper knows which exits are libuv's.
import type { Result } from '../core/result.ts';
import type { Launch, Spawner } from '../ports.ts';
import { createChild } from './child.ts';
import type { RunningChild } from './child.ts';
import { runCommand } from './exec-command.ts';
import type { Answer, Command } from './exec-command.ts';
import { runProbe } from './exec-probe.ts';
import { createGroupWatch } from './group.ts';
import { launch } from './launch.ts';
import type { Ways } from './launch.ts';
import type { Libc } from './libc.ts';
import { readStat } from './proc.ts';
import { createStrays } from './strays.ts';
import { createTurnstile } from './turnstile.ts';

export interface SpawnerDeps {
  readonly libc: Pick<Libc, 'pipe'>;
  /** Names this daemon for the marks on its services: an id of its directory. Two daemons that share /proc differ in it. */
  readonly instance: string;
  /** Whether orphans become children of this process: it is PID 1 or a subreaper. */
  readonly adopts: boolean;
  /** Where bare command names are looked for; the daemon's own PATH. */
  readonly path: string;
  /** Where the guards lie: guard.py and guard.mjs. */
  readonly guards: string;
}

export interface HostSpawner extends Spawner {
  /** For the reaper: whether this pid is a child of ours whose exit has not been told yet. */
  readonly isOwn: (pid: number) => boolean;
  /** For the reaper: an orphan has been collected, so a group may be empty now. */
  readonly collected: () => void;
  /**
   * Runs a command as djsup itself, for its exit code and the beginning of its stdout; the signal kills its whole group. The
   * failure is one clear sentence: why it could not be started.
   */
  readonly ask: (command: Command, signal: AbortSignal) => Promise<Result<Answer, string>>;
}

export function createSpawner({ libc, instance, adopts, path, guards }: SpawnerDeps): HostSpawner {
  const own = new Set<number>();
  const isOwn = (pid: number): boolean => own.has(pid);
  const groups = createGroupWatch();
  const strays = createStrays({ instance, isOwn, adopts });
  const open = new Map<string, Set<RunningChild>>();
  const pass = createTurnstile(1);

  function start(wanted: Omit<Launch, 'owner'>, ways: Ways = {}): ReturnType<typeof launch> {
    const launched = launch({ libc, path, guards }, wanted, ways);
    if (launched.ok) own.add(launched.value.pid);
    return launched;
  }

  return {
    isOwn,
    collected: groups.collected,
    spawn(wanted, events) {
      const { owner } = wanted;
      const launched = start({ ...wanted, environment: { ...wanted.environment, ...strays.marks(owner) } });
      if (!launched.ok) return launched;
      const { pid } = launched.value;
      strays.remember(owner, pid);
      const since = wanted.guard && readStat(pid)?.startTime;

      // However many descendants get away with a pipe, only those of the latest past run keep theirs.
      const runs = open.get(owner) ?? new Set();
      open.set(owner, runs);
      for (const past of runs) past.release();
      const child = createChild(launched.value, events, {
        groups,
        reaped: () => own.delete(pid),
        unguarded() {
          if (since !== undefined) strays.unguarded(owner, since);
        },
        closed() {
          runs.delete(child);
          if (runs.size === 0) open.delete(owner);
        },
      });
      runs.add(child);
      return { ok: true, value: child };
    },
    sweep: strays.sweep,
    sweepAll: strays.sweepAll,
    async ask({ argv, environment }, signal) {
      await pass();
      const marked = { ...environment, ...strays.marks(undefined) };
      return runCommand(start, (pid) => own.delete(pid), { argv, environment: marked }, signal);
    },
    async run(wanted, timeout) {
      // To start a process takes milliseconds, and many checks may be due in the same one.
      await pass();
      const environment = { ...wanted.environment, ...strays.marks(undefined) };
      return runProbe(start, (pid) => own.delete(pid), { ...wanted, environment }, timeout);
    },
  };
}
