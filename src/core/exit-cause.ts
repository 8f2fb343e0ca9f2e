// Why a service's main process ended, in one word for whoever counts.
import type { Exit } from './exit.ts';
import type { ServiceState } from './service-state.ts';

/**
 * `code`, `signal`, `oom`: by itself, by a signal of somebody else, by the kernel for want of memory; `check`: a failed check
 * wanted a restart; `guard`: the guard of a singleton was killed or has failed, and the process with it; `plan`: another
 * plan; `stop`: somebody asked for it, or djsup ends.
 */
export const exitCauses = ['code', 'signal', 'oom', 'guard', 'check', 'plan', 'stop'] as const;

export type ExitCause = (typeof exitCauses)[number];

/** `state` is the one that the exit finds; `byPlan`: what stopped the service last was a change of the plan. */
export function exitCause(state: ServiceState, exit: Exit, byPlan: boolean): ExitCause {
  switch (state.kind) {
    case 'terminating':
    case 'killing':
      if (state.afterwards.kind === 'restart') return 'check';
      return byPlan ? 'plan' : 'stop';
    case 'starting':
    case 'working':
    case 'running':
      if (exit.guardLost !== undefined && !('signal' in exit && exit.outOfMemory)) return 'guard';
      if ('code' in exit) return 'code';
      return exit.outOfMemory === undefined ? 'signal' : 'oom';
    // It had been given up.
    case 'idle':
    case 'clearing':
    case 'spawning':
    case 'backoff':
    case 'stopped':
    case 'done':
    case 'exited':
      return byPlan ? 'plan' : 'stop';
  }
}
