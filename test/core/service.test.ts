import { describe, expect, test } from 'vitest';
import type { CheckAction, ExitAction } from '../../src/core/config.ts';
import { serviceDeadline } from '../../src/core/service-state.ts';
import { liveService, reportsIn, signalsIn } from '../support/service-life.ts';
import type { Life } from '../support/service-life.ts';

function runOf(life: Life): number {
  const state = life.state();
  return 'run' in state ? state.run : 0;
}

function exit(life: Life, code: number, alone = true) {
  return life.feed({ kind: 'exited', run: runOf(life), exit: { code }, alone });
}

describe('a start', () => {
  test('is done when the process has lived for a second', () => {
    const life = liveService();
    expect(reportsIn(life.feed({ kind: 'start', waiter: 't1' }))).toEqual([]);
    expect(life.state().kind).toBe('starting');
    expect(reportsIn(life.pass(999))).toEqual([]);
    expect(reportsIn(life.pass(1))).toEqual(['t1: done']);
    expect(life.state().kind).toBe('running');
  });

  test('fails when the process ends within that second, even with code 0, and the policy applies all the same', () => {
    const life = liveService();
    life.feed({ kind: 'start', waiter: 't1' });
    expect(reportsIn(exit(life, 0))).toEqual(['t1: exited-quickly']);
    expect(life.state()).toMatchObject({ kind: 'backoff', tries: { count: 1, delay: 500 } });
  });

  test('that cannot be carried out fails with the reason and leaves no stuck state', () => {
    const life = liveService({}, { spawn: () => 'cannot start: no such file' });
    expect(reportsIn(life.feed({ kind: 'start', waiter: 't1' }))).toEqual(['t1: spawn-failed']);
    expect(life.state().kind).toBe('exited');
    expect(reportsIn(life.feed({ kind: 'start', waiter: 't2' }))).toEqual(['t2: spawn-failed']);
  });

  test('of a running service is done at once', () => {
    const life = liveService();
    life.up();
    expect(reportsIn(life.feed({ kind: 'start', waiter: 't2' }))).toEqual(['t2: noop']);
  });

  test('while it starts joins the first', () => {
    const life = liveService();
    life.feed({ kind: 'start', waiter: 't1' });
    life.feed({ kind: 'start', waiter: 't2' });
    expect(reportsIn(life.pass(1_000))).toEqual(['t1: done', 't2: done']);
  });

  test('while it stops is refused', () => {
    const life = liveService();
    life.up();
    life.feed({ kind: 'stop', waiter: 's' });
    expect(reportsIn(life.feed({ kind: 'start', waiter: 't2' }))).toEqual(['t2: busy']);
  });

  test('that is aborted kills the process and is told so', () => {
    const life = liveService();
    life.feed({ kind: 'start', waiter: 't1' });
    const effects = life.feed({ kind: 'abort', waiter: 't1' });
    expect(signalsIn(effects)).toEqual(['group SIGKILL']);
    expect(reportsIn(effects)).toEqual(['t1: aborted']);
    exit(life, 137);
    expect(life.state().kind).toBe('stopped');
  });

  test('that is aborted while another waits for it goes on', () => {
    const life = liveService();
    life.feed({ kind: 'start', waiter: 't1' });
    life.feed({ kind: 'start', waiter: 't2' });
    expect(signalsIn(life.feed({ kind: 'abort', waiter: 't1' }))).toEqual([]);
    expect(reportsIn(life.pass(1_000))).toEqual(['t2: done']);
  });
});

describe('a stop', () => {
  test('asks the main process first, then what is left of its group, and is done when the group has gone', () => {
    const life = liveService();
    life.up();
    expect(signalsIn(life.feed({ kind: 'stop', waiter: 's' }))).toEqual(['main SIGTERM']);
    expect(signalsIn(exit(life, 0, false))).toEqual(['group SIGTERM']);
    expect(reportsIn(life.feed({ kind: 'emptied', run: runOf(life) }))).toEqual(['s: done']);
    expect(life.state().kind).toBe('stopped');
  });

  test('asks the whole group at once with kill-mode group, and only once', () => {
    const life = liveService({ killMode: 'group' });
    life.up();
    expect(signalsIn(life.feed({ kind: 'stop', waiter: 's' }))).toEqual(['group SIGTERM']);
    expect(signalsIn(exit(life, 0, false))).toEqual([]);
  });

  test('kills the group at kill-delay, counted from the first SIGTERM, and gives up 5 s later', () => {
    const life = liveService({ killDelay: 2_000 });
    life.up();
    life.feed({ kind: 'stop', waiter: 's' });
    life.pass(1_500);
    exit(life, 0, false);
    expect(signalsIn(life.pass(499))).toEqual([]);
    expect(signalsIn(life.pass(1))).toEqual(['group SIGKILL']);
    expect(life.state().kind).toBe('killing');
    expect(reportsIn(life.pass(5_000))).toEqual(['s: undying']);
    expect(life.state().kind).toBe('stopped');
  });

  test('while it starts tells the start so', () => {
    const life = liveService();
    life.feed({ kind: 'start', waiter: 't1' });
    expect(reportsIn(life.feed({ kind: 'stop', waiter: 's' }))).toEqual(['t1: stopped-early']);
    expect(reportsIn(exit(life, 0))).toEqual(['s: done']);
  });

  test('while it waits to be restarted is done at once and ends what the crash left behind', () => {
    const life = liveService();
    life.up();
    exit(life, 1);
    const effects = life.feed({ kind: 'stop', waiter: 's' });
    expect(reportsIn(effects)).toEqual(['s: done']);
    expect(effects.some((effect) => effect.kind === 'sweep')).toBe(true);
    expect(serviceDeadline(life.state())).toBeUndefined();
  });

  test('of what never ran, has stopped or has exited says so and is done', () => {
    const life = liveService({ onFailure: 'ignore' });
    expect(reportsIn(life.feed({ kind: 'stop', waiter: 'a' }))).toEqual(['a: noop']);
    life.up();
    exit(life, 1);
    expect(life.state().kind).toBe('exited');
    expect(reportsIn(life.feed({ kind: 'stop', waiter: 'b' }))).toEqual(['b: noop']);
    expect(reportsIn(life.feed({ kind: 'stop', waiter: 'c' }))).toEqual(['c: noop']);
  });

  test('joins a stop that is under way', () => {
    const life = liveService();
    life.up();
    life.feed({ kind: 'stop', waiter: 'a' });
    life.feed({ kind: 'stop', waiter: 'b' });
    expect(reportsIn(exit(life, 0))).toEqual(['a: done', 'b: done']);
  });
});

describe('an exit', () => {
  const cases: readonly [ExitAction, number, string, number | undefined][] = [
    ['restart', 0, 'backoff', undefined],
    ['restart', 3, 'backoff', undefined],
    ['ignore', 0, 'stopped', undefined],
    ['ignore', 3, 'exited', undefined],
    ['shutdown', 0, 'exited', 0],
    ['shutdown', 3, 'exited', 10],
    ['success-shutdown', 3, 'exited', 0],
    ['failure-shutdown', 0, 'exited', 10],
  ];
  test.each(cases)(
    'with action %s and code %i leads to %s, daemon exit %s',
    (action, code, kind, shutdown) => {
      const life = liveService({ onSuccess: action, onFailure: action });
      life.up();
      const effects = exit(life, code);
      expect(life.state().kind).toBe(kind);
      expect(effects.flatMap((effect) => (effect.kind === 'shutdown' ? effect.code : []))).toEqual(
        shutdown === undefined ? [] : [shutdown],
      );
    },
  );

  test('that leaves others of its group behind asks them to go, and the restart sweeps them', () => {
    const life = liveService();
    life.up();
    expect(signalsIn(exit(life, 137, false))).toEqual(['group SIGTERM']);
    expect(life.pass(500)).toContainEqual({ kind: 'sweep', run: 2, grace: 1_000 });
  });

  test('by a run that is long gone changes nothing', () => {
    const life = liveService();
    life.up();
    life.feed({ kind: 'exited', run: 99, exit: { code: 1 }, alone: true });
    expect(life.state().kind).toBe('running');
  });
});

describe('backoff', () => {
  function crashDelay(life: Life): number {
    exit(life, 1);
    const state = life.state();
    if (state.kind !== 'backoff') throw new Error(`not in backoff but ${state.kind}`);
    const delay = state.until - life.now();
    life.pass(delay);
    return delay;
  }

  test('doubles up to its limit and goes straight back to running', () => {
    const life = liveService({ backoff: { delay: 500, factor: 2, limit: 3_000 } });
    life.up();
    const delays = [1, 2, 3, 4, 5].map(() => crashDelay(life));
    expect(delays).toEqual([500, 1_000, 2_000, 3_000, 3_000]);
    expect(life.state().kind).toBe('running');
  });

  test('adds up to a tenth of jitter and never more', () => {
    const life = liveService({}, { jitter: 0.999 });
    life.up();
    const delay = crashDelay(life);
    expect(delay).toBeGreaterThan(500);
    expect(delay).toBeLessThan(550);
  });

  test('begins anew after the service stayed up for the limit', () => {
    const life = liveService({ backoff: { delay: 500, factor: 2, limit: 3_000 } });
    life.up();
    crashDelay(life);
    crashDelay(life);
    life.pass(3_000);
    expect(crashDelay(life)).toBe(500);
  });

  test('begins anew after a start by hand', () => {
    const life = liveService();
    life.up();
    crashDelay(life);
    exit(life, 1);
    life.feed({ kind: 'start', waiter: 't' });
    life.pass(1_000);
    expect(crashDelay(life)).toBe(500);
  });

  test('goes on when the start itself fails, until it succeeds', () => {
    let broken = true;
    const life = liveService({}, { spawn: (run) => (run > 1 && broken ? 'cannot start: busy' : 7) });
    life.up();
    exit(life, 1);
    life.pass(500);
    expect(life.state()).toMatchObject({ kind: 'backoff', tries: { count: 2, delay: 1_000 } });
    broken = false;
    life.pass(1_000);
    expect(life.state().kind).toBe('running');
  });
});

describe('a failed check', () => {
  const shutdowns: readonly [CheckAction, readonly number[]][] = [
    ['shutdown', [11]],
    ['success-shutdown', [0]],
    ['ignore', []],
  ];
  test.each(shutdowns)('with action %s shuts the daemon down with %j', (action, codes) => {
    for (const early of [true, false]) {
      const life = liveService();
      life.feed({ kind: 'start', waiter: 't' });
      if (!early) life.pass(1_000);
      const effects = life.feed({ kind: 'check-failed', check: 'c', action });
      expect(effects.flatMap((effect) => (effect.kind === 'shutdown' ? effect.code : []))).toEqual(codes);
    }
  });

  test('with action restart is not lost in the first second', () => {
    const life = liveService();
    life.feed({ kind: 'start', waiter: 't' });
    const effects = life.feed({ kind: 'check-failed', check: 'c', action: 'restart' });
    expect(signalsIn(effects)).toEqual(['main SIGTERM']);
    exit(life, 0);
    expect(life.state().kind).toBe('backoff');
  });

  test('restarts through backoff, and a stop that comes meanwhile wins', () => {
    const life = liveService();
    life.up();
    life.feed({ kind: 'check-failed', check: 'c', action: 'restart' });
    life.feed({ kind: 'stop', waiter: 's' });
    expect(reportsIn(exit(life, 0))).toEqual(['s: done']);
    expect(life.state().kind).toBe('stopped');
  });

  test('does nothing while a stop that somebody wants goes on, not even a shutdown', () => {
    const life = liveService();
    life.up();
    life.feed({ kind: 'stop', waiter: 's' });
    for (const action of ['restart', 'shutdown'] as const)
      expect(life.feed({ kind: 'check-failed', check: 'c', action })).toEqual([]);
    life.pass(5_000);
    expect(life.state().kind).toBe('killing');
    expect(life.feed({ kind: 'check-failed', check: 'c', action: 'shutdown' })).toEqual([]);
  });

  test('does nothing to a service that somebody stopped', () => {
    const life = liveService();
    life.up();
    life.feed({ kind: 'stop', waiter: 's' });
    exit(life, 0);
    expect(life.feed({ kind: 'check-failed', check: 'c', action: 'restart' })).toEqual([]);
    expect(life.state().kind).toBe('stopped');
  });
});

describe('a kill', () => {
  test('wins over the restart that a failed check wanted, also when SIGKILL is out already', () => {
    const life = liveService();
    life.up();
    life.feed({ kind: 'check-failed', check: 'c', action: 'restart' });
    life.pass(5_000);
    expect(life.state()).toMatchObject({ kind: 'killing', afterwards: { kind: 'restart' } });
    life.feed({ kind: 'kill' });
    exit(life, 137);
    expect(life.state().kind).toBe('stopped');
  });
});

describe('strays', () => {
  test('that got away from the group go with a stop, which nobody waits for, and are told of', () => {
    const life = liveService();
    life.up();
    life.feed({ kind: 'stop', waiter: 's' });
    const effects = exit(life, 0);
    expect(reportsIn(effects)).toEqual(['s: done']);
    expect(effects.filter(({ kind }) => kind === 'sweep')).toEqual([{ kind: 'sweep', run: 1, grace: 5_000 }]);
    const told = life.feed({ kind: 'swept', run: 1, found: 2, left: 0 });
    expect(told).toEqual([{ kind: 'tell', tale: { kind: 'strays', found: 2, left: 0 } }]);
  });

  test('are told of once where a start follows the stop at once', () => {
    const life = liveService();
    life.up();
    life.feed({ kind: 'stop', waiter: 's' });
    exit(life, 0);
    life.feed({ kind: 'start', waiter: 't' });
    expect(life.feed({ kind: 'swept', run: 1, found: 2, left: 0 })).toEqual([]);
  });
});
