import { describe, expect, test } from 'vitest';
import { wrapText } from '../../src/cli/report.ts';
import { tableText } from '../../src/cli/table.ts';
import { absoluteTime, relativeTime, timeText } from '../../src/cli/time-text.ts';

/** The zone of this process while `body` runs. */
function inZone<T>(zone: string, body: () => T): T {
  const before = process.env['TZ'];
  process.env['TZ'] = zone;
  try {
    return body();
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
}

describe('a table', () => {
  test('has columns of at least five, two blanks between, and no blanks at the end of a line', () => {
    const rows = [
      ['ID', 'Status', 'Summary'],
      ['1', 'Done', 'Start'],
      ['20', '', 'zwölf'],
    ];
    expect(tableText(rows)).toBe(
      ['ID   Status  Summary', '1    Done    Start', '20           zwölf', ''].join('\n'),
    );
  });

  test('keeps its rows on one line each', () => {
    expect(tableText([['a\nb', 'c']])).toBe('a\\nb  c\n');
  });
});

describe('a time', () => {
  const now = new Date('2026-11-20T12:00:00Z');

  test.each([
    ['2026-11-20T09:05:00Z', 'today at 09:05 UTC'],
    ['2026-11-19T23:59:00Z', 'yesterday at 23:59 UTC'],
    ['2026-11-21T00:00:00Z', 'tomorrow at 00:00 UTC'],
    ['2026-11-18T10:00:00Z', '2 days ago, at 10:00 UTC'],
    ['2026-09-21T10:00:00Z', '60 days ago, at 10:00 UTC'],
    ['2026-09-20T10:00:00Z', '2026-09-20'],
    ['2026-11-22T10:00:00Z', 'in 2 days, at 10:00 UTC'],
    ['2027-01-19T10:00:00Z', 'in 60 days, at 10:00 UTC'],
    ['2027-01-20T10:00:00Z', '2027-01-20'],
  ])('%s is shown as %s', (time, text) => {
    expect(inZone('UTC', () => relativeTime(new Date(time), now))).toBe(text);
  });

  test.each([
    ['Europe/Berlin', 'today at 01:30 CET', '2026-11-20T01:30:15+01:00'],
    ['America/New_York', 'yesterday at 19:30 EST', '2026-11-19T19:30:15-05:00'],
    ['Asia/Kolkata', 'today at 06:00 IST', '2026-11-20T06:00:15+05:30'],
    ['America/Sao_Paulo', 'yesterday at 21:30 -03', '2026-11-19T21:30:15-03:00'],
    ['Europe/London', 'today at 00:30 GMT', '2026-11-20T00:30:15Z'],
  ])('is local in %s', (zone, relative, absolute) => {
    const time = new Date('2026-11-20T00:30:15.678Z');
    expect(inZone(zone, () => [relativeTime(time, now), absoluteTime(time)])).toEqual([relative, absolute]);
  });

  test('that is missing is a dash, and one that cannot be read stays as it is', () => {
    expect(timeText(undefined, now, false)).toBe('-');
    expect(timeText('soon', now, false)).toBe('soon');
  });
});

describe('a long message', () => {
  test('is broken at blanks, and goes on below itself', () => {
    expect(wrapText('error: one two three four', 16)).toBe('error: one two\n       three\n       four');
  });

  test('keeps a word that is longer than the line whole', () => {
    expect(wrapText('error: abcdefghijklmnop x', 10)).toBe('error:\n       abcdefghijklmnop\n       x');
  });
});
