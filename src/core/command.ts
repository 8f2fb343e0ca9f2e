// Command lines: words that always run, and default arguments in `[ ]`, last, that `--args` replaces.
import type { Command } from './config.ts';
import { fail, ok } from './result.ts';
import type { Result } from './result.ts';
import { quoteWord, splitWords } from './words.ts';

/** A group that is never closed ends with the line, as in Pebble; a quoted bracket is a word like any other. */
export function parseCommand(text: string): Result<Command, string> {
  const words = splitWords(text);
  if (!words.ok) return words;
  const base: string[] = [];
  let defaults: string[] | undefined;
  let closed = false;
  for (const word of words.value) {
    const bracket = word.quoted ? '' : word.text;
    if (closed) return fail('nothing may follow the "[ ... ]" group');
    if (bracket === '[') {
      if (defaults !== undefined) return fail('a "[ ... ]" group cannot hold another');
      if (base.length === 0) return fail('a command cannot start with a "[ ... ]" group');
      defaults = [];
    } else if (bracket === ']') {
      if (defaults === undefined) return fail('"]" stands outside of a "[ ... ]" group');
      closed = true;
    } else {
      (defaults ?? base).push(word.text);
    }
  }
  if (base.length === 0) return fail('it has no words');
  return ok({ base, defaults });
}

/** The line that parseCommand reads as this command. */
export function formatCommand(command: Command): string {
  const group = command.defaults === undefined ? [] : ['[', ...command.defaults.map(quoteWord), ']'];
  return [...command.base.map(quoteWord), ...group].join(' ');
}

/** The program and its arguments, as they are run. */
export function argvOf(command: Command): string[] {
  return [...command.base, ...(command.defaults ?? [])];
}

/** The command with `words` for its default arguments, whether it had any or not. */
export function withArguments(command: Command, words: readonly string[]): Command {
  return { base: command.base, defaults: [...words] };
}
