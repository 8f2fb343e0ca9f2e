// The characters of a regular expression, read one by one.

/** Why an expression is refused: one sentence without the expression itself. */
export class Refusal extends Error {}

export interface RegexReader {
  isAtEnd(): boolean;
  /** The character that comes next, or `ahead` further ones later; "" behind the end. */
  peek(ahead?: number): string;
  /** Whether these two come next. */
  sees(two: string): boolean;
  /** What lies before the next `mark`, which stays unread; undefined: there is none. */
  until(mark: string): string | undefined;
  next(): string;
  /** Reads the character if it comes next. */
  take(character: string): boolean;
  skip(count: number): void;
}

export function createRegexReader(text: string): RegexReader {
  const characters = Array.from(text);
  let at = 0;
  return {
    isAtEnd: () => at >= characters.length,
    peek: (ahead = 0) => characters[at + ahead] ?? '',
    sees: (two) => characters[at] === two[0] && characters[at + 1] === two[1],
    until(mark) {
      const end = characters.indexOf(mark, at);
      return end === -1 ? undefined : characters.slice(at, end).join('');
    },
    next() {
      const character = characters[at];
      if (character === undefined) throw new Refusal('it ends too early');
      at += 1;
      return character;
    },
    take(character) {
      const is = characters[at] === character;
      if (is) at += 1;
      return is;
    },
    skip(count) {
      at += count;
    },
  };
}
