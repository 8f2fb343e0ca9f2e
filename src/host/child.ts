// One running process of a service: its output, its exit, and what is left of its group.
// Law: output first, then exited(), then emptied(), each of the last two once; no signal goes to a number that may be a stranger's.
import type { Child, ChildEvents, Exit } from '../ports.ts';
import { isGroupEmpty, sendSignal } from './group.ts';
import type { GroupWatch } from './group.ts';
import { createGuardLine, weakGuard } from './guard.ts';
import type { Launched } from './launch.ts';
import { createPipeReader } from './pipe-reader.ts';

export interface ChildDeps {
  readonly groups: GroupWatch;
  /** Its exit has been told to Node: the pid is no longer ours. */
  readonly reaped: () => void;
  /** Its guard was killed itself, or is one that may overlook something. */
  readonly unguarded: () => void;
  /** Its pipe is closed; nothing more will be told but exited() and emptied(). */
  readonly closed: () => void;
}

export interface RunningChild extends Child {
  /** Closes the pipe where the run is over and only something that left its group still holds it. */
  release(): void;
}

/** Output that is in the pipe at the exit is told before exited(); later output of descendants follows until the pipe's end. */
export function createChild(
  { pid, process, output, guard: stream }: Launched,
  events: ChildEvents,
  { groups, reaped, unguarded, closed }: ChildDeps,
): RunningChild {
  let left: 'main' | 'group' | 'none' = 'main';
  let isWeak = false;
  const guard = stream === undefined ? undefined : createGuardLine(pid, stream, weaken);
  const reader = createPipeReader(output, (bytes) => events.output(bytes), closed);

  process.once('exit', (code, signal) => {
    reaped();
    const exit = toExit(code, signal);
    left = isGroupEmpty(pid) ? 'none' : 'group';
    if (guard === undefined) ended(exit);
    else
      guard.close((end) => {
        if (end !== 'alike' || isWeak) unguarded();
        if (end === 'killed' && left === 'group') sendSignal(-pid, 'SIGKILL');
        ended(end === 'lost' ? { ...exit, guardLost: true } : exit);
      });
  });

  function ended(exit: Exit): void {
    reader.drain();
    const alone = isGroupEmpty(pid);
    left = alone ? 'none' : 'group';
    if (!alone) {
      groups.watch(pid, () => {
        left = 'none';
        reader.drain();
        events.emptied();
      });
    }
    events.exited(exit, alone);
  }

  function weaken(): void {
    isWeak = true;
    events.weak(weakGuard);
  }

  return {
    pid,
    signal(to, signal) {
      if (to === 'main' && left === 'main') {
        if (guard === undefined) sendSignal(pid, signal);
        else guard.signal(signal);
      }
      if (to === 'group' && left !== 'none') {
        if (guard !== undefined && left === 'main' && signal === 'SIGKILL') guard.kill();
        else sendSignal(-pid, signal);
      }
    },
    feed: (killAt) => guard?.feed(killAt),
    release() {
      if (left === 'none') reader.close();
    },
  };
}

function toExit(code: number | null, signal: string | null): Exit {
  return signal === null ? { code: code ?? 0 } : { signal };
}
