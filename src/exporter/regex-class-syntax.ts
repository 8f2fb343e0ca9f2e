// Classes and escaped characters of RE2's syntax, as the inside of a JavaScript class with the flag `u`.
// Law: what RE2 refuses is refused, back-references among it.
import { complement, isUnicodeClass, perlClasses, pointSource, posixClasses } from './regex-class.ts';
import { Refusal } from './regex-reader.ts';
import type { RegexReader } from './regex-reader.ts';

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

/** What follows a backslash. */
export function escapedClass(reader: RegexReader): string {
  const character = reader.next();
  const perl = perlClasses[character.toLowerCase()];
  if (perl !== undefined) return character in perlClasses ? perl : complement(perl);
  if (character === 'p' || character === 'P') return unicodeClass(reader, character);
  return pointSource(escapedPoint(reader, character));
}

/** What follows a "[", to its "]"; the class itself, brackets and all. */
export function characterClass(reader: RegexReader): string {
  const negated = reader.take('^');
  let inside = '';
  for (let first = true; first || reader.peek() !== ']'; first = false) {
    if (reader.isAtEnd()) throw new Refusal('a "]" is missing');
    const posix = reader.sees('[:') ? posixClass(reader) : undefined;
    if (posix !== undefined) {
      inside += posix;
      continue;
    }
    if (reader.peek() === '\\' && /[dswDSWpP]/.test(reader.peek(1))) {
      reader.skip(1);
      inside += escapedClass(reader);
      continue;
    }
    const low = classPoint(reader);
    if (reader.peek() === '-' && !['', ']'].includes(reader.peek(1))) {
      reader.skip(1);
      const high = classPoint(reader);
      if (high < low) throw new Refusal('a range of characters goes backwards');
      inside += `${pointSource(low)}-${pointSource(high)}`;
    } else inside += pointSource(low);
  }
  reader.skip(1);
  return `[${negated ? '^' : ''}${inside}]`;
}

function classPoint(reader: RegexReader): number {
  const character = reader.next();
  return character === '\\' ? escapedPoint(reader, reader.next()) : (character.codePointAt(0) ?? 0);
}

function escapedPoint(reader: RegexReader, character: string): number {
  const control = controls[character];
  if (control !== undefined) return control;
  if (character === 'x') return hexadecimal(reader);
  if (/[0-7]/.test(character)) {
    if (character !== '0' && !/[0-7]/.test(reader.peek())) {
      throw new Refusal(`it refers back ("\\${character}"), which RE2 does not`);
    }
    let digits = character;
    while (digits.length < 3 && /[0-7]/.test(reader.peek())) digits += reader.next();
    return parseInt(digits, 8);
  }
  if (/[A-Za-z0-9]/.test(character)) throw new Refusal(`"\\${character}" is not known`);
  return character.codePointAt(0) ?? 0;
}

function hexadecimal(reader: RegexReader): number {
  const braces = reader.take('{');
  const digits = braces ? (reader.until('}') ?? '') : reader.peek() + reader.peek(1);
  const point = parseInt(digits, 16);
  if (!/^[\da-f]+$/i.test(digits) || (!braces && digits.length !== 2) || point > 0x10ffff) {
    throw new Refusal('"\\x" must have two hexadecimal digits, or some in braces');
  }
  reader.skip(digits.length + (braces ? 1 : 0));
  return point;
}

function unicodeClass(reader: RegexReader, sign: string): string {
  let name = reader.next();
  if (name === '{') {
    name = reader.until('}') ?? '';
    reader.skip(Array.from(name).length + 1);
  }
  const negated = name.startsWith('^');
  const bare = negated ? name.slice(1) : name;
  const letter = (sign === 'P') !== negated ? 'P' : 'p';
  if (bare === 'Any') return letter === 'p' ? '\\0-\\u{10ffff}' : '';
  for (const property of [bare, `Script=${bare}`]) {
    const source = `\\${letter}{${property}}`;
    if (/^\w+$/.test(bare) && isUnicodeClass(source)) return source;
  }
  throw new Refusal(`the character class "\\${sign}{${name}}" is not known`);
}

/** Undefined: what looks like one is none. */
function posixClass(reader: RegexReader): string | undefined {
  const text = reader.until(']') ?? '';
  const name = /^\[:(\^?)(\w+):$/.exec(text);
  if (name === null) return undefined;
  const ranges = posixClasses[name[2] ?? ''];
  if (ranges === undefined) throw new Refusal(`the character class "[:${name[2]}:]" is not known`);
  reader.skip(text.length + 1);
  return name[1] === '' ? ranges : complement(ranges);
}
