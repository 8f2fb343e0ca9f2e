// The Spawner port: starts services, ends what they leave behind, and runs exec checks.
// Law: every process that djsup starts is started here, so that the reaper knows which exits are libuv's.
import type { Launch, Spawner } from '../ports.ts';
import { createChild } from './child.ts';
import type { RunningChild } from './child.ts';
import { runProbe } from './exec-probe.ts';
import { createGroupWatch } from './group.ts';
import { launch } from './launch.ts';
import type { Libc } from './libc.ts';
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
}

export function createSpawner({ libc, instance, adopts, path, guards }: SpawnerDeps): HostSpawner {
  const own = new Set<number>();
  const isOwn = (pid: number): boolean => own.has(pid);
  const groups = createGroupWatch();
  const strays = createStrays({ instance, isOwn, adopts });
  const open = new Map<string, Set<RunningChild>>();
  const pass = createTurnstile(1);

  function start(wanted: Omit<Launch, 'owner'>): ReturnType<typeof launch> {
    const launched = launch({ libc, path, guards }, wanted);
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

      // However many descendants get away with a pipe, only those of the latest past run keep theirs.
      const runs = open.get(owner) ?? new Set();
      open.set(owner, runs);
      for (const past of runs) past.release();
      const child = createChild(launched.value, events, {
        groups,
        reaped: () => own.delete(pid),
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
    async run(wanted, timeout) {
      // To start a process takes milliseconds, and many checks may be due in the same one.
      await pass();
      const environment = { ...wanted.environment, ...strays.marks(undefined) };
      return runProbe(start, (pid) => own.delete(pid), { ...wanted, environment }, timeout);
    },
  };
}
