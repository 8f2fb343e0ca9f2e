// The record as text: what was written is read again, and anything else is no record.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeRecord, encodeRecord } from '../../../src/core/leader/record.ts';
import type { LeaderRecord } from '../../../src/core/leader/record.ts';
import { recordBy } from '../../support/leader-life.ts';

const word = fc.string({ maxLength: 40 }).filter((text) => !/\p{Cc}/u.test(text));
const count = fc.nat({ max: 2 ** 31 - 1 });
const maybe = fc.option(word, { nil: undefined });

const anyRecord: fc.Arbitrary<LeaderRecord> = fc.record({
  group: word,
  holder: word,
  instance: word,
  boot: word,
  term: word,
  write: count,
  epoch: fc.nat({ max: 2 ** 52 }),
  lease: fc.integer({ min: 1, max: 3_600_000 }).map((milliseconds) => milliseconds * 1_000_000),
  state: fc.constantFrom('held', 'released'),
  clean: fc.boolean(),
  successor: maybe,
  incarnation: word,
  board: fc.dictionary(
    word.filter((key) => key !== '__proto__'),
    word,
    { maxKeys: 16 },
  ),
  about: fc.record({ app: maybe, version: maybe, host: maybe, since: maybe }),
});

const plain = JSON.parse(encodeRecord(recordBy('other'))) as Record<string, unknown>;

function changed(change: Record<string, unknown>): string {
  return JSON.stringify({ ...plain, ...change });
}

describe('a record', () => {
  test('has no board where nothing is on it', () => {
    expect(plain).not.toHaveProperty('board');
    expect(encodeRecord(recordBy('other', { board: { release: '1.2' } }))).toContain(
      '"board":{"release":"1.2"}',
    );
  });

  test('is read as it was written', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        expect(decodeRecord(encodeRecord(record))).toEqual({ kind: 'record', record });
      }),
    );
  });

  test('is plain JSON that a person can read', () => {
    expect(plain).toMatchObject({
      format: 1,
      holder: 'other',
      'duration-ms': 15_000,
      state: 'held',
      epoch: 7,
    });
  });

  test.each([
    ['nothing', ''],
    ['half a record', encodeRecord(recordBy('other')).slice(0, -5)],
    ['a list', '[]'],
    ['a record without a term', changed({ term: undefined })],
    ['a record with a field too many', changed({ command: 'rm -rf /' })],
    ['a word with a control character', changed({ holder: 'a\u001B[2Jb' })],
    ['an epoch below zero', changed({ epoch: -1 })],
    ['an epoch too high to count on', changed({ epoch: 2 ** 53 })],
    ['a lease of two hours', changed({ 'duration-ms': 7_200_000 })],
    [
      'a board of seventeen entries',
      changed({ board: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`key ${index}`, ''])) }),
    ],
    ['a board with a number in it', changed({ board: { release: 1 } })],
    ['an older format', changed({ format: 0 })],
    ['more than 4 KiB', changed({ holder: 'x'.repeat(5_000) })],
  ])('is not seen in %s', (_what, text) => {
    expect(decodeRecord(text)).toEqual({ kind: 'unreadable' });
  });

  test('of a later format is told apart, whatever else is in it', () => {
    expect(decodeRecord('{"format": 2, "leaders": ["a", "b"]}')).toEqual({ kind: 'newer', format: 2 });
  });
});
