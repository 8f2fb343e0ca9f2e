import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { argvOf, formatCommand, parseCommand, withArguments } from '../../src/core/command.ts';
import { quoteWord, splitWords } from '../../src/core/words.ts';

test.each([
  ['a b', ['a', 'b'], undefined],
  ["sh -c 'echo  hi'", ['sh', '-c', 'echo  hi'], undefined],
  ['a "b \\"c\\" \\$d" e\\ f', ['a', 'b "c" $d', 'e f'], undefined],
  ['a \'\' ""', ['a', '', ''], undefined],
  ['a #x\nb', ['a', 'b'], undefined],
  ['a b#c', ['a', 'b#c'], undefined],
  ["a '#x' x'y'\"z\"", ['a', '#x', 'xyz'], undefined],
  ['gunicorn -k [ sync ]', ['gunicorn', '-k'], ['sync']],
  ['a [ b c', ['a'], ['b', 'c']],
  ['a [ ]', ['a'], []],
  ["a '[' b ']'", ['a', '[', 'b', ']'], undefined],
  ['a [b]', ['a', '[b]'], undefined],
])('%s splits as it should', (text, base, defaults) => {
  expect(parseCommand(text)).toEqual({ ok: true, value: { base, defaults } });
});

test.each([
  ["a 'b", "the closing ' is missing"],
  ['a "b', 'the closing " is missing'],
  ['a \\', 'nothing follows the last backslash'],
  ['a [ b [ c ] ]', 'a "[ ... ]" group cannot hold another'],
  ['a [ b ] c', 'nothing may follow the "[ ... ]" group'],
  ['[ a ]', 'a command cannot start with a "[ ... ]" group'],
  ['a ] b', '"]" stands outside of a "[ ... ]" group'],
  ['', 'it has no words'],
  ['# a', 'it has no words'],
])('%s is refused', (text, failure) => {
  expect(parseCommand(text)).toEqual({ ok: false, failure });
});

test('a command is written with single quotes where they are needed, and nowhere else', () => {
  expect(formatCommand({ base: ['sh', '-c', 'echo hi'], defaults: ['p', 'q r'] })).toBe(
    "sh -c 'echo hi' [ p 'q r' ]",
  );
  expect(formatCommand({ base: ['a', "it's", '', '[', '--x=/a:b,c'], defaults: undefined })).toBe(
    `a 'it'"'"'s' '' '[' --x=/a:b,c`,
  );
});

test('arguments take the place of the default ones, or follow where there are none', () => {
  const gunicorn = { base: ['gunicorn', '-k'], defaults: ['sync'] };
  expect(argvOf(gunicorn)).toEqual(['gunicorn', '-k', 'sync']);
  expect(argvOf(withArguments(gunicorn, ['gevent']))).toEqual(['gunicorn', '-k', 'gevent']);
  expect(argvOf(withArguments({ base: ['a'], defaults: undefined }, ['b']))).toEqual(['a', 'b']);
});

const word = fc.oneof(
  fc.string(),
  fc.string({ unit: fc.constantFrom('[', ']', "'", '"', '\\', '#', ' ', '\n', 'a') }),
);

test('a written command reads back as it was', () => {
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1 }),
      fc.option(fc.array(word), { nil: undefined }),
      (base, defaults) => {
        expect(parseCommand(formatCommand({ base, defaults }))).toEqual({
          ok: true,
          value: { base, defaults },
        });
      },
    ),
  );
});

test('the law of reading back notices a word that was not quoted', () => {
  expect(splitWords(['a b'].join(' '))).not.toEqual(splitWords(quoteWord('a b')));
});

test('splitting never throws, whatever the text', () => {
  fc.assert(
    fc.property(word, (text) => {
      expect(parseCommand(text)).toHaveProperty('ok');
    }),
  );
});
