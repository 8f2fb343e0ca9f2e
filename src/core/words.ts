// Text into words as a POSIX shell splits it, with nothing expanded, and words back into text that splits into them.
import { fail, ok } from './result.ts';
import type { Result } from './result.ts';

export interface Word {
  readonly text: string;
  /** Some of it was quoted or escaped, so it means only itself. */
  readonly quoted: boolean;
}

const space = /[ \t\r\n]/;

/**
 * Space, tab, CR and LF separate; '...' is literal; in "..." and bare words a backslash takes the next character as it is;
 * `#` at the start of a word begins a comment to the end of the line. The failure is what is missing.
 */
export function splitWords(line: string): Result<readonly Word[], string> {
  const words: Word[] = [];
  let text: string | undefined;
  let quoted = false;
  let quote: string | undefined;
  const characters = Array.from(line);
  for (let index = 0; index < characters.length; index += 1) {
    const character = characters[index] ?? '';
    if (character === '\\' && quote !== "'") {
      index += 1;
      const next = characters[index];
      if (next === undefined) return fail('nothing follows the last backslash');
      text = (text ?? '') + next;
      quoted = true;
    } else if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else text = (text ?? '') + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      text ??= '';
      quoted = true;
    } else if (space.test(character)) {
      if (text !== undefined) words.push({ text, quoted });
      text = undefined;
      quoted = false;
    } else if (character === '#' && text === undefined) {
      const end = characters.indexOf('\n', index);
      index = end === -1 ? characters.length : end;
    } else {
      text = (text ?? '') + character;
    }
  }
  if (quote !== undefined) return fail(`the closing ${quote} is missing`);
  if (text !== undefined) words.push({ text, quoted });
  return ok(words);
}

/** The word with single quotes where splitWords, or a shell, would otherwise read it differently. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
