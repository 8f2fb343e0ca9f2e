// The laws of one election machine under any order of events, with a pretend engine and pretend work.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { stepLeader } from '../../../src/core/leader/machine.ts';
import { recordOf } from '../../../src/core/leader/observer.ts';
import type { LeaderEffect, LeaderEvent, LeaderState } from '../../../src/core/leader/state.ts';
import { leaseFrom, millisecond, second } from '../../../src/core/leader/timing.ts';
import { liveLeader, policy, recordBy, viewOf } from '../../support/leader-life.ts';
import type { Life } from '../../support/leader-life.ts';
import { mutants } from '../../sim/mutants.ts';

type Move =
  | { readonly kind: 'wait'; readonly span: number }
  | { readonly kind: 'mode'; readonly mode: Life['mode'] }
  | { readonly kind: 'record'; readonly becomes: 'held' | 'released' | 'dirty' | 'none' | 'back' }
  | { readonly kind: 'work'; readonly what: 'drained' | 'guard-gone' | 'undying' }
  | { readonly kind: 'ask'; readonly what: 'step-down' | 'transfer' | 'pause' | 'resume' | 'shutdown' }
  | { readonly kind: 'publish'; readonly key: string; readonly isSet: boolean }
  | { readonly kind: 'hear'; readonly what: 'clock-jump' | 'hint' | 'seen' | 'reconfigured' | 'late reply' };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      span: fc
        .oneof(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 1, max: 40_000 }))
        .map((ms) => ms * millisecond),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('mode' as const),
      mode: fc.constantFrom<Life['mode']>('well', 'well', 'down', 'lost', 'forbidden'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('record' as const),
      becomes: fc.constantFrom('held', 'released', 'released', 'dirty', 'none', 'back'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('work' as const),
      what: fc.constantFrom('drained', 'drained', 'guard-gone', 'undying'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      what: fc.constantFrom('step-down', 'transfer', 'pause', 'resume', 'resume', 'shutdown'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      key: fc.constantFrom('a', 'b'),
      isSet: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('hear' as const),
      what: fc.constantFrom('clock-jump', 'hint', 'seen', 'reconfigured', 'late reply'),
    }),
  },
);

/** Plays the moves and returns the first law that was broken, or undefined. */
function brokenLaw(step: typeof stepLeader, moves: readonly Move[]): string | undefined {
  let broken: string | undefined;
  let asked = 0;
  let foreign = 0;
  const open = new Set<string>();
  const entries = new Map<string, string | undefined>();
  const started = new Set<string>();
  const sentAt = new Map<string, number>();
  let highestEpoch = 0;
  let work: { term: string; isStopping: boolean; isKilled: boolean } | undefined;

  const life = liveLeader({}, { step: checked, view: viewOf(recordBy('other', { state: 'released' })) });
  for (const one of moves) play(one);
  // What was asked is answered once the work has gone and time has passed.
  life.mode = 'well';
  if (work !== undefined)
    breaks(work.isStopping || life.role() === 'leading', 'work is neither led nor stopped');
  life.feed({ kind: 'shutdown', waiter: ask() });
  for (let turn = 0; turn < 10; turn += 1) {
    life.pass(10 * second);
    die();
  }
  breaks(life.role() === 'off', `role ${life.role()} after the shutdown`);
  breaks(open.size === 0, `nobody answered ${[...open].join(', ')}`);
  return broken;

  function breaks(holds: boolean, law: string): void {
    if (!holds) broken ??= law;
  }

  function checked(...given: Parameters<typeof stepLeader>): ReturnType<typeof stepLeader> {
    const [, before, , at] = given;
    const [next, effects] = step(...given);
    for (const effect of effects) check(effect, next, at.now);
    breaks(
      before.role.kind !== 'off' || effects.every(({ kind }) => kind === 'report'),
      'acts after its end',
    );
    if (work === undefined) return [next, effects];
    const { role } = next;
    breaks(
      'tenure' in role && role.tenure.term === work.term && role.kind !== 'releasing',
      `work in ${role.kind}`,
    );
    if ('tenure' in role && role.kind !== 'releasing')
      breaks(at.now < role.tenure.lease.killAt || work.isKilled, 'work is not killed at its deadline');
    return [next, effects];
  }

  function check(effect: LeaderEffect, next: LeaderState, now: number): void {
    switch (effect.kind) {
      case 'start':
        breaks(
          next.role.kind === 'leading' && next.role.tenure.term === effect.term,
          `start in ${next.role.kind}`,
        );
        breaks(!started.has(effect.term), 'two starts in one term');
        breaks(effect.epoch > highestEpoch, 'an epoch that does not rise');
        breaks(work === undefined, 'start while earlier work runs');
        breaks(now < effect.killAt && effect.killAt <= proven(effect.term), 'start beyond what is proven');
        started.add(effect.term);
        highestEpoch = effect.epoch;
        work = { term: effect.term, isStopping: false, isKilled: false };
        break;
      case 'feed':
        breaks(effect.killAt <= proven(effect.term), 'feed beyond what is proven');
        break;
      case 'stop':
        if (work?.term !== effect.term) break;
        work = { ...work, isStopping: true, isKilled: work.isKilled || effect.how === 'kill' };
        break;
      case 'write':
        sentAt.set(`${effect.record.term} ${effect.record.write}`, now);
        breaks(effect.record.state === 'held' || work === undefined, 'release before the work is gone');
        break;
      case 'report':
        breaks(open.delete(effect.waiter), `${effect.waiter} was told twice`);
        if (effect.report.kind === 'done' && entries.has(effect.waiter)) confirm(effect.waiter);
        break;
      case 'read':
      case 'tell':
        break;
    }
  }

  /** V - X of the last write of the term that the engine is known to have carried out. */
  function proven(term: string): number {
    const { found } = life.view;
    const record = found.kind === 'record' ? found.record : undefined;
    const at = record?.term === term ? sentAt.get(`${term} ${record.write}`) : undefined;
    return at === undefined ? Infinity : leaseFrom(policy.timing, at).killAt;
  }

  function confirm(waiter: string): void {
    const record = recordOf({ view: life.view, since: 0, certified: false });
    const key = waiter.slice(0, 1);
    // A later entry of the same key may have overtaken it.
    const later = [...entries].filter(([other]) => other.startsWith(key)).map(([, value]) => value);
    breaks(
      record === undefined || record.holder !== 'me' || later.includes(record.board[key]),
      'confirmed without being there',
    );
  }

  function ask(name = 'w'): string {
    asked += 1;
    open.add(`${name}${asked}`);
    return `${name}${asked}`;
  }

  function die(): void {
    if (work === undefined || !work.isStopping) return;
    const { term } = work;
    work = undefined;
    life.feed({ kind: 'drained', term });
  }

  function play(one: Move): void {
    switch (one.kind) {
      case 'wait':
        return void life.pass(one.span);
      case 'mode':
        life.mode = one.mode;
        return;
      case 'record':
        return become(one.becomes);
      case 'work':
        if (one.what === 'drained') return die();
        return void life.feed({ kind: one.what, term: work?.term ?? 'b2/0' });
      case 'ask':
        return void life.feed(request(one.what));
      case 'publish': {
        const waiter = ask(one.key);
        const value = one.isSet ? waiter : undefined;
        entries.set(waiter, value);
        return void life.feed({ kind: 'publish', key: one.key, value, waiter });
      }
      case 'hear':
        if (one.what === 'seen') return void life.feed({ kind: 'seen', view: life.view });
        if (one.what !== 'late reply') return void life.feed({ kind: one.what });
        return void life.feed({
          kind: 'reply',
          call: life.state().calls - 1,
          outcome: { kind: 'ok', view: life.view },
        });
    }
  }

  function become(what: Extract<Move, { kind: 'record' }>['becomes']): void {
    if (what === 'none')
      return void (life.view = viewOf(undefined, { epochFloor: highestEpoch + foreign + 10 }));
    if (what === 'back') return void (life.view = { ...life.view, incarnation: `${life.view.incarnation}'` });
    foreign += 1;
    const record = recordBy('other', {
      term: `foreign ${foreign}`,
      epoch: highestEpoch + foreign,
      state: what === 'held' ? 'held' : 'released',
      clean: what !== 'dirty',
      incarnation: life.view.incarnation,
    });
    life.view = viewOf(record, { incarnation: life.view.incarnation });
  }

  function request(what: Extract<Move, { kind: 'ask' }>['what']): LeaderEvent {
    const waiter = ask();
    switch (what) {
      case 'step-down':
        return { kind: what, span: 0, waiter };
      case 'transfer':
        return { kind: what, to: 'third', waiter };
      case 'pause':
        return { kind: what, span: undefined, waiter };
      case 'resume':
      case 'shutdown':
        return { kind: what, waiter };
    }
  }
}

const moves = fc.array(move, { maxLength: 60 });

test('no order of events breaks a law', () => {
  fc.assert(
    fc.property(moves, (some) => {
      expect(brokenLaw(stepLeader, some)).toBeUndefined();
    }),
    { numRuns: 3_000 },
  );
});

/** The number of moves in the shortest order of events that shows a planted fault; undefined: none was found. */
function movesToFind(step: typeof stepLeader, law: RegExp): number | undefined {
  const found = fc.check(
    fc.property(moves, (some) => !law.test(brokenLaw(step, some) ?? '')),
    { numRuns: 3_000 },
  );
  return found.counterexample?.[0].length;
}

function changed(change: (effects: readonly LeaderEffect[]) => readonly LeaderEffect[]): typeof stepLeader {
  return (...given) => {
    const [next, effects] = stepLeader(...given);
    return [next, change(effects)];
  };
}

function twice(kind: LeaderEffect['kind']): typeof stepLeader {
  return changed((effects) =>
    effects.flatMap((effect) => (effect.kind === kind ? [effect, effect] : effect)),
  );
}

const planted: readonly (readonly [fault: string, step: typeof stepLeader | undefined, law: RegExp])[] = [
  ...(
    [
      ['M1 the deadline is counted from the reply', /beyond what is proven/],
      ['M4 the record is released before the work is gone', /before the work is gone/],
      ['M10 an unanswered renewal counts as carried out', /beyond what is proven|without being there/],
      ['M17 an entry counts as published once it is sent', /without being there|told twice/],
    ] as const
  ).map(([name, law]) => [name, mutants[name]?.step, law] as const),
  ['a second start in one term', twice('start'), /two starts/],
  ['an answer that is given twice', twice('report'), /told twice/],
  [
    'a guard that is given a nanosecond more',
    changed((effects) =>
      effects.map((effect) => (effect.kind === 'feed' ? { ...effect, killAt: effect.killAt + 1 } : effect)),
    ),
    /feed beyond/,
  ],
  [
    'an epoch that is used again',
    (given, state, event, at) => stepLeader(given, { ...state, highestEpoch: 0 }, event, at),
    /does not rise/,
  ],
];

test.each(planted)('these laws find %s', (_fault, step, law) => {
  if (step === undefined) throw new Error('there is no such mutant');
  expect(movesToFind(step, law)).toBeLessThan(8);
});
