// The board: entries that whoever holds the record publishes, and that every later holder hands on.
import { describe, expect, test } from 'vitest';
import { boardOf } from '../../../src/core/leader/outlook.ts';
import { encodeRecord, withEntry } from '../../../src/core/leader/record.ts';
import type { Board } from '../../../src/core/leader/record.ts';
import type { LeaderEffect } from '../../../src/core/leader/state.ts';
import { millisecond, second } from '../../../src/core/leader/timing.ts';
import { liveLeader, recordBy, viewOf, words } from '../../support/leader-life.ts';
import type { Life } from '../../support/leader-life.ts';

const waiter = 'a';
const publish = { kind: 'publish', key: 'release', value: '1.2', waiter } as const;

function leader(board: Board = {}): Life {
  const life = liveLeader({}, { view: viewOf(recordBy('other', { state: 'released', board })) });
  life.pass(100 * millisecond);
  expect(life.role()).toBe('leading');
  return life;
}

function standsIn(life: Life): Board | undefined {
  return life.view.found.kind === 'record' ? life.view.found.record.board : undefined;
}

function boards(effects: readonly LeaderEffect[]): readonly Board[] {
  return effects.flatMap((effect) =>
    effect.kind === 'tell' && effect.tale.kind === 'board' ? [effect.tale.board] : [],
  );
}

describe('a holder', () => {
  test('writes what is published at once, and reports it once that is known to be carried out', () => {
    const life = leader();
    expect(words(life.feed(publish))).toEqual(['write held clean']);
    const effects = life.pass(millisecond);
    expect(words(effects)).toEqual(['feed', 'a: done', 'board']);
    expect(boards(effects)).toEqual([{ release: '1.2' }]);
    expect(standsIn(life)).toEqual({ release: '1.2' });
    expect(boardOf(life.state())).toEqual({ release: '1.2' });
  });

  test('takes an entry off where no value is given', () => {
    const life = leader({ release: '1.1', other: 'x' });
    life.feed({ ...publish, value: undefined });
    expect(words(life.pass(millisecond))).toContain('a: done');
    expect(standsIn(life)).toEqual({ other: 'x' });
  });

  test('writes again at once what was published while a write was under way', () => {
    const life = leader();
    life.feed(publish);
    expect(words(life.feed({ ...publish, value: '1.3', waiter: 'b' }))).toEqual([]);
    expect(words(life.pass(millisecond))).toEqual(['feed', 'a: done', 'write held clean', 'board']);
    expect(words(life.pass(millisecond))).toContain('b: done');
    expect(standsIn(life)).toEqual({ release: '1.3' });
  });

  test('reports nothing before a write is proven, and finds out where an answer was lost', () => {
    const life = leader();
    life.mode = 'lost';
    life.feed(publish);
    expect(words(life.pass(1.9 * second))).not.toContain('a: done');
    expect(standsIn(life)).toEqual({ release: '1.2' });
    life.mode = 'well';
    expect(words(life.pass(0.5 * second))).toContain('a: done');
  });

  test('says that it does not lead where it loses the record before that, though the entry may stand', () => {
    const life = leader();
    life.mode = 'down';
    life.feed(publish);
    expect(words(life.pass(12 * second))).toContain('a: not-leading');
  });

  test('confirms with the release what no renewal has carried', () => {
    const life = leader();
    const { role } = life.state();
    life.feed({ kind: 'step-down', span: 0, waiter: 'b' });
    life.mode = 'down';
    life.feed(publish);
    life.pass(millisecond);
    life.mode = 'well';
    life.feed({ kind: 'drained', term: 'tenure' in role ? role.tenure.term : '' });
    expect(words(life.pass(millisecond))).toEqual(['a: done', 'released', 'b: done', 'board']);
    expect(standsIn(life)).toEqual({ release: '1.2' });
  });

  test('publishes during its start delay, too', () => {
    const life = liveLeader();
    life.pass(second);
    expect(life.role()).toBe('settling');
    life.feed(publish);
    expect(words(life.pass(millisecond))).toContain('a: done');
  });

  test.each([
    ['a line break', { value: 'a\nb' }],
    ['a long value', { value: 'x'.repeat(257) }],
    ['a key that would not be read again', { key: '__proto__' }],
  ])('refuses %s, and keeps its board', (_what, change) => {
    const life = leader({ other: 'x' });
    const effects = life.feed({ ...publish, ...change });
    expect(words(effects)).toEqual(['a: refused']);
    life.pass(3 * second);
    expect(standsIn(life)).toEqual({ other: 'x' });
  });
});

describe('the board', () => {
  test('goes over to the next holder, whether the record was released or has aged', () => {
    expect(standsIn(leader({ release: '1.1' }))).toEqual({ release: '1.1' });
    const life = liveLeader({}, { view: viewOf(recordBy('other', { board: { release: '1.1' } })) });
    life.pass(16 * second);
    expect(standsIn(life)).toEqual({ release: '1.1' });
    expect(life.role()).toBe('leading');
  });

  test('is seen to change by those who follow or are paused, by poll and by watch', () => {
    for (const begins of ['following', 'paused'] as const) {
      const life = liveLeader({}, { begins, view: viewOf(recordBy('other', { board: { release: '1' } })) });
      expect(boards(life.pass(second))).toEqual([{ release: '1' }]);
      life.view = viewOf(recordBy('other', { write: 2, board: { release: '1' } }));
      expect(boards(life.pass(2 * second))).toEqual([]);
      life.view = viewOf(recordBy('other', { write: 3, board: { release: '2' } }));
      expect(boards(life.feed({ kind: 'seen', view: life.view }))).toEqual([{ release: '2' }]);
      life.view = viewOf(recordBy('other', { write: 4 }));
      expect(boards(life.pass(2 * second))).toEqual([{}]);
    }
  });

  test('is published by nobody else', () => {
    const life = liveLeader({}, { view: viewOf(recordBy('other')) });
    life.pass(second);
    expect(life.feed(publish)).toEqual([
      { kind: 'report', waiter, report: { kind: 'not-leading', leader: 'other' } },
    ]);
  });

  test('has room for sixteen entries and 2048 characters; a record that carries it stays within 4096', () => {
    let board: Board = {};
    for (let count = 0; count < 16; count += 1) {
      const next = withEntry(board, `key ${count}`, 'x'.repeat(100));
      if (next.ok) board = next.value;
    }
    expect(Object.keys(board)).toHaveLength(16);
    expect(withEntry(board, 'one more', '')).toMatchObject({
      failure: 'cannot publish "one more": there are 16 entries already; take one off first',
    });
    expect(withEntry(board, 'key 0', 'x'.repeat(256)).ok).toBe(true);
    const { value: fuller } = withEntry(board, 'key 0', 'x'.repeat(256)) as { value: Board };
    expect(withEntry(fuller, 'key 1', 'x'.repeat(256))).toMatchObject({
      failure: 'cannot publish "key 1": all entries together have 2048 characters at most',
    });
    const long = 'n'.repeat(128);
    const names = { group: long, holder: long, instance: long, boot: long, term: long, successor: long };
    expect(encodeRecord(recordBy('other', { ...names, board: fuller })).length).toBeLessThan(4_096);
  });
});
