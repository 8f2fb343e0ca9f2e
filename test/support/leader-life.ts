// One election machine with a pretend engine that answers within a millisecond, for life stories told synchronously.
import { initialLeader, leaderDeadline, stepLeader } from '../../src/core/leader/machine.ts';
import type { LeaderRecord, View } from '../../src/core/leader/record.ts';
import type {
  LeaderEffect,
  LeaderEvent,
  LeaderPolicy,
  LeaderState,
  Outcome,
  Tenure,
} from '../../src/core/leader/state.ts';
import { millisecond, profiles, second } from '../../src/core/leader/timing.ts';

export const policy: LeaderPolicy = {
  group: 'schedulers',
  timing: profiles.default,
  self: { name: 'me', instance: 'pod/me', boot: 'b2', isInit: true },
  poll: second,
  handicap: 0,
};

/** Somebody else's record. */
export function recordBy(holder: string, rest: Partial<LeaderRecord> = {}): LeaderRecord {
  return {
    group: 'schedulers',
    holder,
    instance: `pod/${holder}`,
    boot: `boot of ${holder}`,
    term: `term of ${holder}`,
    write: 1,
    epoch: 7,
    lease: profiles.default.lease,
    state: 'held',
    clean: true,
    successor: undefined,
    incarnation: 'one',
    board: {},
    about: {},
    ...rest,
  };
}

export function viewOf(record: LeaderRecord | undefined, rest: Partial<View> = {}): View {
  return {
    found: record === undefined ? { kind: 'none' } : { kind: 'record', record },
    version: record === undefined ? undefined : `${record.term} ${record.write}`,
    incarnation: 'one',
    epochFloor: 0,
    ...rest,
  };
}

export interface Life {
  readonly state: () => LeaderState;
  readonly role: () => LeaderState['role']['kind'];
  readonly now: () => number;
  /** What the engine holds; set it to change it behind everybody's back. */
  view: View;
  /** What the engine does with requests: `lost` is no answer, though a write may have been carried out; `read-only` forbids writes. */
  mode: 'well' | 'down' | 'lost' | 'forbidden' | 'read-only' | 'unsafe';
  /** Feeds one event and returns its effects. */
  feed(event: LeaderEvent): readonly LeaderEffect[];
  /** Lets time pass with its answers and deadlines, and returns all effects. */
  pass(span: number): readonly LeaderEffect[];
}

export function liveLeader(
  given: Partial<LeaderPolicy> = {},
  options: {
    readonly step?: typeof stepLeader;
    readonly now?: number;
    readonly settleUntil?: number;
    readonly begins?: 'following' | 'paused';
    readonly view?: View;
    /** How long it pauses after a lost request, in [0, 1). */
    readonly jitter?: number;
  } = {},
): Life {
  const rules = { ...policy, ...given };
  const step = options.step ?? stepLeader;
  let now = options.now ?? 1000 * second;
  let state = initialLeader(now, options.settleUntil, options.begins);
  const answers: { at: number; call: number; outcome: Outcome }[] = [];

  const life: Life = {
    state: () => state,
    role: () => state.role.kind,
    now: () => now,
    view: options.view ?? viewOf(undefined),
    mode: 'well',
    feed,
    pass,
  };
  return life;

  function feed(event: LeaderEvent): readonly LeaderEffect[] {
    const [next, effects] = step(rules, state, event, { now, jitter: options.jitter ?? 0 });
    state = next;
    for (const effect of effects) {
      if (effect.kind !== 'read' && effect.kind !== 'write') continue;
      const outcome = carryOut(effect);
      if (outcome !== undefined) answers.push({ at: now + millisecond, call: effect.call, outcome });
    }
    return effects;
  }

  function carryOut(request: Extract<LeaderEffect, { kind: 'read' | 'write' }>): Outcome | undefined {
    if (life.mode === 'down') return { kind: 'failed', error: 'transient', message: 'refused' };
    const isForbidden = life.mode === 'forbidden' || (life.mode === 'read-only' && request.kind === 'write');
    if (isForbidden) return { kind: 'failed', error: 'permission', message: 'no right' };
    if (life.mode === 'unsafe') return { kind: 'failed', error: 'unsafe', message: 'a replica' };
    let kind: 'ok' | 'conflict' = 'ok';
    if (request.kind === 'write' && request.expect !== life.view.version) kind = 'conflict';
    else if (request.kind === 'write') {
      const { incarnation, epochFloor } = life.view;
      life.view = viewOf(request.record, { incarnation, epochFloor });
    }
    return life.mode === 'lost' ? undefined : { kind, view: life.view };
  }

  function pass(span: number): readonly LeaderEffect[] {
    const end = now + span;
    const all: LeaderEffect[] = [];
    for (let turns = 0; ; turns += 1) {
      if (turns > 100_000) throw new Error(`time stands still in role ${state.role.kind}`);
      const answer = answers[0];
      const instant = Math.min(answer?.at ?? Infinity, leaderDeadline(state) ?? Infinity);
      if (instant > end) break;
      now = Math.max(now, instant);
      if (answer !== undefined && answer.at <= now) {
        answers.shift();
        all.push(...feed({ kind: 'reply', call: answer.call, outcome: answer.outcome }));
      } else all.push(...feed({ kind: 'tick' }));
    }
    now = end;
    return all;
  }
}

/** Effects as words: `start`, `stop fast`, `write held`, `write released clean`, `feed`, `lost: overtaken`, `a: done`. */
export function words(effects: readonly LeaderEffect[]): readonly string[] {
  return effects.flatMap((effect) => {
    switch (effect.kind) {
      case 'read':
        return [];
      case 'write':
        return `write ${effect.record.state}${effect.record.clean ? ' clean' : ''}`;
      case 'stop':
        return `stop ${effect.how}`;
      case 'report':
        return `${effect.waiter}: ${effect.report.kind}`;
      case 'tell':
        return effect.tale.kind === 'lost' ? `lost: ${effect.tale.cause}` : effect.tale.kind;
      case 'start':
      case 'feed':
        return effect.kind;
    }
  });
}

/** Of a replica that holds the record, or is losing it. */
export function tenure(state: LeaderState): Tenure {
  if (!('tenure' in state.role)) throw new Error(`no tenure in role ${state.role.kind}`);
  return state.role.tenure;
}

export function recordIn(life: Life): LeaderRecord {
  if (life.view.found.kind !== 'record') throw new Error('there is no record');
  return life.view.found.record;
}

/** A machine that leads after another has let go. */
export function leader(given: Parameters<typeof liveLeader>[0] = {}, jitter = 0): Life {
  const life = liveLeader(given, { jitter, view: viewOf(recordBy('other', { state: 'released' })) });
  life.pass(100 * millisecond);
  if (life.role() !== 'leading') throw new Error(`role is ${life.role()}`);
  return life;
}

/** A machine that has seen a free record and bids for it in a second. */
export function bidder(given: Parameters<typeof liveLeader>[0] = {}): Life {
  const view = viewOf(recordBy('other', { state: 'released' }));
  const life = liveLeader({ handicap: second, ...given }, { view });
  life.pass(10 * millisecond);
  return life;
}
