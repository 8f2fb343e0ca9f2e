// The design with one fault planted in it, around the product's code: what each part of it is for. A simulation that does
// not catch all of these proves nothing.
import { stepLeader } from '../../src/core/leader/machine.ts';
import { recordOf } from '../../src/core/leader/observer.ts';
import type { LeaderRecord, View } from '../../src/core/leader/record.ts';
import type {
  LeaderEffect,
  LeaderEvent,
  LeaderPolicy,
  LeaderState,
  LeaderStep,
  Outcome,
} from '../../src/core/leader/state.ts';
import { leaseFrom } from '../../src/core/leader/timing.ts';
import { theDesign } from './rules.ts';
import type { Rules } from './rules.ts';

type Step = typeof stepLeader;

export const mutants: Readonly<Record<string, Rules>> = {
  'M1 the deadline is counted from the reply': withStep((policy, state, event, at) => {
    const { call, role } = state;
    if (event.kind !== 'reply' || call === undefined) return stepLeader(policy, state, event, at);
    const lease = leaseFrom(policy.timing, at.now);
    const late = role.kind === 'acquiring' ? { ...role, attempt: { ...role.attempt, lease } } : role;
    return stepLeader(policy, { ...state, role: late, call: { ...call, lease } }, event, at);
  }),

  'M2 there is no guard': { ...theDesign, guard: 'none' },

  'M3 the time to stop is not reserved in the lease': withStep((policy, state, event, at) =>
    changed(stepLeader(policy, state, event, at), (next) => withLateDeadlines(policy, next)),
  ),

  'M4 the record is released before the work is gone': withStep((policy, state, event, at) => {
    const [next, effects] = stepLeader(policy, state, event, at);
    if (next.role.kind !== 'handing-over') return [next, effects];
    const { term } = next.role.tenure;
    const [last, more] = stepLeader(policy, next, { kind: 'drained', term }, at);
    return [last, [...effects, ...more]];
  }),

  'M5 a missing record counts as a free one': withViews((view) =>
    view.found.kind === 'none' ? { ...view, found: freeRecord(view) } : view,
  ),

  'M6 clocks drift by 20 % instead of 1 %': { ...theDesign, drift: 0.2 },

  'M7 the incarnation is not looked at': withViews(
    (view) => ({ ...view, incarnation: '' }),
    (record) => ({ ...record, incarnation: '' }),
  ),

  'M8 "clean" is written while settling': withViews(
    (view) => view,
    (record) => ({ ...record, clean: true }),
  ),

  'M9 epochs start again where the record is missing': withViews(
    (view) => ({ ...view, epochFloor: 0 }),
    (record) => record,
    (state) =>
      state.sight?.view.found.kind === 'none' && state.role.kind === 'following'
        ? { ...state, highestEpoch: 0 }
        : state,
  ),

  'M10 an unanswered renewal counts as carried out': withStep((policy, state, event, at) => {
    const [next, effects] = stepLeader(policy, state, event, at);
    const renewal = effects.find((effect) => effect.kind === 'write');
    if (renewal?.kind !== 'write' || next.role.kind !== 'leading') return [next, effects];
    const { expect, record } = renewal;
    const view: View = {
      found: { kind: 'record', record },
      version: expect,
      incarnation: record.incarnation,
      epochFloor: 0,
    };
    const reply: LeaderEvent = { kind: 'reply', call: renewal.call, outcome: { kind: 'ok', view } };
    const [last, more] = stepLeader(policy, next, reply, at);
    return [last, [...effects, ...more]];
  }),

  'M11 a record of ours that an earlier renewal wrote counts as proof': withStep(
    (policy, state, event, at) => {
      const isOurs =
        event.kind === 'reply' &&
        event.outcome.kind === 'conflict' &&
        'tenure' in state.role &&
        recordOf({ view: event.outcome.view, since: 0, certified: false })?.term === state.role.tenure.term;
      if (!isOurs) return stepLeader(policy, state, event, at);
      const outcome: Outcome = { ...event.outcome, kind: 'ok' };
      return stepLeader(policy, state, { ...event, outcome }, at);
    },
  ),

  'M12 an engine that fails over during the attempt goes unnoticed': withStep((policy, state, event, at) => {
    const { role } = state;
    if (role.kind !== 'acquiring') return stepLeader(policy, state, event, at);
    const { incarnation } = role.attempt;
    const same = changedEvent(event, (view) => ({ ...view, incarnation }));
    return stepLeader(policy, state, same, at);
  }),

  'M13 a certificate for one holder counts for the next': withStep((policy, state, event, at) => {
    const term = recordOf(state.sight)?.term;
    if (event.kind !== 'holder-gone' || term === undefined) return stepLeader(policy, state, event, at);
    return stepLeader(policy, state, { ...event, term }, at);
  }),

  'M14 the guard starts work after its deadline': { ...theDesign, guard: 'obedient' },

  'M15 a shorter lease counts from its proof, not from its sending': withStep((policy, state, event, at) => {
    const [next, effects] = stepLeader(policy, state, event, at);
    if (event.kind === 'clock-jump' || !('tenure' in state.role) || state.role.kind !== next.role.kind)
      return [next, effects];
    const { tenure } = state.role;
    if (!('tenure' in next.role) || next.role.tenure.lease.killAt >= tenure.lease.killAt)
      return [next, effects];
    const role = { ...next.role, tenure: { ...next.role.tenure, lease: tenure.lease } };
    return [{ ...next, role }, effects.filter(({ kind }) => kind !== 'feed')];
  }),

  'M16 the board is not handed on': withViews((view) =>
    view.found.kind === 'record'
      ? { ...view, found: { kind: 'record', record: { ...view.found.record, board: {} } } }
      : view,
  ),

  'M17 an entry counts as published once it is sent': withStep((policy, state, event, at) => {
    const [next, effects] = stepLeader(policy, state, event, at);
    if (event.kind !== 'publish' || !effects.some(({ kind }) => kind === 'write')) return [next, effects];
    return [next, [...effects, { kind: 'report', waiter: event.waiter, report: { kind: 'done' } }]];
  }),

  'M18 an answer that comes when starts are refused already saves the term': withStep(
    (policy, state, event, at) => {
      const { role } = state;
      if (event.kind !== 'reply' || role.kind !== 'leading') return stepLeader(policy, state, event, at);
      const { tenure } = role;
      const lease = { ...tenure.lease, demoteAt: Math.max(tenure.lease.demoteAt, at.now + 1) };
      return stepLeader(policy, { ...state, role: { ...role, tenure: { ...tenure, lease } } }, event, at);
    },
  ),
};

function withStep(step: Step): Rules {
  return { ...theDesign, step };
}

function changed([state, effects]: LeaderStep, change: (state: LeaderState) => LeaderState): LeaderStep {
  return [change(state), effects];
}

/** What the machine sees and writes is not what is there. */
function withViews(
  seen: (view: View) => View,
  written: (record: LeaderRecord) => LeaderRecord = (record) => record,
  forgets: (state: LeaderState) => LeaderState = (state) => state,
): Rules {
  return withStep((policy, state, event, at) => {
    const [next, effects] = stepLeader(policy, forgets(state), changedEvent(event, seen), at);
    return [
      next,
      effects.map((effect): LeaderEffect =>
        effect.kind === 'write' ? { ...effect, record: written(effect.record) } : effect,
      ),
    ];
  });
}

function changedEvent(event: LeaderEvent, seen: (view: View) => View): LeaderEvent {
  if (event.kind === 'seen') return { ...event, view: seen(event.view) };
  if (event.kind !== 'reply' || event.outcome.kind === 'failed') return event;
  const outcome: Outcome = { ...event.outcome, view: seen(event.outcome.view) };
  return { ...event, outcome };
}

function freeRecord({ incarnation }: View): View['found'] {
  const names = { group: '', holder: '', instance: '', boot: '', term: '', successor: undefined };
  const record = { ...names, write: 0, epoch: 0, lease: 1, clean: true, incarnation, board: {}, about: {} };
  return { kind: 'record', record: { ...record, state: 'released' } };
}

/** SIGTERM only when the lease has ended, SIGKILL after that. */
function withLateDeadlines(policy: LeaderPolicy, state: LeaderState): LeaderState {
  const { role } = state;
  if (role.kind !== 'settling' && role.kind !== 'leading' && role.kind !== 'handing-over') return state;
  const { lease } = role.tenure;
  const demoteAt = lease.validUntil;
  const killAt = demoteAt + policy.timing.lostKillDelay;
  return { ...state, role: { ...role, tenure: { ...role.tenure, lease: { ...lease, demoteAt, killAt } } } };
}
