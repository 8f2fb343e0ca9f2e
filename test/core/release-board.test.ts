// What the board tells of tasks that are done once for each release, whoever wrote it and however full it is.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeRecord, encodeRecord, withEntry } from '../../src/core/leader/record.ts';
import type { Board } from '../../src/core/leader/record.ts';
import { doneChanges, failedChanges, failureOf, isDoneFor, mostTasks } from '../../src/core/release-board.ts';
import type { BoardChange } from '../../src/core/release-board.ts';
import type { TaskEnd } from '../../src/core/task-end.ts';
import { recordBy } from '../support/leader-life.ts';

const time = '2026-11-21T10:00:00.000Z';

/** What stands in the record afterwards, as any other replica reads it. */
function applied(board: Board, changes: readonly BoardChange[]): Board {
  let next = board;
  for (const { key, value } of changes) {
    const set = withEntry(next, key, value);
    if (!set.ok) throw new Error(set.failure);
    next = set.value;
  }
  const read = decodeRecord(encodeRecord(recordBy('a', { board: next })));
  if (read.kind !== 'record') throw new Error(read.kind);
  return read.record.board;
}

/** As the first djsup with such tasks wrote it. */
function formerly(board: Board, task: string, release: string): readonly BoardChange[] {
  const others = (board[task] ?? '').split(' ').filter((other) => other !== '' && other !== release);
  return [{ key: task, value: [release, ...others].slice(0, 8).join(' ') }];
}

function fail(board: Board, task: string, release: string, replica = 'a', end: TaskEnd = { code: 1 }): Board {
  return applied(board, failedChanges(board, task, { release, time, replica, end }, [task]));
}

function finish(board: Board, task: string, release: string, planned: readonly string[] = []): Board {
  return applied(board, doneChanges(board, task, release, planned));
}

const name = fc.oneof(
  fc.constantFrom('migrate', 'load', 'load-fixtures', 'a "b" \\ c', 'done r1', '1', 'x!'),
  fc.string({ minLength: 1, maxLength: 300 }).filter((text) => !/\p{Cc}|^-|^__proto__$/u.test(text)),
);
const release = fc.string({
  minLength: 1,
  maxLength: 28,
  unit: fc.constantFrom('a', 'b', '0', '1', '-', '.', ':', '~'),
});
const replica = fc.string({ minLength: 1, maxLength: 400, unit: 'binary' });
const end = fc.constantFrom<TaskEnd>(
  { code: 1 },
  { code: 137 },
  { signal: 'SIGKILL' },
  'unstarted',
  'cut-short',
);

describe('the board', () => {
  test('tells every replica what was done last and what failed last, whatever came before', () => {
    const step = fc.record({ kind: fc.constantFrom('done', 'failed'), of: fc.nat(2), release, replica, end });
    const names = fc.uniqueArray(name, { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(names, fc.array(step, { maxLength: 40 }), (tasks, steps) => {
        let board: Board = { '-other': 'of another purpose' };
        const failures = new Map<string, { release: string; count: number }>();
        for (const each of steps) {
          const task = tasks[each.of] ?? '';
          const before = failures.get(task);
          if (each.kind === 'done') {
            board = finish(board, task, each.release, tasks);
            if (before?.release === each.release) failures.delete(task);
          } else {
            board = fail(board, task, each.release, each.replica, each.end);
            const count = before?.release === each.release ? before.count + 1 : 1;
            failures.set(task, { release: each.release, count });
          }
          expect(each.kind !== 'done' || isDoneFor(board, task, each.release)).toBe(true);
          const told = failureOf(board, task);
          expect(told && { release: told.release, count: told.count }).toEqual(failures.get(task));
          // Others may have made room.
          for (const other of tasks) if (failureOf(board, other) === undefined) failures.delete(other);
          expect(board).toHaveProperty('-other', 'of another purpose');
        }
      }),
      { numRuns: 300 },
    );
  });

  test('has room for all tasks of a group, whatever they are called and however often all of them fail', () => {
    const names = fc.uniqueArray(name, { minLength: mostTasks, maxLength: mostTasks });
    fc.assert(
      fc.property(
        names,
        fc.array(release, { minLength: 1, maxLength: 12 }),
        replica,
        (tasks, releases, said) => {
          let board: Board = {};
          for (const each of releases) {
            for (const task of tasks) board = fail(board, task, each, said);
            for (const task of tasks) board = finish(board, task, each, tasks);
            for (const task of tasks) board = fail(board, task, 'another', said);
            for (const task of tasks) expect(isDoneFor(board, task, each)).toBe(true);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  test('keeps eight releases of a few tasks, and of many at least the one before', () => {
    let board: Board = {};
    for (let count = 1; count <= 20; count += 1) board = finish(board, 'migrate', `r${count}`, ['migrate']);
    expect(Object.keys(board)).toEqual([13, 14, 15, 16, 17, 18, 19, 20].map((count) => `-done r${count}`));
    const tasks = Array.from({ length: mostTasks }, (_, count) => `load-fixtures-${count}`);
    for (const each of ['28-characters-of-release-one', '28-characters-of-release-two'])
      for (const task of tasks) board = finish(board, task, each, tasks);
    for (const task of tasks) board = fail(board, task, 'three', 'x'.repeat(180));
    expect(tasks.every((task) => isDoneFor(board, task, '28-characters-of-release-one'))).toBe(true);
  });

  test('does not fill up with tasks that the plan has no more, though the release never changes its name', () => {
    let board: Board = {};
    for (let year = 0; year < 200; year += 1) {
      const planned = ['migrate', `load-${year}`];
      board = fail(board, `load-${year}`, 'prod');
      for (const task of planned) board = finish(board, task, 'prod', planned);
      board = fail(board, `extra-${year}`, 'prod');
      for (const task of planned) expect(isDoneFor(board, task, 'prod')).toBe(true);
    }
    // What replicas of a while ago still wait for is there, too.
    expect(isDoneFor(board, 'load-190', 'prod')).toBe(true);
  });

  test('where writers took no turns in making room would be full: so it once was', () => {
    let board: Board = {};
    const publish = () => {
      for (let count = 0; count < 12; count += 1) {
        const task = `load-fixtures-${count}`;
        board = applied(board, formerly(board, task, '28-characters-of-a-release-1'));
        const value = `28-characters-of-a-release-1 ${time} 1 ${'x'.repeat(180)}`;
        board = applied(board, [{ key: `${task}!`, value }]);
      }
    };
    expect(publish).toThrow('all entries together have 2048 characters at most');
  });

  test('that cannot be read says nothing', () => {
    expect(failureOf({ 'migrate!': 'r1 now' }, 'migrate')).toBeUndefined();
    expect(failureOf({ 'migrate!': 'r1 now 0 x' }, 'migrate')).toBeUndefined();
    expect(isDoneFor({ migrate: '' }, 'migrate', '')).toBe(false);
    expect(isDoneFor({}, 'constructor', 'x')).toBe(false);
    expect(isDoneFor({ 'migrate!': 'r1 now 1 migrate' }, 'migrate', 'r1')).toBe(false);
    expect(isDoneFor({ '-done r1': 'x'.repeat(256) }, 'migrate', 'r1')).toBe(false);
    expect(finish({ '-done r1': 'x'.repeat(256) }, 'migrate', 'r1')).toEqual({ '-done r1': 'migrate' });
  });

  test('of a release is not taken for that of a longer or shorter name', () => {
    const ids = ['r1', 'r10', 'r2', 'r'];
    for (const board of [{ migrate: 'r10 r2' }, { '-done r10': 'migrate', '-done r2': 'migrate' }])
      expect(ids.map((each) => isDoneFor(board, 'migrate', each))).toEqual([false, true, true, false]);
  });
});

describe('a failure on the board', () => {
  test.each<[TaskEnd, string]>([
    [{ code: 3 }, 'exit 3'],
    [{ signal: 'SIGKILL' }, 'SIGKILL'],
    [{ signal: 'SIGRTMIN+3' }, 'SIGRTMIN+3'],
    ['unstarted', 'could not be started'],
    ['cut-short', 'stopped before it had ended'],
  ])('says where and how, and nothing else: %o', (how, words) => {
    const board = fail({}, 'migrate', 'r1', 'web-1', how);
    expect(board['migrate!']).toBe(`r1 ${time} 1 in web-1: ${words}`);
    expect(failureOf(board, 'migrate')).toEqual({
      release: 'r1',
      time,
      count: 1,
      replica: 'web-1',
      end: how,
    });
  });

  test('that an earlier djsup wrote may hold output, of which nothing is shown', () => {
    const told = (line: string) => failureOf({ 'migrate!': `r1 now 2 ${line}` }, 'migrate');
    expect(told('in web-1: exit 1: cannot reach postgres://shop:secret@db')).toEqual({
      release: 'r1',
      time: 'now',
      count: 2,
      replica: 'web-1',
      end: { code: 1 },
    });
    const others = ['in web-1: exit 1 secret', 'in web-1: SECRET', 'in web-1: SIGsecret', 'secret'].map(told);
    expect(others.map((one) => one?.end)).toEqual([undefined, undefined, undefined, undefined]);
    expect(JSON.stringify(others)).not.toContain('secret');
  });
});

describe('while djsup itself is replaced', () => {
  test('a later one goes by what earlier ones have written, and they can read all of it as ever', () => {
    const step = fc.record({
      by: fc.constantFrom('earlier', 'later'),
      task: fc.constantFrom('migrate', 'load-fixtures', 'compress'),
      release: fc.constantFrom('r1', 'r2', '28-characters-of-some-name-3'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let board: Board = {};
        const done = new Set<string>();
        for (const { by, task, release: of } of steps) {
          board = applied(
            board,
            by === 'later' ? doneChanges(board, task, of, [task]) : formerly(board, task, of),
          );
          done.add(`${of} ${task}`);
          for (const each of done) {
            const [id = '', named = ''] = each.split(' ');
            expect(isDoneFor(board, named, id)).toBe(true);
          }
          // What an earlier one has written for itself stays as it wrote it, as long as there is room.
          expect(by === 'later' || board[task]?.split(' ').includes(of)).toBe(true);
        }
      }),
    );
  });

  test('entries of an earlier one give way where there is no room, and what they say of this release is kept', () => {
    let board: Board = {};
    for (let count = 0; count < 16; count += 1)
      board = applied(board, formerly(board, `load-${count}`, 'r1'));
    board = fail(board, 'migrate', 'r1');
    expect(failureOf(board, 'migrate')).toMatchObject({ count: 1 });
    for (let count = 0; count < 16; count += 1) expect(isDoneFor(board, `load-${count}`, 'r1')).toBe(true);
    board = finish(board, 'migrate', 'r1');
    for (let count = 0; count < 16; count += 1) expect(isDoneFor(board, `load-${count}`, 'r1')).toBe(true);
    expect(isDoneFor(board, 'migrate', 'r1')).toBe(true);
    expect(board).not.toHaveProperty('load-0');
  });
});
