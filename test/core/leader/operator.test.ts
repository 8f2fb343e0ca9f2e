// What operators ask of a replica, and how it lets go; told as stories.
import { describe, expect, test } from 'vitest';
import { millisecond, second } from '../../../src/core/leader/timing.ts';
import { leader, liveLeader, recordBy, recordIn, tenure, viewOf, words } from '../../support/leader-life.ts';

const waiter = 'a';

describe('a hand-over', () => {
  test('renews for as long as the work takes to end, then releases clean and stays out for 2 R', () => {
    const life = leader();
    const { term } = tenure(life.state());
    expect(words(life.feed({ kind: 'step-down', span: 0, waiter }))).toEqual([
      'stop graceful',
      'handing-over',
    ]);
    const meanwhile = words(life.pass(60 * second));
    expect(new Set(meanwhile)).toEqual(new Set(['write held clean', 'feed']));
    expect(words(life.feed({ kind: 'drained', term }))).toEqual(['write released clean']);
    expect(words(life.pass(millisecond))).toEqual(['released', 'a: done']);
    expect(words(life.pass(4.9 * second))).toEqual([]);
    expect(words(life.pass(0.2 * second))).toContain('start');
  });

  test('to a named replica says so in the record', () => {
    const life = leader();
    life.feed({ kind: 'transfer', to: 'third', waiter });
    life.feed({ kind: 'drained', term: tenure(life.state()).term });
    life.pass(millisecond);
    expect(recordIn(life)).toMatchObject({ state: 'released', clean: true, successor: 'third' });
  });

  test('without renewals ends in a demotion at D, and is still carried out afterwards', () => {
    const life = leader();
    const { term } = tenure(life.state());
    life.feed({ kind: 'pause', span: undefined, waiter });
    life.mode = 'down';
    expect(words(life.pass(12 * second))).toContain('stop fast');
    life.pass(4 * second);
    expect(words(life.feed({ kind: 'drained', term }))).toContain('a: done');
    expect(life.role()).toBe('paused');
  });

  test('from the start delay is at once, and not clean', () => {
    const life = liveLeader();
    life.pass(second);
    expect(life.role()).toBe('settling');
    life.feed({ kind: 'step-down', span: 0, waiter });
    life.pass(millisecond);
    expect(recordIn(life)).toMatchObject({ state: 'released', clean: false });
  });

  test('whose release is lost is tried again for 2 Q, and then left to age', () => {
    const life = leader();
    life.feed({ kind: 'shutdown', waiter });
    life.mode = 'down';
    life.feed({ kind: 'drained', term: tenure(life.state()).term });
    const effects = words(life.pass(4 * second));
    expect(effects.filter((word) => word === 'write released clean').length).toBeGreaterThan(3);
    expect(effects.slice(-2)).toEqual(['unreleased', 'a: done']);
    expect(life.role()).toBe('off');
  });

  test('whose release was carried out although its answer was lost is over', () => {
    const life = leader();
    life.feed({ kind: 'shutdown', waiter });
    life.mode = 'lost';
    life.feed({ kind: 'drained', term: tenure(life.state()).term });
    life.mode = 'well';
    expect(words(life.pass(3 * second))).toEqual(['write released clean', 'released', 'a: done']);
  });

  test('that finds an earlier renewal in its way releases all the same', () => {
    const life = leader();
    life.mode = 'lost';
    life.pass(2.5 * second);
    life.mode = 'well';
    life.feed({ kind: 'shutdown', waiter });
    life.feed({ kind: 'drained', term: tenure(life.state()).term });
    life.pass(10 * millisecond);
    expect(recordIn(life).state).toBe('released');
  });
});

describe('who has just let go', () => {
  test('holds back from the record it has released, but not from one that is missing', () => {
    for (const isDeleted of [false, true]) {
      const life = leader();
      life.feed({ kind: 'step-down', span: 0, waiter });
      life.feed({ kind: 'drained', term: tenure(life.state()).term });
      life.pass(millisecond);
      if (isDeleted) life.view = viewOf(undefined);
      life.pass(2 * second);
      expect(life.role()).toBe(isDeleted ? 'settling' : 'following');
    }
  });
});

describe('an operator', () => {
  test('can pause a follower, which then only looks, and resume it', () => {
    const life = liveLeader({}, { view: viewOf(recordBy('other')) });
    life.pass(second);
    expect(words(life.feed({ kind: 'pause', span: undefined, waiter }))).toEqual(['paused', 'a: done']);
    life.view = viewOf(recordBy('other', { write: 2, state: 'released' }));
    expect(words(life.pass(3_600 * second))).toEqual(['following']);
    expect(words(life.feed({ kind: 'resume', waiter: 'b' }))).toContain('b: done');
    expect(words(life.pass(100 * millisecond))).toContain('start');
  });

  test('can have the leader stay out for a while', () => {
    const life = leader();
    life.feed({ kind: 'step-down', span: 60 * second, waiter });
    life.feed({ kind: 'drained', term: tenure(life.state()).term });
    expect(words(life.pass(59 * second))).toContain('a: done');
    expect(life.role()).toBe('paused');
    expect(words(life.pass(2 * second))).toContain('start');
  });

  test('is told who leads where there is nothing to hand over', () => {
    const life = liveLeader({}, { view: viewOf(recordBy('other')) });
    life.pass(second);
    for (const event of [
      { kind: 'step-down', span: 0, waiter },
      { kind: 'transfer', to: 'third', waiter },
    ] as const)
      expect(life.feed(event)).toContainEqual({
        kind: 'report',
        waiter,
        report: { kind: 'not-leading', leader: 'other' },
      });
  });

  test('can take a pause back while the work is still being stopped', () => {
    const life = leader();
    life.feed({ kind: 'pause', span: undefined, waiter });
    life.feed({ kind: 'resume', waiter: 'b' });
    life.feed({ kind: 'drained', term: tenure(life.state()).term });
    life.pass(millisecond);
    expect(life.role()).toBe('following');
  });

  test('can end it for good, whatever was asked before and after', () => {
    const life = leader();
    life.feed({ kind: 'step-down', span: 0, waiter: 'a' });
    life.feed({ kind: 'shutdown', waiter: 'b' });
    life.feed({ kind: 'pause', span: undefined, waiter: 'c' });
    life.feed({ kind: 'drained', term: tenure(life.state()).term });
    expect(words(life.pass(second))).toEqual(['released', 'a: done', 'b: done', 'c: done']);
    expect(life.role()).toBe('off');
    expect(words(life.pass(3_600 * second))).toEqual([]);
    expect(words(life.feed({ kind: 'resume', waiter: 'd' }))).toEqual(['d: done']);
    expect(life.role()).toBe('off');
  });

  test('who pauses during an attempt and resumes has both answered', () => {
    const life = liveLeader({}, { view: viewOf(recordBy('other', { state: 'released' })) });
    life.pass(millisecond);
    life.feed({ kind: 'tick' });
    expect(life.role()).toBe('acquiring');
    const told = [
      ...words(life.feed({ kind: 'pause', span: undefined, waiter })),
      ...words(life.feed({ kind: 'resume', waiter: 'b' })),
    ];
    expect(told).toEqual(expect.arrayContaining(['a: done', 'b: done']));
  });

  test('who pauses during an attempt gets the record given back', () => {
    const life = liveLeader({}, { view: viewOf(recordBy('other', { state: 'released' })) });
    life.pass(millisecond);
    life.feed({ kind: 'tick' });
    expect(life.role()).toBe('acquiring');
    life.feed({ kind: 'pause', span: undefined, waiter });
    expect(words(life.pass(5 * millisecond))).toEqual([
      'write released clean',
      'released',
      'paused',
      'a: done',
    ]);
  });
});
