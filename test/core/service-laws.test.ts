// The laws of the service machine under any order of events, with a pretend operating system that may fail anywhere.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stepService } from '../../src/core/service.ts';
import { idle, serviceDeadline } from '../../src/core/service-state.ts';
import type {
  ServiceEffect,
  ServiceEvent,
  ServicePolicy,
  ServiceState,
} from '../../src/core/service-state.ts';
import { policy } from '../support/service-life.ts';

type Move =
  | { readonly kind: 'start' | 'stop' | 'abort' | 'kill' }
  | { readonly kind: 'check'; readonly action: 'restart' | 'ignore' | 'shutdown' }
  | { readonly kind: 'die'; readonly code: number; readonly alone: boolean }
  | { readonly kind: 'empty' | 'sweep' }
  | { readonly kind: 'wait'; readonly time: number };

const move: fc.Arbitrary<Move> = fc.oneof(
  fc.constantFrom<Move>({ kind: 'start' }, { kind: 'stop' }, { kind: 'abort' }, { kind: 'kill' }),
  fc.constantFrom<Move>({ kind: 'empty' }, { kind: 'sweep' }),
  fc.record({
    kind: fc.constant('check' as const),
    action: fc.constantFrom('restart', 'ignore', 'shutdown'),
  }),
  fc.record({ kind: fc.constant('die' as const), code: fc.constantFrom(0, 1, 3), alone: fc.boolean() }),
  fc.record({ kind: fc.constant('wait' as const), time: fc.integer({ min: 1, max: 9_000 }) }),
);

const withChild = new Set(['starting', 'working', 'running', 'terminating', 'killing']);

/** Plays the moves and returns the first law that was broken, or undefined. */
function brokenLaw(
  step: typeof stepService,
  moves: readonly Move[],
  spawnFails: readonly boolean[],
  rules: ServicePolicy = policy,
): string | undefined {
  let state: ServiceState = idle;
  let now = 0;
  let spawns = 0;
  let waiters = 0;
  const open = new Set<string>();
  let child: { run: number; main: boolean; group: boolean } | undefined;
  let sweeping: number | undefined;
  let broken: string | undefined;
  let stopBy: number | undefined;

  function feed(event: ServiceEvent): void {
    const [next, effects] = step(rules, state, event, { now, jitter: 0 });
    state = next;
    for (const effect of effects) carryOut(effect);
  }

  function carryOut(effect: ServiceEffect): void {
    if (effect.kind === 'sweep') sweeping = effect.run;
    if (effect.kind === 'report' && !open.delete(effect.waiter)) broken = `${effect.waiter} was told twice`;
    if (effect.kind === 'report' && rules.type === 'task' && effect.waiter.startsWith('start')) {
      if (effect.report.kind === 'done' && state.kind !== 'done') broken = 'a start was done before its task';
    }
    if (effect.kind === 'signal' && effect.signal === 'SIGKILL' && child !== undefined) child.group = true;
    if (effect.kind !== 'spawn') return;
    if (child !== undefined) broken = 'a second child was spawned';
    const fails = spawnFails[spawns % Math.max(1, spawnFails.length)] === true;
    spawns += 1;
    if (fails) return feed({ kind: 'spawn-failed', run: effect.run, reason: 'no' });
    child = { run: effect.run, main: true, group: true };
    feed({ kind: 'spawned', run: effect.run, pid: 100 + spawns });
  }

  function ask(kind: 'start' | 'stop'): void {
    waiters += 1;
    open.add(`${kind}${waiters}`);
    if (kind === 'stop') stopBy = Math.min(stopBy ?? Infinity, now + policy.killDelay + 5_000);
    feed({ kind, waiter: `${kind}${waiters}` });
  }

  function die(code: number, alone: boolean): void {
    if (child === undefined || !child.main) return;
    const { run } = child;
    // Once its group has gone, nothing of a crashed run is a child any more; leftovers are the sweep's business.
    const ending = state.kind === 'terminating' || state.kind === 'killing';
    child = alone || !ending ? undefined : { run, main: false, group: true };
    feed({ kind: 'exited', run, exit: { code }, alone });
  }

  function play(one: Move): void {
    switch (one.kind) {
      case 'start':
      case 'stop':
        return ask(one.kind);
      case 'abort': {
        const waiter = [...open].find((name) => name.startsWith('start'));
        return waiter === undefined ? undefined : feed({ kind: 'abort', waiter });
      }
      case 'kill':
        return feed({ kind: 'kill' });
      case 'check':
        return feed({ kind: 'check-failed', check: 'c', action: one.action });
      case 'die':
        return die(one.code, one.alone);
      case 'empty': {
        if (child === undefined || child.main) return;
        const { run } = child;
        child = undefined;
        return feed({ kind: 'emptied', run });
      }
      case 'sweep': {
        if (sweeping === undefined) return;
        const run = sweeping;
        sweeping = undefined;
        return feed({ kind: 'swept', run, found: 0, left: 0 });
      }
      case 'wait':
        return wait(one.time);
    }
  }

  function wait(time: number): void {
    const end = now + time;
    for (let turns = 0; ; turns += 1) {
      const deadline = serviceDeadline(state);
      if (deadline === undefined || deadline > end) break;
      if (turns > 1_000) {
        broken = 'a deadline that never passes';
        break;
      }
      now = Math.max(now, deadline);
      feed({ kind: 'tick' });
      undying();
    }
    now = end;
  }

  // A process that survives SIGKILL for 5 s is given up: the machine is not to blame for what the kernel keeps.
  function undying(): void {
    if (state.kind === 'stopped' && child !== undefined) child = undefined;
  }

  for (const one of moves) {
    play(one);
    if (broken !== undefined) return broken;
    if (state.kind === 'spawning') return 'spawning was left standing';
    if (withChild.has(state.kind) !== (child !== undefined))
      return `child ${child === undefined ? 'missing' : 'alive'} in ${state.kind}`;
    if (state.kind === 'stopped' || state.kind === 'idle') stopBy = undefined;
  }
  // Whatever happened, a last stop ends in peace within the promised time.
  ask('stop');
  stopBy = now + policy.killDelay + 5_000;
  wait(policy.killDelay + 5_000);
  if (sweeping !== undefined) play({ kind: 'sweep' });
  if (state.kind !== 'stopped' && state.kind !== 'idle') return `a stop left the service ${state.kind}`;
  if (open.size > 0) return `${[...open].join(', ')} never told`;
  return undefined;
}

const story = fc.tuple(
  fc.array(move, { maxLength: 60 }),
  fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
);

const taskRules: readonly ServicePolicy[] = (['restart', 'ignore', 'shutdown'] as const).flatMap(
  (onFailure) =>
    ([undefined, 'release'] as const).map((once) => ({
      ...policy,
      type: 'task',
      once,
      onSuccess: 'ignore',
      onFailure,
    })),
);

describe('under any order of events', () => {
  test('a task keeps to the same laws, and who waits for it is told that it is done only once it is', () => {
    fc.assert(
      fc.property(story, fc.constantFrom(...taskRules), ([moves, fails], rules) => {
        expect(brokenLaw(stepService, moves, fails, rules)).toBeUndefined();
      }),
      { numRuns: 3_000 },
    );
  });

  test('a task that is done too soon breaks a law', () => {
    const hasty: typeof stepService = (rules, state, event, at) => {
      const [next, effects] = stepService(rules, state, event, at);
      if (next.kind !== 'working' || next.waiters.length === 0) return [next, effects];
      const reports = next.waiters.map((waiter) => {
        return { kind: 'report', waiter, report: { kind: 'done' } } as const;
      });
      return [{ ...next, waiters: [] }, [...effects, ...reports]];
    };
    const moves: readonly Move[] = [{ kind: 'start' }, { kind: 'sweep' }];
    expect(brokenLaw(hasty, moves, [false], taskRules[0])).toBe('a start was done before its task');
    expect(brokenLaw(stepService, moves, [false], taskRules[0])).toBeUndefined();
  });

  test('one child at most lives, in its four states only; each waiter is told once; a stop ends within its time', () => {
    fc.assert(
      fc.property(story, ([moves, fails]) => {
        expect(brokenLaw(stepService, moves, fails)).toBeUndefined();
      }),
      { numRuns: 3_000 },
    );
  });

  const mutants: readonly [string, typeof stepService][] = [
    [
      'that spawns again although a child lives',
      (rules, state, event, at) => {
        if (event.kind === 'start' && state.kind === 'running')
          return [
            { ...state, kind: 'spawning', waiters: [event.waiter] },
            [{ kind: 'spawn', run: state.run }],
          ];
        return stepService(rules, state, event, at);
      },
    ],
    [
      'that forgets to kill at kill-delay',
      (rules, state, event, at) =>
        event.kind === 'tick' && state.kind === 'terminating'
          ? [{ ...state, killAt: state.killAt + 60_000 }, []]
          : stepService(rules, state, event, at),
    ],
    [
      'that forgets who waits',
      (rules, state, event, at) => {
        const [next, effects] = stepService(rules, state, event, at);
        return [
          next,
          effects.filter((effect) => effect.kind !== 'report' || effect.report.kind !== 'exited-quickly'),
        ];
      },
    ],
    [
      'that calls a stop done while the group lives',
      (rules, state, event, at) =>
        stepService(rules, state, event.kind === 'exited' ? { ...event, alone: true } : event, at),
    ],
  ];
  test.each(mutants)('a machine %s is caught', (_name, mutant) => {
    const found = fc.check(
      fc.property(story, ([moves, fails]) => brokenLaw(mutant, moves, fails) === undefined),
      { numRuns: 30_000, seed: 1 },
    );
    expect(found.failed).toBe(true);
  });
});
