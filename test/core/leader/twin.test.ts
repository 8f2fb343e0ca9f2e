// Two records as one: who sees what, and what a lost answer or a lost race leaves behind.
import { describe, expect, test } from 'vitest';
import type { LeaderRecord, View } from '../../../src/core/leader/record.ts';
import type { Outcome } from '../../../src/core/leader/state.ts';
import { createTwin } from '../../../src/core/leader/twin.ts';
import type { Register } from '../../../src/core/leader/twin.ts';
import { second } from '../../../src/core/leader/timing.ts';

interface Place extends Register {
  view: View;
  /** What comes of the next write instead. */
  fails: 'before' | 'after' | undefined;
}

function place(incarnation: string): Place {
  let writes = 0;
  const self: Place = {
    view: { found: { kind: 'none' }, version: undefined, incarnation, epochFloor: 3 },
    fails: undefined,
    read: (done) => done({ kind: 'ok', view: self.view }),
    write(expected, written, done) {
      const { fails } = self;
      self.fails = undefined;
      const lost: Outcome = { kind: 'failed', error: 'transient', message: 'lost' };
      if (fails === 'before') return done(lost);
      const isFree = expected === self.view.version;
      writes += 1;
      if (isFree)
        self.view = {
          ...self.view,
          found: { kind: 'record', record: written },
          version: `${incarnation}${writes}`,
        };
      done(fails === 'after' ? lost : { kind: isFree ? 'ok' : 'conflict', view: self.view });
    },
  };
  return self;
}

/** Of the engines of `fresh`. */
const lives = JSON.stringify(['a', 'b']);

function fresh() {
  const [first, last] = [place('a'), place('b')];
  return { first, last, twin: createTwin(first, last) };
}

function record(term: string, further: Partial<LeaderRecord> = {}): LeaderRecord {
  return {
    group: 'schedulers',
    holder: 'web-1',
    instance: '',
    boot: term,
    term,
    write: 1,
    epoch: 4,
    lease: 15 * second,
    state: 'held',
    clean: true,
    successor: undefined,
    incarnation: lives,
    board: {},
    about: {},
    ...further,
  };
}

function view(register: Register): View {
  let seen: View | undefined;
  register.read((outcome) => {
    if (outcome.kind !== 'failed') seen = outcome.view;
  });
  if (seen === undefined) throw new Error('nothing was read');
  return seen;
}

function write(register: Register, version: string | undefined, content: LeaderRecord): Outcome {
  let outcome: Outcome | undefined;
  register.write(version, content, (answer) => (outcome = answer));
  if (outcome === undefined) throw new Error('nothing was answered');
  return outcome;
}

const alone = (register: Register, content: LeaderRecord): Outcome =>
  write(register, view(register).version, content);

function found(register: Register): LeaderRecord | string {
  const it = view(register).found;
  return it.kind === 'record' ? it.record : it.kind;
}

test('what is written stands in both, to each in the life of its own engine, and is read as it was written', () => {
  const { first, last, twin } = fresh();
  const own = record('t1');
  expect(write(twin, view(twin).version, own)).toMatchObject({ kind: 'ok' });
  expect(found(first)).toMatchObject({ term: 't1', incarnation: 'a' });
  expect(found(last)).toMatchObject({ term: 't1', incarnation: 'b' });
  expect(found(twin)).toMatchObject({ term: 't1', state: 'held', clean: true, incarnation: own.incarnation });
});

test("a record that one of them alone has is nobody's, and whoever takes both waits out the start delay", () => {
  const { first, twin } = fresh();
  alone(first, record('old', { state: 'released', incarnation: 'a', board: { key: 'value' } }));
  expect(view(twin).found).toMatchObject({
    kind: 'record',
    settles: true,
    record: { term: 'old+', state: 'released', clean: true, board: { key: 'value' } },
  });
});

describe('of two that say something else', () => {
  test('both have to be free, clean, and of this life of their engines', () => {
    const { first, last, twin } = fresh();
    alone(first, record('x', { state: 'released', incarnation: 'a' }));
    alone(last, record('y', { state: 'released', incarnation: 'b' }));
    expect(found(twin)).toMatchObject({
      state: 'released',
      clean: true,
      incarnation: view(twin).incarnation,
    });
    alone(last, record('z', { holder: 'web-2', incarnation: 'b' }));
    expect(found(twin)).toMatchObject({ state: 'held', holder: 'web-2', boot: 'z' });
    alone(last, record('z', { state: 'released', clean: false, incarnation: 'b' }));
    expect(found(twin)).toMatchObject({ clean: false });
    alone(last, record('z', { state: 'released', incarnation: 'an earlier life' }));
    expect(found(twin)).toMatchObject({ clean: true, incarnation: '' });
  });

  test('where both are held, that one is past says nothing of the other', () => {
    const { first, last, twin } = fresh();
    alone(first, record('x', { boot: 'mine', instance: 'mine' }));
    alone(last, record('y', { boot: 'mine', instance: 'mine' }));
    expect(found(twin)).toMatchObject({ term: 'x+y', state: 'held', boot: '', instance: '' });
  });

  test("a later djsup's is left alone, and what cannot be read is waited out", () => {
    const { first, last, twin } = fresh();
    alone(first, record('x', { state: 'released', incarnation: 'a' }));
    last.view = { ...last.view, found: { kind: 'unreadable' }, version: 'damaged' };
    expect(view(twin).found).toMatchObject({ settles: true, record: { incarnation: '' } });
    last.view = { ...last.view, found: { kind: 'newer', format: 9 } };
    expect(found(twin)).toBe('newer');
  });
});

describe('a bid', () => {
  test('that finds the second taken gives the first back, and whoever goes by that alone may lead at once', () => {
    const { first, last, twin } = fresh();
    const { version } = view(twin);
    alone(last, record('other', { incarnation: 'b' }));
    expect(write(twin, version, record('mine'))).toMatchObject({ kind: 'conflict' });
    expect(found(first)).toMatchObject({ term: 'mine', state: 'released', clean: true, write: 2 });
    expect(found(last)).toMatchObject({ term: 'other' });
  });

  test('that finds the first taken leaves the second as it is', () => {
    const { first, last, twin } = fresh();
    const { version } = view(twin);
    alone(first, record('other', { incarnation: 'a' }));
    expect(write(twin, version, record('mine'))).toMatchObject({ kind: 'conflict' });
    expect(found(last)).toBe('none');
  });
});

test('a bid that the second refuses gives the first back', () => {
  const { first, last, twin } = fresh();
  last.write = (_version, _record, done) =>
    done({ kind: 'failed', error: 'permission', message: 'no right' });
  expect(write(twin, view(twin).version, record('mine'))).toMatchObject({
    kind: 'failed',
    error: 'permission',
  });
  expect(found(first)).toMatchObject({ term: 'mine', state: 'released' });
});

test('one record under two addresses is told from two', () => {
  const { first } = fresh();
  const twin = createTwin(first, first);
  const bid = write(twin, view(twin).version, record('mine'));
  expect(bid).toMatchObject({
    kind: 'failed',
    error: 'unsafe',
    message: expect.stringContaining('one and the same'),
  });
  expect(found(first)).toMatchObject({ term: 'mine', state: 'released' });
});

test('a copy of the first is no such thing', () => {
  const { first, last, twin } = fresh();
  alone(first, record('old', { state: 'released', incarnation: 'a' }));
  last.view = first.view;
  expect(write(twin, view(twin).version, record('mine')).kind).toBe('ok');
});

describe('a holder', () => {
  function leading() {
    const world = fresh();
    write(world.twin, view(world.twin).version, record('mine'));
    return world;
  }

  test.each(['first', 'last'] as const)(
    'whose renewal is lost on the way to the %s finds itself, and goes on',
    (which) => {
      const world = leading();
      const { version } = view(world.twin);
      world[which].fails = 'after';
      const next = record('mine', { write: 2 });
      expect(write(world.twin, version, next).kind).toBe('failed');
      const again = write(world.twin, version, { ...next, write: 3 });
      expect(again).toMatchObject({
        kind: 'conflict',
        view: { found: { record: { term: 'mine', state: 'held' } } },
      });
      if (again.kind === 'failed') throw new Error(again.message);
      expect(write(world.twin, again.view.version, { ...next, write: 4 }).kind).toBe('ok');
    },
  );

  test('who has lost one of them has lost both, and keeps the other from nobody for longer than its lease', () => {
    const { first, last, twin } = leading();
    const { version } = view(twin);
    alone(last, record('other', { incarnation: 'b' }));
    const lost = write(twin, version, record('mine', { write: 2 }));
    expect(lost).toMatchObject({ kind: 'conflict', view: { found: { record: { term: 'mine+other' } } } });
    expect(found(first)).toMatchObject({ term: 'mine', state: 'held' });
  });

  test('who lets go does so in both, also where somebody has taken the first meanwhile', () => {
    const { first, last, twin } = leading();
    const { version } = view(twin);
    alone(first, record('other', { incarnation: 'a' }));
    write(twin, version, record('mine', { write: 2, state: 'released' }));
    expect(found(last)).toMatchObject({ term: 'mine', state: 'released' });
    expect(found(first)).toMatchObject({ term: 'other' });
  });

  test('what it has published is confirmed when it stands in both', () => {
    const { last, twin } = leading();
    last.fails = 'before';
    write(twin, view(twin).version, record('mine', { write: 2, board: { key: 'value' } }));
    expect(found(twin)).toMatchObject({ write: 1, board: { key: 'value' } });
  });
});

test('the board is that of the record which was written later', () => {
  const { first, last, twin } = fresh();
  alone(first, record('old', { state: 'released', incarnation: 'a', board: { at: 'first' } }));
  write(twin, view(twin).version, record('both', { state: 'released', board: { at: 'both' } }));
  alone(last, record('new', { state: 'released', incarnation: 'b', board: { at: 'last' } }));
  expect(found(twin)).toMatchObject({ board: { at: 'last' } });
  alone(first, record('old', { state: 'released', incarnation: 'a', board: { at: 'first again' } }));
  expect(found(twin)).toMatchObject({ board: { at: 'first again' } });
});

test('a bid that did not get the first record knew less than whoever has got it since', () => {
  const { first, last, twin } = fresh();
  // Nothing is known of either engine's life: it has failed over.
  const of = (name: string, rest: Partial<LeaderRecord>): LeaderRecord =>
    record(name, { state: 'released', incarnation: 'gone', ...rest });
  alone(first, of('winner', { write: 7, epoch: 6, board: { at: 'first' } }));
  alone(last, of('loser', { write: 2, epoch: 9, board: { at: 'last' }, beside: 'before 6' }));
  expect(found(twin)).toMatchObject({ board: { at: 'first' } });
  alone(last, of('loser', { write: 2, epoch: 9, board: { at: 'last' }, beside: 'winner 7' }));
  expect(found(twin)).toMatchObject({ board: { at: 'last' } });
  alone(last, of('loser', { write: 2, epoch: 9, board: { at: 'last' }, beside: 'loser 1' }));
  expect(found(twin)).toMatchObject({ board: { at: 'last' } });
});
