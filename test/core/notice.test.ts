// Notices as data: how they occur again, who sees them, which are kept, and that the state file gives them back.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { customProblem, kept, noticeTypes, occur, select, subjectKey } from '../../src/core/notice.ts';
import type { Notice, NoticeFilter, NoticeType, Occurrence } from '../../src/core/notice.ts';
import { decodeState, emptyStateFile, encodeState } from '../../src/core/state-file.ts';

const start = Date.parse('2026-11-20T22:00:00Z');
const at = (seconds: number): Date => new Date(start + seconds * 1000);
const day = 86_400;

function happening(parts: Partial<Occurrence> = {}): Occurrence {
  return { userId: undefined, type: 'custom', key: 'a.b/c', data: {}, repeatAfter: 0, ...parts };
}

const first = occur(undefined, '1', happening({ data: { n: '1' } }), at(0), at(0));
const all: NoticeFilter = { userId: undefined, types: [], keys: [], after: undefined };

describe('a notice that occurs again', () => {
  test('is the same one, counted, with the latest data, and news', () => {
    const again = occur(first, '2', happening({ data: { n: '2' } }), at(5), at(5));
    expect(again).toEqual({
      ...first,
      occurrences: 2,
      lastData: { n: '2' },
      lastOccurred: at(5),
      lastRepeated: at(5),
    });
  });

  test('is no news before its repeat-after has passed', () => {
    const quiet = happening({ repeatAfter: 60_000 });
    const soon = occur(first, '2', quiet, at(59), at(59));
    expect(soon).toMatchObject({ occurrences: 2, lastOccurred: at(59), lastRepeated: at(0) });
    expect(occur(soon, '2', quiet, at(60), at(60)).lastRepeated).toEqual(at(60));
  });
});

test('another user, type or key makes another notice', () => {
  const subjects = [{}, { userId: 0 }, { userId: 1 }, { type: 'warning' as const }, { key: 'a.b/d' }];
  expect(new Set(subjects.map((parts) => subjectKey(happening(parts)))).size).toBe(5);
});

describe('what is chosen', () => {
  const mine = occur(undefined, '2', happening({ userId: 7 }), at(1), at(1));
  const theirs = occur(undefined, '3', happening({ userId: 8, type: 'warning' }), at(2), at(2));
  const ids = (filter: Partial<NoticeFilter>, now = at(9)): string[] =>
    select([theirs, mine, first], { ...all, ...filter }, now).map(({ id }) => id);

  test('is what the filter says, in the order in which it was news', () => {
    expect(ids({})).toEqual(['1', '2', '3']);
    expect(ids({ userId: 7 })).toEqual(['1', '2']);
    expect(ids({ types: ['warning', 'change-update'] })).toEqual(['3']);
    expect(ids({ keys: ['a.b/d'] })).toEqual([]);
    expect(ids({ after: at(1) })).toEqual(['3']);
  });

  test('is nothing that has expired', () => {
    expect(ids({}, at(7 * day - 1))).toEqual(['1', '2', '3']);
    expect(ids({}, at(7 * day + 1))).toEqual(['3']);
  });
});

describe('what is kept', () => {
  test('is younger than seven days, and about changes that are known', () => {
    const update = occur(undefined, '2', happening({ type: 'change-update', key: '4' }), at(1), at(1));
    expect(kept([first, update], at(9), (id) => id === '4')).toEqual([first, update]);
    expect(kept([first, update], at(9), () => false)).toEqual([first]);
    expect(kept([first], at(7 * day), () => true)).toEqual([]);
  });

  test('is a thousand at most, those that occurred last', () => {
    const many = Array.from({ length: 1_200 }, (_, index) =>
      occur(undefined, String(index), happening({ key: `a.b/${index}` }), at(index), at(index)),
    );
    const left = kept(many, at(1_200), () => true);
    expect([left.length, left[0]?.id, left.at(-1)?.id]).toEqual([1_000, '200', '1199']);
  });
});

test('the key and the data of a custom notice have a form and an end', () => {
  for (const key of ['a.b/c', 'example.com/path', 'a-b.c-1.d/e/f-2'])
    expect([key, customProblem(key, {})]).toEqual([key, undefined]);
  for (const key of ['', 'a', 'a.b', 'a/b', 'A.b/c', 'a.b/c_d', 'a.b/', '-a.b/c', 'a..b/c', 'a.b/c.d'])
    expect(customProblem(key, {})).toBe(`invalid key "${key}" (must be in "example.com/path" format)`);
  expect(customProblem(`a.b/${'c'.repeat(253)}`, {})).toBe('key must be 256 bytes or less');
  expect(customProblem('a.b/c', { k: 'é'.repeat(2_044) })).toBeUndefined();
  expect(customProblem('a.b/c', { k: 'é'.repeat(2_045) })).toBe(
    'total size of data must be 4096 bytes or less',
  );
});

const occurrences = fc.array(
  fc.record({
    userId: fc.option(fc.nat(3), { nil: undefined }),
    type: fc.constantFrom(...(noticeTypes as readonly NoticeType[])),
    key: fc.constantFrom('a.b/c', 'a.b/d', '1'),
    data: fc.dictionary(fc.constantFrom('k', 'l'), fc.string({ maxLength: 5 }), { noNullPrototype: true }),
    repeatAfter: fc.constantFrom(0, 2_000, 90_000),
  }),
  { maxLength: 40 },
);

/** Takes them in, one a second. */
function taken(given: readonly Occurrence[]): readonly Notice[] {
  const notices = new Map<string, Notice>();
  for (const [index, one] of given.entries()) {
    const key = subjectKey(one);
    notices.set(key, occur(notices.get(key), String(index), one, at(index), at(index)));
  }
  return [...notices.values()];
}

/** Who always asks for what came after the latest he has seen hears of every occurrence that is news. */
function missed(given: readonly Occurrence[], newsOf: (index: number) => Date): number {
  const notices = new Map<string, Notice>();
  const seen = { after: undefined as Date | undefined };
  let missing = 0;
  for (const [index, one] of given.entries()) {
    const key = subjectKey(one);
    const next = occur(notices.get(key), String(index), { ...one, repeatAfter: 0 }, at(0), newsOf(index));
    notices.set(key, next);
    const heard = select(notices.values(), { ...all, after: seen.after }, at(0));
    if (!heard.includes(next)) missing += 1;
    seen.after = heard.at(-1)?.lastRepeated ?? seen.after;
  }
  return missing;
}

test('every occurrence is counted once, and nothing is news before it has occurred', () => {
  fc.assert(
    fc.property(occurrences, (given) => {
      const notices = taken(given);
      expect(notices.reduce((sum, notice) => sum + notice.occurrences, 0)).toBe(given.length);
      for (const notice of notices) {
        expect(notice.firstOccurred <= notice.lastRepeated).toBe(true);
        expect(notice.lastRepeated <= notice.lastOccurred).toBe(true);
      }
    }),
  );
});

test('who asks for what came after the latest misses nothing, as long as no two are news at the same time', () => {
  fc.assert(fc.property(occurrences, (given) => missed(given, (index) => new Date(start + index)) === 0));
  const planted = [happening(), happening({ key: 'a.b/d' })];
  expect(missed(planted, () => at(0))).toBe(1);
});

test('the state file gives back what it was given, in the form of Pebble', () => {
  fc.assert(
    fc.property(occurrences, (given) => {
      const { snapshot, rest } = emptyStateFile;
      const file = { snapshot: { ...snapshot, notices: taken(given), lastNoticeId: 40 }, rest };
      expect(decodeState(encodeState(file))).toEqual({ ok: true, value: file });
    }),
  );
  const { notices } = JSON.parse(
    encodeState({ ...emptyStateFile, snapshot: { ...emptyStateFile.snapshot, notices: [first] } }),
  ) as { notices: unknown };
  expect(notices).toEqual([
    {
      id: '1',
      'user-id': null,
      type: 'custom',
      key: 'a.b/c',
      'first-occurred': '2026-11-20T22:00:00.000Z',
      'last-occurred': '2026-11-20T22:00:00.000Z',
      'last-repeated': '2026-11-20T22:00:00.000Z',
      occurrences: 1,
      'last-data': { n: '1' },
      'expire-after': '168h0m0s',
    },
  ]);
});
