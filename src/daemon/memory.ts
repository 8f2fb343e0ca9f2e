// The keeper of out-of-memory truth: looks at the kernel's counter when a service starts, when one was killed, and now and
// then. Law: no look costs more than one small file, and without a cgroup that counts there are none.
import type { Exit } from '../core/exit.ts';
import { explain, look, settle, unseen } from '../core/out-of-memory.ts';
import type { Clock, MemoryLimit } from '../ports.ts';
import type { Keeper } from './mailbox.ts';
import type { Teller } from './tell.ts';

export interface Memory extends Keeper {
  /** A service starts: from now on there is something to be killed. */
  begin(): void;
  /** The exit, with what the kernel had to do with it. `own`: djsup itself sent SIGKILL. */
  judge(exit: Exit, own: boolean): Exit;
  /** Processes that the kernel has killed for want of memory in djsup's cgroup; undefined: it does not say. */
  kills(): number | undefined;
}

/** Between two looks that nothing asked for, ms: how late a rise is seen, and with it how much else could be taken for it. */
const every = 1_000;

export function createMemory(deps: {
  readonly clock: Clock;
  readonly limit: MemoryLimit;
  readonly tell: Pick<Teller, 'outOfMemory'>;
}): Memory {
  const { clock, limit } = deps;
  let state = unseen;
  let nextAt: number | undefined;

  function lookNow(): void {
    state = look(state, limit.kills(), clock.now());
  }

  return {
    begin() {
      if (nextAt !== undefined || state.kills !== undefined) return;
      lookNow();
      if (state.kills !== undefined) nextAt = clock.now() + every;
    },
    judge(exit, own) {
      if (own || !('signal' in exit) || exit.signal !== 'SIGKILL') return exit;
      lookNow();
      const [next, outOfMemory] = explain(state, clock.now());
      state = next;
      return outOfMemory ? { ...exit, outOfMemory: { limit: limit.limit() } } : exit;
    },
    kills: () => limit.kills(),
    deadline: () => nextAt,
    tick() {
      if (nextAt === undefined || clock.now() < nextAt) return;
      nextAt = clock.now() + every;
      lookNow();
      const [next, others] = settle(state, clock.now());
      state = next;
      if (others > 0) deps.tell.outOfMemory({ limit: limit.limit() }, others);
    },
  };
}
