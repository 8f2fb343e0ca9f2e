// A replica that does not hold the record: it follows, waits, bids, or only looks; told as stories with an engine that
// answers within a millisecond.
import { describe, expect, test } from 'vitest';
import { isLed } from '../../../src/core/leader/machine.ts';
import { millisecond, second } from '../../../src/core/leader/timing.ts';
import {
  bidder,
  liveLeader,
  policy,
  recordBy,
  recordIn,
  tenure,
  viewOf,
  words,
} from '../../support/leader-life.ts';

const full = 15.15 * second;
const waiter = 'a';

describe('a replica that follows', () => {
  test('takes a record that was released clean, and starts work at once', () => {
    const life = liveLeader({}, { view: viewOf(recordBy('other', { state: 'released' })) });
    expect(words(life.pass(100 * millisecond))).toEqual(['write held clean', 'start', 'gained']);
    expect(recordIn(life)).toMatchObject({ holder: 'me', epoch: 8, state: 'held', clean: true });
  });

  test('takes a missing record, but starts work only after L(1+ρ)', () => {
    const life = liveLeader();
    expect(words(life.pass(15 * second))).not.toContain('start');
    expect(life.role()).toBe('settling');
    expect(recordIn(life).clean).toBe(false);
    expect(words(life.pass(second))).toContain('start');
    life.pass(3 * second);
    expect(recordIn(life).clean).toBe(true);
  });

  test('leaves a held record alone until it has stood still for L(1+ρ), then leads at once', () => {
    const life = liveLeader({}, { view: viewOf(recordBy('other')) });
    expect(words(life.pass(full))).toEqual(['following']);
    expect(words(life.pass(100 * millisecond))).toEqual(['write held clean', 'start', 'gained']);
  });

  test('never takes a record that is renewed', () => {
    const life = liveLeader({}, { view: viewOf(recordBy('other')) });
    for (let write = 2; write < 60; write += 1) {
      life.view = viewOf(recordBy('other', { write }));
      expect(words(life.pass(2.5 * second))).not.toContain('write held clean');
    }
    expect(life.role()).toBe('following');
  });

  test('goes on following where another was quicker', () => {
    const life = bidder();
    life.view = viewOf(recordBy('third', { epoch: 8 }));
    life.feed({ kind: 'hint' });
    expect(words(life.pass(5 * second))).toEqual(['following']);
    expect(life.role()).toBe('following');
  });

  test('learns from its own attempt that another was quicker', () => {
    const life = bidder({ poll: 60 * second });
    life.view = viewOf(recordBy('third', { epoch: 8 }));
    expect(words(life.pass(5 * second))).toEqual(['write held clean', 'following']);
    expect(life.role()).toBe('following');
    expect(recordIn(life).holder).toBe('third');
  });

  test('leaves a record to its named successor for a second, and takes it at once if that is itself', () => {
    const free = recordBy('other', { state: 'released', successor: 'third' });
    const life = liveLeader({}, { view: viewOf(free) });
    expect(words(life.pass(990 * millisecond))).toEqual([]);
    expect(words(life.pass(100 * millisecond))).toContain('start');
    const named = liveLeader({ handicap: second }, { view: viewOf({ ...free, successor: 'me' }) });
    expect(words(named.pass(2 * millisecond))).toContain('start');
  });

  test('holds back by its handicap', () => {
    const life = liveLeader({ handicap: second }, { view: viewOf(recordBy('other', { state: 'released' })) });
    expect(words(life.pass(990 * millisecond))).toEqual([]);
    expect(words(life.pass(100 * millisecond))).toContain('start');
  });

  test('is told by the watch at once, without a look of its own', () => {
    const life = liveLeader({ poll: 60 * second }, { view: viewOf(recordBy('other')) });
    life.pass(second);
    life.view = viewOf(recordBy('other', { write: 2, state: 'released' }));
    life.feed({ kind: 'seen', view: life.view });
    expect(words(life.pass(40 * millisecond))).toContain('start');
  });

  test('looks again where the watch rings while it looks, for that answer may be older', () => {
    const life = liveLeader({ poll: 60 * second }, { view: viewOf(recordBy('other')) });
    life.feed({ kind: 'tick' });
    expect(life.state().call?.what).toBe('read');
    life.view = viewOf(recordBy('other', { write: 2, state: 'released' }));
    life.feed({ kind: 'hint' });
    expect(words(life.pass(40 * millisecond))).toContain('start');
  });

  test('looks at once when the watch rings or breaks', () => {
    const life = liveLeader({ poll: 60 * second }, { view: viewOf(recordBy('other')) });
    life.pass(second);
    life.view = viewOf(recordBy('other', { write: 2, state: 'released' }));
    life.feed({ kind: 'hint' });
    expect(words(life.pass(40 * millisecond))).toContain('start');
  });

  test('runs nothing while the engine cannot be reached, for however long', () => {
    const life = liveLeader();
    life.mode = 'down';
    expect(words(life.pass(3_600 * second))).toEqual([]);
    life.mode = 'lost';
    expect(words(life.pass(3_600 * second))).not.toContain('start');
    expect(isLed(policy, life.state(), life.now())).toBe(false);
  });

  test('never overwrites a record of a later format, and tells of it once', () => {
    const life = liveLeader({}, { view: viewOf(recordBy('other'), { found: { kind: 'newer', format: 2 } }) });
    expect(words(life.pass(3_600 * second))).toEqual(['newer']);
    expect(isLed(policy, life.state(), life.now())).toBe(false);
  });

  test('has an epoch above the highest it ever saw, even if the record is gone since', () => {
    const life = liveLeader({}, { view: viewOf(recordBy('other', { epoch: 41 })) });
    life.pass(second);
    life.view = viewOf(undefined);
    life.pass(2 * second);
    expect(recordIn(life).epoch).toBe(42);
  });

  test('has an epoch above the floor that the engine knows of', () => {
    const life = liveLeader({}, { view: viewOf(undefined, { epochFloor: 1_000 }) });
    life.pass(second);
    expect(recordIn(life).epoch).toBe(1_001);
  });

  test('waits for the end of the election elsewhere, where it has moved, whatever the record says', () => {
    const released = viewOf(recordBy('other', { state: 'released' }));
    const life = liveLeader({}, { view: released, settleUntil: 1_020 * second });
    expect(words(life.pass(19 * second))).not.toContain('start');
    expect(recordIn(life).clean).toBe(false);
    expect(words(life.pass(2 * second))).toContain('start');
  });
});

describe('an attempt', () => {
  test('whose answer is lost is looked up and adopted; the lease counts from the attempt, and is renewed at once', () => {
    const life = bidder();
    life.mode = 'lost';
    life.pass(second);
    expect(life.role()).toBe('acquiring');
    const sentAt = life.state().call?.lease.sentAt ?? 0;
    life.mode = 'well';
    let effects: readonly string[] = [];
    while (!effects.includes('start')) effects = words(life.pass(millisecond));
    expect(tenure(life.state()).lease.sentAt).toBe(sentAt);
    expect(words(life.pass(2 * millisecond))).toContain('feed');
    expect(tenure(life.state()).lease.sentAt).toBeGreaterThan(sentAt + 2 * second);
  });

  test('whose answer is lost and that was not carried out leads to following', () => {
    const life = bidder();
    life.mode = 'down';
    life.pass(second);
    expect(life.role()).toBe('acquiring');
    life.mode = 'well';
    life.view = viewOf(recordBy('third'));
    expect(words(life.pass(400 * millisecond))).toEqual(['following']);
    expect(life.role()).toBe('following');
  });

  test('during which the engine fails over settles for the full delay', () => {
    const life = bidder({ poll: 60 * second });
    life.view = { ...life.view, incarnation: 'two' };
    life.pass(1.1 * second);
    expect(life.role()).toBe('settling');
    expect(words(life.pass(14.9 * second))).not.toContain('start');
    expect(words(life.pass(second))).toContain('start');
  });

  test.each([
    ['at all', 'forbidden', 'read'],
    ['to write', 'read-only', 'write'],
  ] as const)(
    'that is not permitted %s blocks, says so once, and is made ever less often, at last each minute',
    (_what, mode, request) => {
      const life = liveLeader({}, { view: viewOf(recordBy('other', { state: 'released' })) });
      life.mode = mode;
      const tries: number[] = [];
      const told: string[] = [];
      for (let at = 0; at < 400; at += 1) {
        const effects = life.pass(second);
        told.push(...words(effects));
        if (effects.some(({ kind }) => kind === request)) tries.push(at);
      }
      expect(told.filter((word) => word === 'blocked')).toHaveLength(1);
      const pauses = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
      expect(pauses.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    },
  );

  test('that was refused is made again a second later, as an engine may refuse while it starts', () => {
    const life = liveLeader({}, { view: viewOf(recordBy('other', { state: 'released' })) });
    life.mode = 'forbidden';
    life.pass(100 * millisecond);
    expect(life.role()).toBe('blocked');
    life.mode = 'well';
    expect(words(life.pass(1.1 * second))).toContain('start');
    expect(life.state().refused).toBeUndefined();
  });

  test('that is refused for good is made anew at once when settings change', () => {
    const life = bidder();
    life.mode = 'forbidden';
    life.pass(180 * second);
    expect(life.role()).toBe('blocked');
    life.mode = 'well';
    life.feed({ kind: 'reconfigured' });
    expect(words(life.pass(2 * second))).toContain('start');
  });

  test('is not even made where the engine would be unsafe', () => {
    const life = liveLeader({}, { view: viewOf(recordBy('other', { state: 'released' })) });
    life.mode = 'unsafe';
    expect(words(life.pass(30 * second))).toEqual(['blocked']);
    life.mode = 'well';
    expect(words(life.pass(60 * second))).toContain('start');
  });
});

describe('a replica that begins paused', () => {
  test('never bids, but keeps its sight fresh by poll and watch', () => {
    const life = liveLeader({}, { begins: 'paused', view: viewOf(recordBy('other')) });
    life.pass(second);
    expect(life.role()).toBe('paused');
    life.view = viewOf(recordBy('other', { write: 2 }));
    life.pass(2 * second);
    expect(life.state().sight?.view).toEqual(life.view);
    life.feed({ kind: 'seen', view: viewOf(recordBy('third', { epoch: 9 })) });
    expect(isLed(policy, life.state(), life.now())).toBe(true);
    life.view = viewOf(recordBy('third', { write: 2, epoch: 9, state: 'released' }));
    expect(words(life.pass(3_600 * second))).not.toContain('start');
    expect(isLed(policy, life.state(), life.now())).toBe(false);
  });

  test('bids at once on resume where the record is free or has aged meanwhile', () => {
    for (const state of ['released', 'held'] as const) {
      const life = liveLeader({}, { begins: 'paused', view: viewOf(recordBy('other', { state })) });
      life.pass(60 * second);
      expect(words(life.feed({ kind: 'resume', waiter }))).toContain('a: done');
      expect(words(life.pass(40 * millisecond))).toContain('start');
    }
  });

  test('waits on resume while somebody leads, and stops looking for work once it is paused again', () => {
    const life = liveLeader({}, { begins: 'paused', view: viewOf(recordBy('other')) });
    life.pass(10 * second);
    life.feed({ kind: 'resume', waiter });
    expect(words(life.pass(5 * second))).toEqual([]);
    expect(life.role()).toBe('following');
    life.feed({ kind: 'pause', span: undefined, waiter });
    expect(words(life.pass(60 * second))).not.toContain('start');
  });
});

describe('whether somebody leads', () => {
  test('is not seen from a record that was let go, even if it has to be waited out', () => {
    const view = viewOf(recordBy('other', { state: 'released', clean: false }));
    const life = liveLeader({}, { view });
    life.pass(second);
    expect(isLed(policy, life.state(), life.now())).toBe(false);
  });

  test('is not seen while anybody waits out a start delay, here or elsewhere', () => {
    const here = liveLeader();
    here.pass(3 * second);
    expect(here.role()).toBe('settling');
    expect(isLed(policy, here.state(), here.now())).toBe(false);
    here.pass(13 * second);
    expect(isLed(policy, here.state(), here.now())).toBe(true);
    const elsewhere = liveLeader({}, { view: viewOf(recordBy('other', { clean: false })) });
    elsewhere.pass(second);
    expect(isLed(policy, elsewhere.state(), elsewhere.now())).toBe(false);
    elsewhere.view = viewOf(recordBy('other', { write: 2 }));
    elsewhere.pass(2 * second);
    expect(isLed(policy, elsewhere.state(), elsewhere.now())).toBe(true);
  });

  test('is seen from a record that has not aged', () => {
    const life = liveLeader({}, { view: viewOf(recordBy('other')) });
    life.feed({ kind: 'pause', span: undefined, waiter });
    life.pass(second);
    expect(isLed(policy, life.state(), life.now())).toBe(true);
    life.mode = 'down';
    life.pass(full);
    expect(isLed(policy, life.state(), life.now())).toBe(false);
  });
});
