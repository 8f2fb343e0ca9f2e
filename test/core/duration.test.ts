import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/core/duration.ts';

test.each([
  ['0', 0],
  ['0s', 0],
  ['500ms', 500],
  ['1.5s', 1500],
  ['1m30s', 90_000],
  ['.5h', 1_800_000],
  ['1.s', 1000],
  ['100µs', 0.1],
  ['100μs', 0.1],
  ['100us', 0.1],
  ['1ns', 0.000001],
  ['168h0m0s', 604_800_000],
  ['-1.5s', -1500],
  ['+2s', 2000],
  ['1.1s', 1100],
])('%s is %d ms', (text, milliseconds) => {
  expect(parseDuration(text)).toEqual({ ok: true, value: milliseconds });
});

test.each(['', '5', 's', '1', '1 s', '1S', '1d', '.s', '--1s', '1s ', 'yes', '1e3s', '-', '9999999999h'])(
  '"%s" is no duration, and the failure says so in one sentence',
  (text) => {
    const parsed = parseDuration(text);
    expect(parsed.ok ? '' : parsed.failure).toContain(`invalid duration "${text}"`);
  },
);

test.each([
  [0, '0s'],
  [90_000, '1m30s'],
  [3_600_000, '1h0m0s'],
  [604_800_000, '168h0m0s'],
  [500, '500ms'],
  [1.5, '1.5ms'],
  [0.1, '100µs'],
  [0.000001, '1ns'],
  [1100, '1.1s'],
  [-1500, '-1.5s'],
  [61_001, '1m1.001s'],
])('%d ms is written %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test('what is written reads back as it was', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 42), max: 2 ** 42 }), (milliseconds) => {
      expect(parseDuration(formatDuration(milliseconds))).toEqual({ ok: true, value: milliseconds + 0 });
    }),
  );
});

test('parsing never throws, whatever the text', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parseDuration(text)).toHaveProperty('ok');
    }),
  );
});
