// Regular expressions in RE2's syntax (https://github.com/google/re2/wiki/Syntax) as a tree.
// Law: what RE2 refuses is refused, look-around and back-references among it.
import { fail, ok } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import { complement, isUnicodeClass, perlClasses, pointSource, posixClasses } from './regex-class.ts';

export type Pattern =
  /** One character, as a JavaScript class with the flags `u` or `iu`. */
  | { readonly kind: 'one'; readonly source: string; readonly fold: boolean }
  | { readonly kind: 'at'; readonly where: Place }
  | { readonly kind: 'group'; readonly index: number; readonly body: Pattern }
  | { readonly kind: 'all'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'any'; readonly choices: readonly Pattern[] }
  | {
      readonly kind: 'repeat';
      readonly body: Pattern;
      readonly least: number;
      readonly most: number;
      readonly lazy: boolean;
    };

export type Place = 'start' | 'end' | 'line-start' | 'line-end' | 'word-edge' | 'no-word-edge';

export interface Syntax {
  readonly pattern: Pattern;
  /** Of each group from 1 on its name; undefined where it has none. */
  readonly groups: readonly (string | undefined)[];
}

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly U: boolean;
}

class Refusal extends Error {}

const deepest = 200;
const mostRepeats = 1000;
const controls: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

/** The failure is one sentence without the expression itself. */
export function parseRegex(text: string): Result<Syntax, string> {
  try {
    return ok(parse(Array.from(text)));
  } catch (error) {
    if (error instanceof Refusal) return fail(error.message);
    throw error;
  }
}

function parse(text: readonly string[]): Syntax {
  const groups: (string | undefined)[] = [];
  let at = 0;
  let depth = 0;
  let flags: Flags = { i: false, m: false, s: false, U: false };

  const pattern = alternatives();
  if (at < text.length) throw new Refusal('a ")" closes nothing');
  return { pattern, groups };

  function alternatives(): Pattern {
    depth += 1;
    if (depth > deepest) throw new Refusal('its groups are nested too deeply');
    const outer = flags;
    const choices = [sequence()];
    while (take('|')) choices.push(sequence());
    flags = outer;
    depth -= 1;
    const [only] = choices;
    return only !== undefined && choices.length === 1 ? only : { kind: 'any', choices };
  }

  function sequence(): Pattern {
    const parts: Pattern[] = [];
    while (at < text.length && text[at] !== '|' && text[at] !== ')') {
      if (see('\\Q')) {
        const characters = quoted();
        const last = characters.pop();
        // What follows repeats the last of them alone.
        parts.push(...characters, ...(last === undefined ? [] : [repeated(last)]));
        continue;
      }
      const part = atom();
      if (part !== undefined) parts.push(repeated(part));
    }
    return { kind: 'all', parts };
  }

  function quoted(): Pattern[] {
    at += 2;
    const parts: Pattern[] = [];
    while (at < text.length && !see('\\E')) parts.push(literal(next()));
    at += 2;
    return parts;
  }

  /** Undefined for flags, which match nothing. */
  function atom(): Pattern | undefined {
    const character = next();
    switch (character) {
      case '(':
        return group();
      case '[':
        return one(characterClass());
      case '.':
        return one(flags.s ? '[^]' : '[^\\n]');
      case '^':
        return { kind: 'at', where: flags.m ? 'line-start' : 'start' };
      case '$':
        return { kind: 'at', where: flags.m ? 'line-end' : 'end' };
      case '\\':
        return escaped();
      case '*':
      case '+':
      case '?':
        throw new Refusal(`"${character}" repeats nothing`);
      default:
        return literal(character);
    }
  }

  function group(): Pattern | undefined {
    if (!take('?')) return capture(undefined);
    if (see('P<') || (text[at] === '<' && text[at + 1] !== '=' && text[at + 1] !== '!')) {
      at += text[at] === 'P' ? 2 : 1;
      const end = text.indexOf('>', at);
      const name = end === -1 ? '' : text.slice(at, end).join('');
      if (!/^\w+$/.test(name)) throw new Refusal('a group has no proper name');
      if (groups.includes(name)) throw new Refusal(`two groups have the name "${name}"`);
      at = end + 1;
      return capture(name);
    }
    if (['=', '!', '<'].includes(text[at] ?? '')) {
      throw new Refusal('it looks around ("(?=", "(?!", "(?<"), which RE2 does not');
    }
    const outer = flags;
    let sign = true;
    for (;;) {
      const flag = next();
      if (flag === ')') return undefined;
      if (flag === ':') {
        const body = closed();
        flags = outer;
        return body;
      }
      if (flag === '-' && sign) sign = false;
      else if (flag === 'i' || flag === 'm' || flag === 's' || flag === 'U')
        flags = { ...flags, [flag]: sign };
      else throw new Refusal(`"(?${flag}" is not known`);
    }
  }

  function capture(name: string | undefined): Pattern {
    groups.push(name);
    const index = groups.length;
    return { kind: 'group', index, body: closed() };
  }

  function closed(): Pattern {
    const body = alternatives();
    if (!take(')')) throw new Refusal('a ")" is missing');
    return body;
  }

  function repeated(part: Pattern): Pattern {
    let result = part;
    let count = 0;
    for (let range = quantifier(); range !== undefined; range = quantifier()) {
      count += 1;
      if (count > 1) throw new Refusal('one repetition follows another');
      const [least, most] = range;
      if (least > mostRepeats || (most !== Infinity && most > mostRepeats) || least > most) {
        throw new Refusal(`a repetition must be within 0 and ${mostRepeats}`);
      }
      const lazy = take('?') !== flags.U;
      result = { kind: 'repeat', body: result, least, most, lazy };
    }
    return result;
  }

  /** Braces that hold no numbers stand for themselves. */
  function quantifier(): readonly [number, number] | undefined {
    if (take('*')) return [0, Infinity];
    if (take('+')) return [1, Infinity];
    if (take('?')) return [0, 1];
    if (text[at] !== '{') return undefined;
    const end = text.indexOf('}', at);
    const inside = end === -1 ? '' : text.slice(at + 1, end).join('');
    const range = /^(\d+)(,?)(\d*)$/.exec(inside);
    if (range === null || (range[2] === '' && range[3] !== '')) return undefined;
    at = end + 1;
    const least = Number(range[1]);
    return [least, range[2] === '' ? least : range[3] === '' ? Infinity : Number(range[3])];
  }

  function escaped(): Pattern {
    const where = { A: 'start', z: 'end', b: 'word-edge', B: 'no-word-edge' } as const;
    const character = text[at] ?? '';
    if (character in where) {
      at += 1;
      return { kind: 'at', where: where[character as keyof typeof where] };
    }
    return one(`[${escapedClass()}]`);
  }

  /** What follows a backslash, as the inside of a class. */
  function escapedClass(): string {
    const character = next();
    const perl = perlClasses[character.toLowerCase()];
    if (perl !== undefined) return character in perlClasses ? perl : complement(perl);
    if (character === 'p' || character === 'P') return unicodeClass(character);
    return pointSource(escapedPoint(character));
  }

  function escapedPoint(character: string): number {
    const control = controls[character];
    if (control !== undefined) return control;
    if (character === 'x') return hexadecimal();
    if (/[0-7]/.test(character)) {
      if (character !== '0' && !/[0-7]/.test(text[at] ?? '')) {
        throw new Refusal(`it refers back ("\\${character}"), which RE2 does not`);
      }
      let digits = character;
      while (digits.length < 3 && /[0-7]/.test(text[at] ?? '')) digits += next();
      return parseInt(digits, 8);
    }
    if (/[A-Za-z0-9]/.test(character)) throw new Refusal(`"\\${character}" is not known`);
    return character.codePointAt(0) ?? 0;
  }

  function hexadecimal(): number {
    const braces = take('{');
    const end = braces ? text.indexOf('}', at) : at + 2;
    const digits = text.slice(at, Math.max(end, at)).join('');
    const point = parseInt(digits, 16);
    if (!/^[\da-f]+$/i.test(digits) || (!braces && digits.length !== 2) || point > 0x10ffff) {
      throw new Refusal('"\\x" must have two hexadecimal digits, or some in braces');
    }
    at = braces ? end + 1 : end;
    return point;
  }

  function unicodeClass(sign: string): string {
    let name = next();
    if (name === '{') {
      const end = text.indexOf('}', at);
      name = end === -1 ? '' : text.slice(at, end).join('');
      at = end + 1;
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

  function characterClass(): string {
    const negated = take('^');
    let inside = '';
    for (let first = true; first || text[at] !== ']'; first = false) {
      if (at >= text.length) throw new Refusal('a "]" is missing');
      const posix = see('[:') ? posixClass() : undefined;
      if (posix !== undefined) {
        inside += posix;
        continue;
      }
      if (text[at] === '\\' && /[dswDSWpP]/.test(text[at + 1] ?? '')) {
        at += 1;
        inside += escapedClass();
        continue;
      }
      const low = classPoint();
      if (text[at] === '-' && text[at + 1] !== ']' && at + 1 < text.length) {
        at += 1;
        const high = classPoint();
        if (high < low) throw new Refusal('a range of characters goes backwards');
        inside += `${pointSource(low)}-${pointSource(high)}`;
      } else inside += pointSource(low);
    }
    at += 1;
    return `[${negated ? '^' : ''}${inside}]`;
  }

  function classPoint(): number {
    const character = next();
    return character === '\\' ? escapedPoint(next()) : (character.codePointAt(0) ?? 0);
  }

  function posixClass(): string | undefined {
    const end = text.indexOf(']', at);
    const name = /^\[:(\^?)(\w+):$/.exec(text.slice(at, Math.max(end, at)).join(''));
    if (name === null) return undefined;
    const ranges = posixClasses[name[2] ?? ''];
    if (ranges === undefined) throw new Refusal(`the character class "[:${name[2]}:]" is not known`);
    at = end + 1;
    return name[1] === '' ? ranges : complement(ranges);
  }

  function literal(character: string): Pattern {
    return one(`[${pointSource(character.codePointAt(0) ?? 0)}]`);
  }

  function one(source: string): Pattern {
    return { kind: 'one', source, fold: flags.i };
  }

  function next(): string {
    const character = text[at];
    if (character === undefined) throw new Refusal('it ends too early');
    at += 1;
    return character;
  }

  function take(character: string): boolean {
    const is = text[at] === character;
    if (is) at += 1;
    return is;
  }

  function see(two: string): boolean {
    return text[at] === two[0] && text[at + 1] === two[1];
  }
}
