// The end of a task's process. Laws: who waits for the start of a task hears of it once: when it has ended well, or when it
// will not be tried again; what it leaves behind goes with it.
import type { At } from './at.ts';
import { describeExit, isSuccess } from './exit.ts';
import type { Exit } from './exit.ts';
import { backOff, reports, sweep, tell } from './service-moves.ts';
import type {
  ServiceEffect,
  ServicePolicy,
  ServiceState,
  ServiceStep,
  Tries,
  Waiter,
} from './service-state.ts';

interface Attempt {
  readonly run: number;
  readonly tries: Tries;
  readonly waiters: readonly Waiter[];
}

/** A task that is for one replica is not tried again by it alone: all of them look when and where. */
export function retriesTask({ type, once, onFailure }: ServicePolicy): boolean {
  return type === 'task' && once === undefined && onFailure === 'restart';
}

export function onTaskEnded(
  policy: ServicePolicy,
  state: Extract<ServiceState, { kind: 'working' }>,
  exit: Exit,
  at: At,
): ServiceStep {
  const { run, waiters } = state;
  if (isSuccess(exit))
    return [
      { kind: 'done', run },
      [
        tell({ kind: 'finished' }),
        sweep(policy, run),
        ...reports(waiters, { kind: 'done' }),
        ...shutdownAfter(policy, exit),
      ],
    ];
  const told = tell({ kind: 'failed', exit, action: policy.onFailure });
  if (retriesTask(policy)) {
    const [next, effects] = tryAgain(policy, state, exit, at);
    return [next, [told, ...effects]];
  }
  return [
    { kind: 'exited', run, cause: exit },
    [told, sweep(policy, run), ...reports(waiters, { kind: 'failed', exit }), ...shutdownAfter(policy, exit)],
  ];
}

/** After a pause, for the same waiters, who are told why it takes longer. */
export function tryAgain(
  policy: ServicePolicy,
  { run, tries, waiters }: Attempt,
  cause: Exit | { readonly spawnFailure: string },
  at: At,
): ServiceStep {
  const isSpawn = 'spawnFailure' in cause;
  const because = isSpawn ? 'spawn' : 'on-failure';
  const [next, effects] = backOff(policy, run, tries, cause, because, at, waiters);
  const why = isSpawn ? cause.spawnFailure : `failed with ${describeExit(cause)}`;
  const notes = waiters.map((waiter): ServiceEffect => ({ kind: 'note', waiter, why }));
  return [next, [...effects, ...notes]];
}

function shutdownAfter({ onSuccess, onFailure }: ServicePolicy, exit: Exit): readonly ServiceEffect[] {
  switch (isSuccess(exit) ? onSuccess : onFailure) {
    case 'restart':
    case 'ignore':
      return [];
    case 'shutdown':
      return [{ kind: 'shutdown', code: isSuccess(exit) ? 0 : 10 }];
    case 'success-shutdown':
      return [{ kind: 'shutdown', code: 0 }];
    case 'failure-shutdown':
      return [{ kind: 'shutdown', code: 10 }];
  }
}
