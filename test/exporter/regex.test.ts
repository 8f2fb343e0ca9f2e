import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileRegex } from '../../src/exporter/regex.ts';

function groups(source: string, text: string): readonly (string | undefined)[] | undefined {
  const regex = compileRegex(source);
  if (!regex.ok) throw new Error(regex.failure);
  const match = regex.value(text);
  return match && ['0', '1', '2', '3'].map((name) => match.group(name));
}

describe('refused, as RE2 does', () => {
  test.each([
    ['(?=a)', 'looks around'],
    ['(?!a)', 'looks around'],
    ['(?<=a)b', 'looks around'],
    ['(?<!a)b', 'looks around'],
    [String.raw`(a)\1`, 'refers back'],
    ['(', '")" is missing'],
    [')', 'closes nothing'],
    ['[a', '"]" is missing'],
    ['*a', 'repeats nothing'],
    ['a**', 'follows another'],
    ['a{1001}', 'within 0 and 1000'],
    ['a{3,2}', 'within 0 and 1000'],
    ['[b-a]', 'backwards'],
    [String.raw`\y`, 'not known'],
    [String.raw`\p{Nonsense}`, 'not known'],
    ['[[:nonsense:]]', 'not known'],
    ['(?P<n>a)(?P<n>b)', 'two groups'],
    ['(?P<>a)', 'proper name'],
    ['(?x)a', 'not known'],
    ['a\\', 'ends too early'],
    ['((a{100}){100}){100}', 'too large'],
    ['('.repeat(500), 'nested too deeply'],
  ])('%s', (source, reason) => {
    const regex = compileRegex(source);
    expect(regex.ok ? 'accepted' : regex.failure).toContain(reason);
  });
});

test.each([
  ['a+b', 'xaab', ['aab']],
  ['(a|ab)(c|bcd)(d*)', 'abcd', ['abcd', 'a', 'bcd', '']],
  ['(a+?)(a*)', 'aaa', ['aaa', 'a', 'aa']],
  ['(?U)(a+)(a*)', 'aaa', ['a', 'a', '']],
  ['(?i)ÄB', 'xäb', ['äb']],
  ['^(?:x|(y))$', 'x', ['x', undefined]],
  [String.raw`[^\d]+`, '12ab3', ['ab']],
  [String.raw`[[:^digit:]]+`, '12ab3', ['ab']],
  [String.raw`\Qa.b\E+`, 'a.bb', ['a.bb']],
  [String.raw`\x{1F600}`, 'a😀', ['😀']],
  ['.', '😀', ['😀']],
  ['a{,2}', 'a{,2}', ['a{,2}']],
  ['[]a]+', ']a', [']a']],
  [String.raw`\101\x42\t?`, 'AB', ['AB']],
  ['(?m)^b$', 'a\nb', ['b']],
  ['', 'abc', ['']],
  ['(a*)*', 'b', ['', undefined]],
] as const)('%s finds in "%s"', (source, text, expected) => {
  expect(groups(source, text)?.slice(0, expected.length)).toEqual(expected);
});

test('a hostile expression takes time that grows with its text, not more', () => {
  const began = performance.now();
  expect(groups('^(a+)+$', `${'a'.repeat(1_000)}b`)).toBeUndefined();
  expect(groups('(a?){500}a{500}', 'a'.repeat(500))).toBeDefined();
  expect(performance.now() - began).toBeLessThan(5_000);
});

test('a text that is very long is no match', () => {
  expect(groups('a', 'a'.repeat(1_024))).toBeDefined();
  expect(groups('a', 'a'.repeat(1_025))).toBeUndefined();
});

test('simple expressions find what JavaScript finds', () => {
  const part = fc.constantFrom(
    'a',
    'b',
    '[ab]',
    '.',
    'a?',
    'b*',
    '(a|b)',
    '(a)+',
    '^',
    '$',
    'c{1,2}',
    'a|b',
    '(?:ab)*?',
  );
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 5 }),
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 }),
      (parts, text) => {
        const source = parts.join('').replaceAll(/[\^$](?=[*+?{])/g, '');
        expect(groups(source, text)?.[0]).toBe(new RegExp(source, 'u').exec(text)?.[0]);
      },
    ),
  );
});
