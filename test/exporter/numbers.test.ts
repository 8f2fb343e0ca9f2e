import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatGoFloat } from '../../src/core/exposition.ts';
import { parseGoFloat } from '../../src/exporter/go-number.ts';

describe('numbers as Go reads them', () => {
  test.each([
    ['1', 1],
    ['.5', 0.5],
    ['1.', 1],
    ['1e3', 1000],
    ['+5', 5],
    ['-0', -0],
    ['inf', Infinity],
    ['+Inf', Infinity],
    ['-INFINITY', -Infinity],
    ['nan', NaN],
    ['1_000', 1000],
    ['1e1_0', 1e10],
    ['0x1p4', 16],
    ['0x_1p4', 16],
    ['-0x1.8p1', -3],
    ['1e-400', 0],
  ])('%s', (text, value) => {
    expect(parseGoFloat(text)).toEqual({ value, outOfRange: false });
  });

  test.each([
    '',
    ' 1',
    '1 ',
    '1o',
    '0x10',
    '1__0',
    '_1',
    '1_',
    '1_.5',
    '-nan',
    '--1',
    '1e',
    '.',
    'e5',
    '0b1',
    '0o7',
  ])('not "%s"', (text) => {
    expect(parseGoFloat(text)).toBeUndefined();
  });

  test('what is too large is told from infinity', () => {
    expect(parseGoFloat('1e400')).toEqual({ value: Infinity, outOfRange: true });
    expect(parseGoFloat('inf')).toEqual({ value: Infinity, outOfRange: false });
  });
});

describe('numbers as Go prints them', () => {
  test.each([
    [0, '0'],
    [-0, '0'],
    [99999, '99999'],
    [100000, '100000'],
    [999999.5, '999999.5'],
    [1e6, '1e+06'],
    [1234567.5, '1.2345675e+06'],
    [123456789012, '1.23456789012e+11'],
    [1e21, '1e+21'],
    [1e100, '1e+100'],
    [0.0001, '0.0001'],
    [0.00009, '9e-05'],
    [-1e6, '-1e+06'],
    [5e-324, '5e-324'],
    [0.1 + 0.2, '0.30000000000000004'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [NaN, 'NaN'],
  ])('%d as %s', (value, text) => {
    expect(formatGoFloat(value)).toBe(text);
  });

  test('every number is read back as it was', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        expect(parseGoFloat(formatGoFloat(value))?.value).toBe(value === 0 ? 0 : value);
      }),
    );
  });
});
