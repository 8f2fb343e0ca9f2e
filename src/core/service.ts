// One instance of a service as a machine: step(policy, state, event, at) -> [state, effects].
// Laws: at most one child lives; it lives exactly in starting, running, terminating and killing; the outcome of a `spawn`
// effect is the very next event.
import type { At } from './at.ts';
import type { CheckAction, ExitAction } from './config.ts';
import type { Exit } from './exit.ts';
import { isSuccess } from './exit.ts';
import { giveUpDelay, leftoverGrace, noTries, okDelay } from './service-state.ts';
import type {
  Child,
  Ending,
  ServiceEffect,
  ServiceEvent,
  ServicePolicy,
  ServiceReport,
  ServiceState,
  ServiceStep,
  ServiceTale,
  Tries,
  Waiter,
} from './service-state.ts';

export function stepService(
  policy: ServicePolicy,
  state: ServiceState,
  event: ServiceEvent,
  at: At,
): ServiceStep {
  switch (event.kind) {
    case 'start':
      return onStart(policy, state, event.waiter);
    case 'stop':
      return onStop(policy, state, event.waiter, at);
    case 'abort':
      return onAbort(state, event.waiter, at);
    case 'swept':
      return onSwept(state, event);
    case 'spawned':
      return onSpawned(policy, state, event, at);
    case 'spawn-failed':
      return onSpawnFailed(policy, state, event, at);
    case 'exited':
      return onExited(policy, state, event, at);
    case 'emptied':
      return onEmptied(policy, state, event.run, at);
    case 'check-failed':
      return onCheckFailed(policy, state, event, at);
    case 'kill':
      return onKill(state, at);
    case 'tick':
      return onTick(state, at);
  }
}

function onStart(policy: ServicePolicy, state: ServiceState, waiter: Waiter): ServiceStep {
  switch (state.kind) {
    case 'idle':
      return clear(0, [waiter], noTries, policy.killDelay);
    case 'stopped':
    case 'exited':
    case 'backoff':
      return clear(state.run, [waiter], noTries, policy.killDelay);
    case 'clearing':
    case 'spawning':
    case 'starting':
      return [{ ...state, waiters: [...state.waiters, waiter] }, []];
    case 'running':
      return [state, [report(waiter, { kind: 'noop', was: 'started' })]];
    case 'terminating':
    case 'killing':
      return [state, [report(waiter, { kind: 'busy', state: state.kind })]];
  }
}

function onStop(policy: ServicePolicy, state: ServiceState, waiter: Waiter, at: At): ServiceStep {
  switch (state.kind) {
    case 'idle':
      return [state, [report(waiter, { kind: 'noop', was: 'never-started' })]];
    case 'stopped':
      return [state, [report(waiter, { kind: 'noop', was: 'stopped' })]];
    case 'exited':
      return [
        { kind: 'stopped', run: state.run },
        [sweep(policy, state.run), report(waiter, { kind: 'noop', was: 'exited' })],
      ];
    case 'backoff':
      return [
        { kind: 'stopped', run: state.run },
        [
          sweep(policy, state.run),
          tell({ kind: 'stopped', waiting: true }),
          report(waiter, { kind: 'done' }),
        ],
      ];
    case 'clearing':
    case 'spawning':
      return [
        { kind: 'stopped', run: state.run },
        [
          sweep(policy, state.run),
          ...reports(state.waiters, { kind: 'stopped-early' }),
          report(waiter, { kind: 'done' }),
        ],
      ];
    case 'starting': {
      const [next, effects] = terminate(policy, state, { kind: 'stopped' }, [waiter], at);
      return [next, [...reports(state.waiters, { kind: 'stopped-early' }), ...effects]];
    }
    case 'running':
      return terminate(policy, state, { kind: 'stopped' }, [waiter], at);
    case 'terminating':
    case 'killing':
      return [{ ...state, afterwards: { kind: 'stopped' }, waiters: [...state.waiters, waiter] }, []];
  }
}

function onAbort(state: ServiceState, waiter: Waiter, at: At): ServiceStep {
  if (state.kind !== 'clearing' && state.kind !== 'spawning' && state.kind !== 'starting') return [state, []];
  if (!state.waiters.includes(waiter)) return [state, []];
  const others = state.waiters.filter((other) => other !== waiter);
  if (others.length > 0)
    return [{ ...state, waiters: others }, [report(waiter, { kind: 'aborted', killed: false })]];
  if (state.kind !== 'starting')
    return [{ kind: 'stopped', run: state.run }, [report(waiter, { kind: 'aborted', killed: false })]];
  return [
    killing({ ...state, mainGone: false, afterwards: { kind: 'stopped' }, waiters: [] }, at),
    [signal('group', 'SIGKILL'), report(waiter, { kind: 'aborted', killed: true })],
  ];
}

function onSwept(state: ServiceState, event: { run: number; found: number; left: number }): ServiceStep {
  if (state.kind !== 'clearing' || state.run !== event.run) return [state, []];
  const { found, left } = event;
  const effects: ServiceEffect[] = found > 0 ? [tell({ kind: 'strays', found, left })] : [];
  return [{ ...state, kind: 'spawning' }, [...effects, { kind: 'spawn', run: state.run }]];
}

function onSpawned(
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
  // A restart by policy counts as up at once; only a wanted start waits for the okay delay.
  if (restart && state.waiters.length === 0)
    return [{ kind: 'running', run, pid, tries, resetAt }, [born, tell({ kind: 'up' })]];
  return [
    { kind: 'starting', run, pid, tries, resetAt, waiters: state.waiters, okAt: at.now + okDelay },
    [born],
  ];
}

function onSpawnFailed(
  policy: ServicePolicy,
  state: ServiceState,
  event: { run: number; reason: string },
  at: At,
): ServiceStep {
  if (state.kind !== 'spawning' || state.run !== event.run) return [state, []];
  const { reason } = event;
  const effects = [
    tell({ kind: 'spawn-failed', reason }),
    ...reports(state.waiters, { kind: 'spawn-failed', reason }),
  ];
  // A wanted start that cannot be carried out ends there; a restart by policy is tried again.
  if (state.tries.count === 0)
    return [{ kind: 'exited', run: state.run, cause: { spawnFailure: reason } }, effects];
  const [next, more] = backOff(policy, state.run, state.tries, { spawnFailure: reason }, at);
  return [next, [...effects, ...more]];
}

function onExited(
  policy: ServicePolicy,
  state: ServiceState,
  event: { run: number; exit: Exit; alone: boolean },
  at: At,
): ServiceStep {
  const { exit, alone } = event;
  switch (state.kind) {
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
      const [next, effects] = backOff(policy, child.run, child.tries, exit, at);
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

function onEmptied(policy: ServicePolicy, state: ServiceState, run: number, at: At): ServiceStep {
  if ((state.kind !== 'terminating' && state.kind !== 'killing') || state.run !== run || !state.mainGone)
    return [state, []];
  return ended(policy, state, undefined, at);
}

function onCheckFailed(
  policy: ServicePolicy,
  state: ServiceState,
  event: { check: string; action: CheckAction },
  at: At,
): ServiceStep {
  const { check, action } = event;
  if (action === 'ignore' || state.kind === 'idle' || state.kind === 'stopped') return [state, []];
  const told = tell({ kind: 'check-action', check, action });
  if (action === 'shutdown') return [state, [told, { kind: 'shutdown', code: 11 }]];
  if (action === 'success-shutdown') return [state, [told, { kind: 'shutdown', code: 0 }]];
  switch (state.kind) {
    case 'starting': {
      const [next, effects] = terminate(policy, state, { kind: 'restart', tries: state.tries }, [], at);
      return [next, [told, ...reports(state.waiters, { kind: 'stopped-early' }), ...effects]];
    }
    case 'running': {
      const [next, effects] = terminate(policy, state, { kind: 'restart', tries: state.tries }, [], at);
      return [next, [told, ...effects]];
    }
    case 'exited': {
      const [next, effects] = backOff(policy, state.run, noTries, state.cause, at);
      return [next, [told, ...effects]];
    }
    case 'clearing':
    case 'spawning':
    case 'backoff':
    case 'terminating':
    case 'killing':
      return [state, []];
  }
}

function onKill(state: ServiceState, at: At): ServiceStep {
  switch (state.kind) {
    case 'starting':
    case 'running':
      return [
        killing({ ...state, mainGone: false, afterwards: { kind: 'stopped' }, waiters: [] }, at),
        [
          signal('group', 'SIGKILL'),
          ...(state.kind === 'starting' ? reports(state.waiters, { kind: 'stopped-early' }) : []),
        ],
      ];
    case 'terminating':
      return [killing({ ...state, afterwards: { kind: 'stopped' } }, at), [signal('group', 'SIGKILL')]];
    case 'clearing':
    case 'spawning':
      return [{ kind: 'stopped', run: state.run }, reports(state.waiters, { kind: 'stopped-early' })];
    case 'backoff':
      return [{ kind: 'stopped', run: state.run }, []];
    case 'idle':
    case 'killing':
    case 'stopped':
    case 'exited':
      return [state, []];
  }
}

function onTick(state: ServiceState, at: At): ServiceStep {
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
      return clear(state.run, [], state.tries, leftoverGrace);
    case 'idle':
    case 'clearing':
    case 'spawning':
    case 'stopped':
    case 'exited':
      return [state, []];
  }
}

function clear(lastRun: number, waiters: readonly Waiter[], tries: Tries, grace: number): ServiceStep {
  const run = lastRun + 1;
  return [{ kind: 'clearing', run, waiters, tries }, [{ kind: 'sweep', run, grace }]];
}

/** Ends what earlier runs left behind although no start follows. */
function sweep(policy: ServicePolicy, run: number): ServiceEffect {
  return { kind: 'sweep', run, grace: policy.killDelay };
}

function terminate(
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

function killing(ending: Ending, at: At): ServiceState {
  const { run, pid, mainGone, afterwards, waiters } = ending;
  return { kind: 'killing', run, pid, mainGone, afterwards, waiters, giveUpAt: at.now + giveUpDelay };
}

function ended(policy: ServicePolicy, ending: Ending, exit: Exit | undefined, at: At): ServiceStep {
  if (ending.afterwards.kind === 'restart')
    return backOff(policy, ending.run, ending.afterwards.tries, exit ?? { signal: 'SIGTERM' }, at);
  return [
    { kind: 'stopped', run: ending.run },
    [tell({ kind: 'stopped', waiting: false }), ...reports(ending.waiters, { kind: 'done' })],
  ];
}

function backOff(
  policy: ServicePolicy,
  run: number,
  tries: Tries,
  cause: Exit | { readonly spawnFailure: string },
  at: At,
): ServiceStep {
  const { delay: first, factor, limit } = policy.backoff;
  const delay = Math.min(tries.count === 0 ? first : tries.delay * factor, limit);
  const next: Tries = { count: tries.count + 1, delay };
  // 0 to 10 % on top, so that replicas do not restart in step.
  const until = at.now + delay * (1 + at.jitter * 0.1);
  return [
    { kind: 'backoff', run, tries: next, until, cause },
    [tell({ kind: 'backoff', delay, count: next.count })],
  ];
}

function signal(to: 'main' | 'group', name: 'SIGTERM' | 'SIGKILL'): ServiceEffect {
  return { kind: 'signal', to, signal: name };
}

function tell(tale: ServiceTale): ServiceEffect {
  return { kind: 'tell', tale };
}

function report(waiter: Waiter, outcome: ServiceReport): ServiceEffect {
  return { kind: 'report', waiter, report: outcome };
}

function reports(waiters: readonly Waiter[], outcome: ServiceReport): readonly ServiceEffect[] {
  return waiters.map((waiter) => report(waiter, outcome));
}
