// Which release this is, and what the board tells of it.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeRecord, encodeRecord, withEntry } from '../../src/core/leader/record.ts';
import type { Board } from '../../src/core/leader/record.ts';
import { digest } from '../../src/core/digest.ts';
import { findRelease } from '../../src/core/release.ts';
import type { ProjectRelease } from '../../src/core/release.ts';
import {
  doneChanges,
  failedChange,
  failureOf,
  isDoneFor,
  isReleaseId,
} from '../../src/core/release-board.ts';
import type { BoardChange } from '../../src/core/release-board.ts';
import { recordBy } from '../support/leader-life.ts';

const nothing: ProjectRelease = { commit: undefined, files: new Map() };
const commit = '0123456789abcdef0123456789abcdef01234567';
const files = new Map([['/shop/migrations/0001_initial.py', 'operations = []']]);

function idOf(environment: Readonly<Record<string, string>>, project = nothing, boot = 'boot'): string {
  return findRelease(environment, () => project, boot).id;
}

describe('the release', () => {
  test.each<[string, Readonly<Record<string, string>>, string, string]>([
    ['is what was given', { DJSUP_RELEASE: '2026.11.3', GIT_SHA: commit }, '2026.11.3', 'DJSUP_RELEASE'],
    ['is the image', { IMAGE_DIGEST: `sha256:${'ab'.repeat(32)}` }, 'abababababab', 'IMAGE_DIGEST'],
    [
      'is the image of a name',
      { IMAGE_DIGEST: `r.io/a@sha256:${'AB'.repeat(32)}` },
      'abababababab',
      'IMAGE_DIGEST',
    ],
    ['is the commit that was built', { RENDER_GIT_COMMIT: commit }, '0123456789ab', 'RENDER_GIT_COMMIT'],
    ['is a revision', { K_REVISION: 'shop-00042-xyz' }, 'shop-00042-xyz', 'K_REVISION'],
    ['is a tag that names a version', { IMAGE_TAG: 'v1.2.3' }, 'v1.2.3', 'IMAGE_TAG'],
  ])('%s', (_what, environment, id, because) => {
    expect(findRelease(environment, () => nothing, 'boot')).toEqual({ id, because });
  });

  test.each(['latest', 'main', 'production', 'unknown', ''])(
    'is not the tag "%s", which stays while what it means changes',
    (tag) => {
      expect(idOf({ IMAGE_TAG: tag }, { commit, files })).toMatch(/^0123456789ab-[\da-f]{8}$/);
    },
  );

  test('of a work tree changes with the commit, and with what is not committed', () => {
    const ids = [
      idOf({}, { commit, files }),
      idOf({}, { commit: commit.replace('0', 'f'), files }),
      idOf({}, { commit, files: new Map([...files, ['/shop/migrations/0002_more.py', '']]) }),
      idOf({}, { commit, files: new Map([['/shop/migrations/0001_initial.py', 'operations = [1]']]) }),
    ];
    expect(new Set(ids).size).toBe(4);
  });

  test('of migration files does not depend on their order', () => {
    const more = new Map([...files, ['/a/migrations/0001_initial.py', '1']]);
    const turned = new Map([...more].toReversed());
    expect(idOf({}, { ...nothing, files: more })).toBe(idOf({}, { ...nothing, files: turned }));
    expect(idOf({}, { ...nothing, files: more })).not.toBe(idOf({}, { ...nothing, files }));
  });

  test('that nothing tells of is one of its own at each start', () => {
    expect(idOf({}, nothing, 'one')).not.toBe(idOf({}, nothing, 'two'));
  });

  test('has an id that fits an entry, whatever it is called, and different ones where names differ', () => {
    const name = fc.string({ minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(name, name, (one, two) => {
        const [a, b] = [idOf({ DJSUP_RELEASE: one }), idOf({ DJSUP_RELEASE: two })];
        expect(isReleaseId(a)).toBe(true);
        expect(a === b).toBe(one === two);
      }),
    );
    const long = `${'myapp-production-'.repeat(3)}41`;
    expect(idOf({ DJSUP_RELEASE: long })).not.toBe(idOf({ DJSUP_RELEASE: long.replace('41', '42') }));
  });
});

test('digests of a hundred thousand texts that differ little all differ', () => {
  const digests = new Set(Array.from({ length: 100_000 }, (_, number) => digest(`0001_initial ${number}`)));
  expect(digests.size).toBe(100_000);
  expect(digest('')).toMatch(/^[\da-f]{16}$/);
});

const id = fc.string({
  minLength: 1,
  maxLength: 28,
  unit: fc.constantFrom('a', 'b', '0', '1', '-', '.', ':', '~'),
});
const step = fc.record({
  done: fc.boolean(),
  task: fc.constantFrom('migrate', 'load'),
  release: id,
  line: fc.string({ maxLength: 400, unit: 'binary' }),
});

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

describe('the board', () => {
  test('tells every replica what was done last and what failed last, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let board: Board = {};
        const done = new Map<string, string[]>();
        const failures = new Map<string, { release: string; count: number }>();
        for (const { done: isDone, task, release, line } of steps) {
          const time = '2026-11-21T10:00:00.000Z';
          const changes = isDone
            ? doneChanges(board, task, release)
            : [failedChange(board, task, { release, time, line })];
          board = applied(board, changes);
          const before = failures.get(task);
          if (isDone) {
            done.set(task, [release, ...(done.get(task) ?? []).filter((one) => one !== release)].slice(0, 8));
            if (before?.release === release) failures.delete(task);
          } else failures.set(task, { release, count: before?.release === release ? before.count + 1 : 1 });
          for (const each of ['migrate', 'load']) {
            for (const one of done.get(each) ?? []) expect(isDoneFor(board, each, one)).toBe(true);
            const told = failureOf(board, each);
            expect(told && { release: told.release, count: told.count }).toEqual(failures.get(each));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('that cannot be read says nothing', () => {
    expect(failureOf({ 'migrate!': 'r1 now' }, 'migrate')).toBeUndefined();
    expect(failureOf({ 'migrate!': 'r1 now 0 x' }, 'migrate')).toBeUndefined();
    expect(isDoneFor({ migrate: '' }, 'migrate', '')).toBe(false);
    expect(isDoneFor({}, 'constructor', 'x')).toBe(false);
  });

  test('of a release is not taken for that of a longer or shorter name', () => {
    const board = { migrate: 'r10 r2' };
    expect(['r1', 'r10', 'r2', 'r'].map((release) => isDoneFor(board, 'migrate', release))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});
