// Regular expressions in RE2's syntax (https://github.com/google/re2/wiki/Syntax) as a tree.
// Law: what RE2 refuses is refused, look-around and back-references among it.
import { fail, ok } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import { pointSource } from './regex-class.ts';
import { characterClass, escapedClass } from './regex-class-syntax.ts';
import { createRegexReader, Refusal } from './regex-reader.ts';

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

const deepest = 200;
const mostRepeats = 1000;

/** The failure is one sentence without the expression itself. */
export function parseRegex(text: string): Result<Syntax, string> {
  try {
    return ok(parse(text));
  } catch (error) {
    if (error instanceof Refusal) return fail(error.message);
    throw error;
  }
}

function parse(text: string): Syntax {
  const reader = createRegexReader(text);
  const groups: (string | undefined)[] = [];
  let depth = 0;
  let flags: Flags = { i: false, m: false, s: false, U: false };

  const pattern = alternatives();
  if (!reader.isAtEnd()) throw new Refusal('a ")" closes nothing');
  return { pattern, groups };

  function alternatives(): Pattern {
    depth += 1;
    if (depth > deepest) throw new Refusal('its groups are nested too deeply');
    const outer = flags;
    const choices = [sequence()];
    while (reader.take('|')) choices.push(sequence());
    flags = outer;
    depth -= 1;
    const [only] = choices;
    return only !== undefined && choices.length === 1 ? only : { kind: 'any', choices };
  }

  function sequence(): Pattern {
    const parts: Pattern[] = [];
    while (!reader.isAtEnd() && reader.peek() !== '|' && reader.peek() !== ')') {
      if (reader.sees('\\Q')) {
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
    reader.skip(2);
    const parts: Pattern[] = [];
    while (!reader.isAtEnd() && !reader.sees('\\E')) parts.push(literal(reader.next()));
    reader.skip(2);
    return parts;
  }

  /** Undefined for flags, which match nothing. */
  function atom(): Pattern | undefined {
    const character = reader.next();
    switch (character) {
      case '(':
        return group();
      case '[':
        return one(characterClass(reader));
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
    if (!reader.take('?')) return capture(undefined);
    if (reader.sees('P<') || (reader.peek() === '<' && !['=', '!'].includes(reader.peek(1)))) {
      reader.skip(reader.peek() === 'P' ? 2 : 1);
      const name = reader.until('>') ?? '';
      if (!/^\w+$/.test(name)) throw new Refusal('a group has no proper name');
      if (groups.includes(name)) throw new Refusal(`two groups have the name "${name}"`);
      reader.skip(name.length + 1);
      return capture(name);
    }
    if (['=', '!', '<'].includes(reader.peek())) {
      throw new Refusal('it looks around ("(?=", "(?!", "(?<"), which RE2 does not');
    }
    const outer = flags;
    let sign = true;
    for (;;) {
      const flag = reader.next();
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
    if (!reader.take(')')) throw new Refusal('a ")" is missing');
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
      const lazy = reader.take('?') !== flags.U;
      result = { kind: 'repeat', body: result, least, most, lazy };
    }
    return result;
  }

  /** Braces that hold no numbers stand for themselves. */
  function quantifier(): readonly [number, number] | undefined {
    if (reader.take('*')) return [0, Infinity];
    if (reader.take('+')) return [1, Infinity];
    if (reader.take('?')) return [0, 1];
    const range = /^\{(\d+)(,?)(\d*)$/.exec(reader.until('}') ?? '');
    if (range === null || (range[2] === '' && range[3] !== '')) return undefined;
    reader.skip(range[0].length + 1);
    const least = Number(range[1]);
    return [least, range[2] === '' ? least : range[3] === '' ? Infinity : Number(range[3])];
  }

  function escaped(): Pattern {
    const where = { A: 'start', z: 'end', b: 'word-edge', B: 'no-word-edge' } as const;
    const character = reader.peek();
    if (character in where) {
      reader.skip(1);
      return { kind: 'at', where: where[character as keyof typeof where] };
    }
    return one(`[${escapedClass(reader)}]`);
  }

  function literal(character: string): Pattern {
    return one(`[${pointSource(character.codePointAt(0) ?? 0)}]`);
  }

  function one(source: string): Pattern {
    return { kind: 'one', source, fold: flags.i };
  }
}
