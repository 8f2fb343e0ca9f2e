// The moves of a service's machine: what all ways into clearing, terminating, killing and backoff have in common, and its
// effects by name.
import type { At } from './at.ts';
import type { Exit } from './exit.ts';
import { giveUpDelay } from './service-state.ts';
import type {
  Child,
  Ending,
  RestartCause,
  ServiceEffect,
  ServicePolicy,
  ServiceReport,
  ServiceState,
  ServiceStep,
  ServiceTale,
  Tries,
  Waiter,
} from './service-state.ts';

/** Towards a new run: strays go first, for `grace` ms after SIGTERM. */
export function clear(lastRun: number, waiters: readonly Waiter[], tries: Tries, grace: number): ServiceStep {
  const run = lastRun + 1;
  return [{ kind: 'clearing', run, waiters, tries }, [{ kind: 'sweep', run, grace }]];
}

/** Ends what earlier runs left behind although no start follows. */
export function sweep(policy: ServicePolicy, run: number): ServiceEffect {
  return { kind: 'sweep', run, grace: policy.killDelay };
}

/** SIGTERM, and the kill-delay begins. */
export function terminate(
  policy: ServicePolicy,
  child: Child,
  afterwards: Ending['afterwards'],
  waiters: readonly Waiter[],
  at: At,
): ServiceStep {
  const { run, pid } = child;
  const killAt = at.now + policy.killDelay;
  return [
    { kind: 'terminating', run, pid, mainGone: false, afterwards, waiters, killAt },
    [tell({ kind: 'stopping' }), signal(policy.killMode === 'group' ? 'group' : 'main', 'SIGTERM')],
  ];
}

/** SIGKILL goes out with the same step; after `giveUpDelay` the process is given up. */
export function killing(ending: Ending, at: At): ServiceState {
  const { run, pid, mainGone, afterwards, waiters } = ending;
  return { kind: 'killing', run, pid, mainGone, afterwards, waiters, giveUpAt: at.now + giveUpDelay };
}

/** The whole group has gone. What got away from it goes with a stop too, though nobody waits for that. */
export function ended(policy: ServicePolicy, ending: Ending, exit: Exit | undefined, at: At): ServiceStep {
  if (ending.afterwards.kind === 'restart')
    return backOff(policy, ending.run, ending.afterwards.tries, exit ?? { signal: 'SIGTERM' }, 'check', at);
  return [
    { kind: 'stopped', run: ending.run },
    [
      tell({ kind: 'stopped', waiting: false }),
      ...reports(ending.waiters, { kind: 'done' }),
      sweep(policy, ending.run),
    ],
  ];
}

/** The next pause: the first, then each time longer by the factor, up to the limit. */
export function backOff(
  policy: ServicePolicy,
  run: number,
  tries: Tries,
  cause: Exit | { readonly spawnFailure: string },
  because: RestartCause,
  at: At,
  waiters: readonly Waiter[] = [],
): ServiceStep {
  const { delay: first, factor, limit } = policy.backoff;
  const delay = Math.min(tries.count === 0 ? first : tries.delay * factor, limit);
  const next: Tries = { count: tries.count + 1, delay };
  // 0 to 10 % on top, so that replicas do not restart in step.
  const until = at.now + delay * (1 + at.jitter * 0.1);
  return [
    { kind: 'backoff', run, waiters, tries: next, until, cause },
    [tell({ kind: 'backoff', delay, count: next.count, because })],
  ];
}

/** What those hear who wait for a start that somebody has ended. */
export function cutShort({ type }: Pick<ServicePolicy, 'type'>): ServiceReport {
  return { kind: type === 'task' ? 'interrupted' : 'stopped-early' };
}

export function signal(to: 'main' | 'group', name: 'SIGTERM' | 'SIGKILL'): ServiceEffect {
  return { kind: 'signal', to, signal: name };
}

export function tell(tale: ServiceTale): ServiceEffect {
  return { kind: 'tell', tale };
}

export function report(waiter: Waiter, outcome: ServiceReport): ServiceEffect {
  return { kind: 'report', waiter, report: outcome };
}

export function reports(waiters: readonly Waiter[], outcome: ServiceReport): readonly ServiceEffect[] {
  return waiters.map((waiter) => report(waiter, outcome));
}
