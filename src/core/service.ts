// One instance of a service as a machine: step(policy, state, event, at) -> [state, effects]; what is wanted of it is
// answered here, what befalls its process in service-process.ts.
// Laws: at most one child lives; it lives exactly in starting, running, terminating and killing; the outcome of a `spawn`
// effect is the very next event.
import type { At } from './at.ts';
import type { CheckAction } from './config.ts';
import {
  backOff,
  clear,
  cutShort,
  killing,
  report,
  reports,
  signal,
  sweep,
  tell,
  terminate,
} from './service-moves.ts';
import {
  onEmptied,
  onExited,
  onSpawned,
  onSpawnFailed,
  onSwept,
  onTick,
  onWithheld,
} from './service-process.ts';
import { isActive, noTries } from './service-state.ts';
import type { ServiceEvent, ServicePolicy, ServiceState, ServiceStep, Waiter } from './service-state.ts';

export function stepService(
  policy: ServicePolicy,
  state: ServiceState,
  event: ServiceEvent,
  at: At,
): ServiceStep {
  switch (event.kind) {
    case 'start':
      return onStart(policy, state, event.waiter, event.again === true);
    case 'stop':
      return onStop(policy, state, event.waiter, at);
    case 'abort':
      return onAbort(policy, state, event.waiter, at);
    case 'swept':
      return onSwept(state, event);
    case 'spawned':
      return onSpawned(policy, state, event, at);
    case 'spawn-failed':
      return onSpawnFailed(policy, state, event, at);
    case 'withheld':
      return onWithheld(policy, state, event.run);
    case 'done-elsewhere':
      if (policy.type !== 'task' || isActive(state) || state.kind === 'done') return [state, []];
      return [{ kind: 'done', run: runOf(state) }, []];
    case 'outdated':
      return state.kind === 'done' ? [{ kind: 'stopped', run: state.run }, []] : [state, []];
    case 'exited':
      return onExited(policy, state, event, at);
    case 'emptied':
      return onEmptied(policy, state, event.run, at);
    case 'check-failed':
      return onCheckFailed(policy, state, event, at);
    case 'kill':
      return onKill(policy, state, at);
    case 'tick':
      return onTick(state, at);
  }
}

function onStart(policy: ServicePolicy, state: ServiceState, waiter: Waiter, again: boolean): ServiceStep {
  switch (state.kind) {
    case 'idle':
    case 'stopped':
    case 'exited':
      return clear(runOf(state), [waiter], noTries, policy.killDelay);
    case 'done':
      if (!again) return [state, [report(waiter, { kind: 'noop', was: 'done' })]];
      return clear(state.run, [waiter], noTries, policy.killDelay);
    case 'backoff':
      return clear(state.run, [...state.waiters, waiter], noTries, policy.killDelay);
    case 'clearing':
    case 'spawning':
    case 'starting':
    case 'working':
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
    case 'done':
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
          ...reports(state.waiters, cutShort(policy)),
          report(waiter, { kind: 'done' }),
        ],
      ];
    case 'clearing':
    case 'spawning':
      return [
        { kind: 'stopped', run: state.run },
        [
          sweep(policy, state.run),
          ...reports(state.waiters, cutShort(policy)),
          report(waiter, { kind: 'done' }),
        ],
      ];
    case 'starting':
    case 'working': {
      const [next, effects] = terminate(policy, state, { kind: 'stopped' }, [waiter], at);
      return [next, [...reports(state.waiters, cutShort(policy)), ...effects]];
    }
    case 'running':
      return terminate(policy, state, { kind: 'stopped' }, [waiter], at);
    case 'terminating':
    case 'killing':
      return [{ ...state, afterwards: { kind: 'stopped' }, waiters: [...state.waiters, waiter] }, []];
  }
}

function onAbort(policy: ServicePolicy, state: ServiceState, waiter: Waiter, at: At): ServiceStep {
  if (!('waiters' in state) || !state.waiters.includes(waiter)) return [state, []];
  if (state.kind === 'terminating' || state.kind === 'killing') return [state, []];
  const others = state.waiters.filter((other) => other !== waiter);
  if (others.length > 0)
    return [{ ...state, waiters: others }, [report(waiter, { kind: 'aborted', killed: false })]];
  // A migration that is cut off by SIGKILL may not leave its database as it found it.
  if (state.kind === 'working') {
    const [next, effects] = terminate(policy, state, { kind: 'stopped' }, [], at);
    return [next, [report(waiter, { kind: 'aborted', killed: false }), ...effects]];
  }
  if (state.kind !== 'starting')
    return [{ kind: 'stopped', run: state.run }, [report(waiter, { kind: 'aborted', killed: false })]];
  return [
    killing({ ...state, mainGone: false, afterwards: { kind: 'stopped' }, waiters: [] }, at),
    [signal('group', 'SIGKILL'), report(waiter, { kind: 'aborted', killed: true })],
  ];
}

function onCheckFailed(
  policy: ServicePolicy,
  state: ServiceState,
  event: { check: string; action: CheckAction },
  at: At,
): ServiceStep {
  const { check, action } = event;
  if (action === 'ignore' || !isWantedUp(state)) return [state, []];
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
      const [next, effects] = backOff(policy, state.run, noTries, state.cause, 'check', at);
      return [next, [told, ...effects]];
    }
    // A start is on its way as it is.
    case 'working':
    case 'done':
    case 'clearing':
    case 'spawning':
    case 'backoff':
    case 'terminating':
    case 'killing':
    case 'idle':
    case 'stopped':
      return [state, []];
  }
}

/** False where somebody wants it down: what its checks say then is nobody's concern. */
function isWantedUp(state: ServiceState): boolean {
  if (state.kind === 'terminating' || state.kind === 'killing') return state.afterwards.kind === 'restart';
  return state.kind !== 'idle' && state.kind !== 'stopped' && state.kind !== 'done';
}

function onKill(policy: ServicePolicy, state: ServiceState, at: At): ServiceStep {
  switch (state.kind) {
    case 'starting':
    case 'working':
    case 'running':
      return [
        killing({ ...state, mainGone: false, afterwards: { kind: 'stopped' }, waiters: [] }, at),
        [
          signal('group', 'SIGKILL'),
          ...(state.kind === 'running' ? [] : reports(state.waiters, cutShort(policy))),
        ],
      ];
    case 'terminating':
      return [killing({ ...state, afterwards: { kind: 'stopped' } }, at), [signal('group', 'SIGKILL')]];
    case 'clearing':
    case 'spawning':
    case 'backoff':
      return [{ kind: 'stopped', run: state.run }, reports(state.waiters, cutShort(policy))];
    case 'killing':
      return [{ ...state, afterwards: { kind: 'stopped' } }, []];
    case 'idle':
    case 'stopped':
    case 'done':
    case 'exited':
      return [state, []];
  }
}

/** Number of the latest run; 0: there was none. */
function runOf(state: ServiceState): number {
  return state.kind === 'idle' ? 0 : state.run;
}
