// What befalls a service's process and its time, as steps of the machine: it is born or is not, it ends, a deadline comes.
// Law: an event of a run that is over changes nothing.
import type { At } from './at.ts';
import type { ExitAction } from './config.ts';
import type { Exit } from './exit.ts';
import { exitKey, isSuccess } from './exit.ts';
import { backOff, clear, cutShort, ended, killing, reports, signal, tell } from './service-moves.ts';
import { leftoverGrace, noTries, okDelay } from './service-state.ts';
import { onTaskEnded, retriesTask, tryAgain } from './service-task.ts';
import type {
  Child,
  ServiceEffect,
  ServicePolicy,
  ServiceState,
  ServiceStep,
  Tries,
} from './service-state.ts';

export function onSwept(
  state: ServiceState,
  event: { run: number; found: number; left: number },
): ServiceStep {
  const { found, left } = event;
  const effects: ServiceEffect[] = found > 0 ? [tell({ kind: 'strays', found, left })] : [];
  if (state.kind === 'stopped') return [state, effects];
  if (state.kind !== 'clearing' || state.run !== event.run) return [state, []];
  return [{ ...state, kind: 'spawning' }, [...effects, { kind: 'spawn', run: state.run }]];
}

export function onSpawned(
  policy: ServicePolicy,
  state: ServiceState,
  event: { run: number; pid: number },
  at: At,
): ServiceStep {
  if (state.kind !== 'spawning' || state.run !== event.run) return [state, []];
  const { run, tries } = state;
  const { pid } = event;
  const resetAt = at.now + policy.backoff.limit;
  const restart = tries.count > 0;
  const born = tell({ kind: 'spawned', pid, restart });
  if (policy.type === 'task') return [{ kind: 'working', run, pid, tries, waiters: state.waiters }, [born]];
  // A restart by policy counts as up at once; only a wanted start waits for the okay delay.
  if (restart && state.waiters.length === 0)
    return [{ kind: 'running', run, pid, tries, resetAt }, [born, tell({ kind: 'up' })]];
  return [
    { kind: 'starting', run, pid, tries, resetAt, waiters: state.waiters, okAt: at.now + okDelay },
    [born],
  ];
}

export function onSpawnFailed(
  policy: ServicePolicy,
  state: ServiceState,
  event: { run: number; reason: string },
  at: At,
): ServiceStep {
  if (state.kind !== 'spawning' || state.run !== event.run) return [state, []];
  const { reason } = event;
  if (retriesTask(policy)) {
    const [next, effects] = tryAgain(policy, state, { spawnFailure: reason }, at);
    return [next, [tell({ kind: 'spawn-failed', reason, retry: true }), ...effects]];
  }
  const retry = state.tries.count > 0;
  const effects = [
    tell({ kind: 'spawn-failed', reason, retry }),
    ...reports(state.waiters, { kind: 'spawn-failed', reason }),
  ];
  // A wanted start that cannot be carried out ends there; a restart by policy is tried again.
  if (!retry) return [{ kind: 'exited', run: state.run, cause: { spawnFailure: reason } }, effects];
  const [next, more] = backOff(policy, state.run, state.tries, { spawnFailure: reason }, 'spawn', at);
  return [next, [...effects, ...more]];
}

/** No failure: it waits, stopped, until this replica may run it. */
export function onWithheld(policy: ServicePolicy, state: ServiceState, run: number): ServiceStep {
  if (state.kind !== 'spawning' || state.run !== run) return [state, []];
  return [
    { kind: 'stopped', run },
    [
      tell({ kind: 'withheld' }),
      ...reports(state.waiters, policy.type === 'task' ? cutShort(policy) : { kind: 'standby' }),
    ],
  ];
}

export function onExited(
  policy: ServicePolicy,
  state: ServiceState,
  event: { run: number; exit: Exit; alone: boolean },
  at: At,
): ServiceStep {
  const { exit, alone } = event;
  switch (state.kind) {
    case 'working':
      return state.run === event.run ? onTaskEnded(policy, state, exit, at) : [state, []];
    case 'starting':
    case 'running': {
      if (state.run !== event.run) return [state, []];
      const action = isSuccess(exit) ? policy.onSuccess : policy.onFailure;
      const told = tell({ kind: 'exited', exit, action });
      const quick =
        state.kind === 'starting' ? reports(state.waiters, { kind: 'exited-quickly', exit, action }) : [];
      const [next, effects] = afterExit(policy, state, action, exit, alone, at);
      return [next, [told, ...quick, ...effects]];
    }
    case 'terminating':
      if (state.run !== event.run) return [state, []];
      if (alone) return ended(policy, state, exit, at);
      return [{ ...state, mainGone: true }, policy.killMode === 'group' ? [] : [signal('group', 'SIGTERM')]];
    case 'killing':
      if (state.run !== event.run) return [state, []];
      return alone ? ended(policy, state, exit, at) : [{ ...state, mainGone: true }, []];
    case 'idle':
    case 'clearing':
    case 'spawning':
    case 'backoff':
    case 'stopped':
    case 'done':
    case 'exited':
      return [state, []];
  }
}

function afterExit(
  policy: ServicePolicy,
  child: Child & { readonly tries: Tries },
  action: ExitAction,
  exit: Exit,
  alone: boolean,
  at: At,
): ServiceStep {
  const exited: ServiceState = { kind: 'exited', run: child.run, cause: exit };
  switch (action) {
    case 'restart': {
      const [next, effects] = backOff(policy, child.run, child.tries, exit, exitKey(exit), at);
      return [next, alone ? effects : [signal('group', 'SIGTERM'), ...effects]];
    }
    case 'ignore':
      return [isSuccess(exit) ? { kind: 'stopped', run: child.run } : exited, []];
    case 'shutdown':
      return [exited, [{ kind: 'shutdown', code: isSuccess(exit) ? 0 : 10 }]];
    case 'success-shutdown':
      return [exited, [{ kind: 'shutdown', code: 0 }]];
    case 'failure-shutdown':
      return [exited, [{ kind: 'shutdown', code: 10 }]];
  }
}

export function onEmptied(policy: ServicePolicy, state: ServiceState, run: number, at: At): ServiceStep {
  if ((state.kind !== 'terminating' && state.kind !== 'killing') || state.run !== run || !state.mainGone)
    return [state, []];
  return ended(policy, state, undefined, at);
}

export function onTick(state: ServiceState, at: At): ServiceStep {
  switch (state.kind) {
    case 'starting':
      if (at.now >= state.okAt) {
        const { run, pid, resetAt, tries } = state;
        return [
          { kind: 'running', run, pid, tries, resetAt },
          [tell({ kind: 'up' }), ...reports(state.waiters, { kind: 'done' })],
        ];
      }
      return at.now >= state.resetAt ? [{ ...state, tries: noTries, resetAt: state.okAt }, []] : [state, []];
    case 'running':
      if (state.resetAt === undefined || at.now < state.resetAt) return [state, []];
      return [
        { ...state, tries: noTries, resetAt: undefined },
        state.tries.count > 0 ? [tell({ kind: 'steady' })] : [],
      ];
    case 'terminating':
      if (at.now < state.killAt) return [state, []];
      return [killing(state, at), [tell({ kind: 'killing' }), signal('group', 'SIGKILL')]];
    case 'killing':
      if (at.now < state.giveUpAt) return [state, []];
      return [
        { kind: 'stopped', run: state.run },
        [tell({ kind: 'undying' }), ...reports(state.waiters, { kind: 'undying' })],
      ];
    case 'backoff':
      if (at.now < state.until) return [state, []];
      return clear(state.run, state.waiters, state.tries, leftoverGrace);
    case 'idle':
    case 'clearing':
    case 'spawning':
    case 'working':
    case 'stopped':
    case 'done':
    case 'exited':
      return [state, []];
  }
}
