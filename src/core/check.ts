// A health check as a machine. Laws: one probe at a time; a tick that comes while one runs is dropped; the action of a
// check fires once each time it goes down; a check tied to services never runs before one of them is up.
import type { At } from './at.ts';
import type { CheckConfig } from './config.ts';

export type CheckPolicy = Pick<CheckConfig, 'period' | 'threshold' | 'startPeriod' | 'services'>;

/** Until a tied check has succeeded once, it also looks this often between its regular runs; only success counts there, ms. */
const earlyLook = 1_000;

interface Counters {
  readonly successes: number;
  readonly failures: number;
}

interface Probing {
  readonly number: number;
  readonly early: boolean;
  readonly waiters: readonly string[];
}

export type CheckState =
  | (Counters & { readonly kind: 'inactive' })
  /** Enabled, but none of its services is up. */
  | { readonly kind: 'waiting' }
  | (Counters & {
      readonly kind: 'active';
      /** Its failures have reached the threshold and no success has come since. */
      readonly down: boolean;
      /** A success has been seen since its service came up; always true for a check that is tied to none. */
      readonly proven: boolean;
      readonly nextAt: number;
      readonly earlyAt: number | undefined;
      /** Failures before this instant are not counted. */
      readonly graceUntil: number;
      readonly probing: Probing | undefined;
      readonly lastProbe: number;
    });

type Active = Extract<CheckState, { kind: 'active' }>;

export type CheckEvent =
  | { readonly kind: 'start'; readonly serviceUp: boolean }
  | { readonly kind: 'stop' }
  /** One of its services has come up. */
  | { readonly kind: 'service-up' }
  /** None of its services is up any more, `wanted`: because somebody wanted that. */
  | { readonly kind: 'service-down'; readonly wanted: boolean }
  | { readonly kind: 'refresh'; readonly waiter: string }
  | { readonly kind: 'result'; readonly number: number; readonly outcome: CheckOutcome }
  | { readonly kind: 'tick' };

export type CheckOutcome =
  { readonly up: true } | { readonly up: false; readonly error: string; readonly details: string };

export type CheckEffect =
  | { readonly kind: 'probe'; readonly number: number }
  /** A perform-check change begins; an open one of this check is put on hold. */
  | { readonly kind: 'perform' }
  /** The check has stopped: its change is put on hold. */
  | { readonly kind: 'halt' }
  /** The threshold was reached: the perform-check change fails, a recover-check change begins, actions are due. */
  | { readonly kind: 'went-down'; readonly error: string }
  /** The recover-check change is done, a perform-check change begins. */
  | { readonly kind: 'came-up' }
  | { readonly kind: 'note'; readonly level: 'INFO' | 'ERROR'; readonly text: string }
  | { readonly kind: 'failed'; readonly failures: number; readonly error: string }
  | { readonly kind: 'answer'; readonly waiter: string; readonly error: string | undefined };

export type CheckStep = readonly [CheckState, readonly CheckEffect[]];

export const inactive: CheckState = { kind: 'inactive', successes: 0, failures: 0 };

/** When the state wants a `tick`, monotonic ms. */
export function checkDeadline(state: CheckState): number | undefined {
  if (state.kind !== 'active') return undefined;
  return state.earlyAt === undefined ? state.nextAt : Math.min(state.nextAt, state.earlyAt);
}

/** What Pebble's clients see. */
export function checkStatus(state: CheckState): 'up' | 'down' | 'inactive' {
  if (state.kind !== 'active') return 'inactive';
  return state.down ? 'down' : 'up';
}

/**
 * What the check says of health at its level. A check of level ready that is tied to a service says no until it has
 * succeeded since that service came up, so that nothing is sent to a server that has not answered yet.
 */
export function isHealthy(policy: Pick<CheckConfig, 'level' | 'services'>, state: CheckState): boolean {
  if (state.kind === 'active' && state.down) return false;
  if (policy.level !== 'ready' || policy.services.length === 0) return true;
  return state.kind === 'inactive' || (state.kind === 'active' && state.proven);
}

export function stepCheck(policy: CheckPolicy, state: CheckState, event: CheckEvent, at: At): CheckStep {
  switch (event.kind) {
    case 'start':
      if (state.kind !== 'inactive') return [state, []];
      return [event.serviceUp ? begin(policy, at) : { kind: 'waiting' }, [{ kind: 'perform' }]];
    case 'stop':
      return onStop(state);
    case 'service-up':
      return onServiceUp(policy, state, at);
    case 'service-down':
      return onServiceDown(policy, state, event.wanted);
    case 'refresh':
      return onRefresh(state, event.waiter);
    case 'result':
      return onResult(policy, state, event.number, event.outcome, at);
    case 'tick':
      return onTick(policy, state, at);
  }
}

function begin(policy: CheckPolicy, at: At): Active {
  const tied = policy.services.length > 0;
  return {
    kind: 'active',
    successes: 0,
    failures: 0,
    down: false,
    proven: !tied,
    nextAt: at.now + policy.period,
    earlyAt: tied ? at.now + Math.min(earlyLook, policy.period) : undefined,
    graceUntil: at.now + policy.startPeriod,
    probing: undefined,
    lastProbe: 0,
  };
}

function onStop(state: CheckState): CheckStep {
  switch (state.kind) {
    case 'inactive':
      return [state, []];
    case 'waiting':
      return [inactive, [{ kind: 'halt' }]];
    case 'active': {
      const { successes, failures, probing } = state;
      return [
        { kind: 'inactive', successes, failures },
        [...answers(probing, 'check stopped'), { kind: 'halt' }],
      ];
    }
  }
}

function onServiceUp(policy: CheckPolicy, state: CheckState, at: At): CheckStep {
  switch (state.kind) {
    case 'inactive':
      return [state, []];
    case 'waiting':
      return [begin(policy, at), []];
    case 'active': {
      const { nextAt, earlyAt, graceUntil } = begin(policy, at);
      return [{ ...state, proven: false, nextAt, earlyAt, graceUntil }, []];
    }
  }
}

function onServiceDown(policy: CheckPolicy, state: CheckState, wanted: boolean): CheckStep {
  if (state.kind !== 'active' || policy.services.length === 0) return [state, []];
  if (!wanted) return [{ ...state, proven: false }, []];
  const effects = answers(state.probing, 'service stopped');
  return [{ kind: 'waiting' }, state.down ? [...effects, { kind: 'perform' }] : effects];
}

function onRefresh(state: CheckState, waiter: string): CheckStep {
  if (state.kind !== 'active') return [state, []];
  const { probing } = state;
  if (probing !== undefined)
    return [{ ...state, probing: { ...probing, early: false, waiters: [...probing.waiters, waiter] } }, []];
  return probe(state, false, [waiter]);
}

function onTick(policy: CheckPolicy, state: CheckState, at: At): CheckStep {
  if (state.kind !== 'active') return [state, []];
  let next = state;
  let due: 'regular' | 'early' | undefined;
  if (next.earlyAt !== undefined && at.now >= next.earlyAt) {
    due = 'early';
    next = { ...next, earlyAt: at.now + Math.min(earlyLook, policy.period) };
  }
  if (at.now >= next.nextAt) {
    due = 'regular';
    const missed = Math.floor((at.now - next.nextAt) / policy.period);
    next = { ...next, nextAt: next.nextAt + (missed + 1) * policy.period };
  }
  if (due === undefined) return [state, []];
  return next.probing === undefined ? probe(next, due === 'early', []) : [next, []];
}

function probe(state: Active, early: boolean, waiters: readonly string[]): CheckStep {
  const number = state.lastProbe + 1;
  return [{ ...state, lastProbe: number, probing: { number, early, waiters } }, [{ kind: 'probe', number }]];
}

function onResult(
  policy: CheckPolicy,
  state: CheckState,
  number: number,
  outcome: CheckOutcome,
  at: At,
): CheckStep {
  if (state.kind !== 'active' || state.probing?.number !== number) return [state, []];
  const { early, waiters } = state.probing;
  const idle = { ...state, probing: undefined };
  if (outcome.up) return onSuccess(idle, waiters);
  const said = outcome.details === '' ? outcome.error : `${outcome.error}; ${outcome.details}`;
  const answered = waiters.map((waiter): CheckEffect => ({ kind: 'answer', waiter, error: said }));
  if ((early && waiters.length === 0) || at.now < state.graceUntil) return [idle, answered];
  const failures = state.failures + 1;
  const goesDown = !state.down && failures >= policy.threshold;
  const failed: CheckEffect = { kind: 'failed', failures, error: outcome.error };
  // The task of a check that goes down notes its error itself.
  const effects: readonly CheckEffect[] = goesDown
    ? [failed, { kind: 'went-down', error: said }]
    : [{ kind: 'note', level: 'ERROR', text: said }, failed];
  return [{ ...idle, failures, down: state.down || goesDown }, [...effects, ...answered]];
}

function onSuccess(state: Active, waiters: readonly string[]): CheckStep {
  const answered = waiters.map((waiter): CheckEffect => ({ kind: 'answer', waiter, error: undefined }));
  const well = { ...state, proven: true, earlyAt: undefined, failures: 0 };
  if (state.down) return [{ ...well, down: false, successes: 1 }, [{ kind: 'came-up' }, ...answered]];
  const recovered: CheckEffect[] =
    state.failures > 0
      ? [{ kind: 'note', level: 'INFO', text: `succeeded after ${count(state.failures)}` }]
      : [];
  return [{ ...well, successes: state.successes + 1 }, [...recovered, ...answered]];
}

function count(failures: number): string {
  return failures === 1 ? '1 failure' : `${failures} failures`;
}

function answers(probing: Probing | undefined, error: string): readonly CheckEffect[] {
  return (probing?.waiters ?? []).map((waiter) => ({ kind: 'answer', waiter, error }));
}
