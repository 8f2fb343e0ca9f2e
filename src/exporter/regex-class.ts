// Classes of characters of RE2, as the inside of a JavaScript class with the flag `u`.

/** `\\d`, `\\s` and `\\w`, which know ASCII alone. */
export const perlClasses: Readonly<Record<string, string>> = {
  d: '0-9',
  s: '\\t\\n\\f\\r ',
  w: '0-9A-Za-z_',
};
/** `[:alpha:]` and its like. */
export const posixClasses: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};
/** One character, in a class. */
export function pointSource(point: number): string {
  return `\\u{${point.toString(16)}}`;
}

/** Whether JavaScript knows the `\\p{...}`. */
export function isUnicodeClass(source: string): boolean {
  try {
    RegExp(`[${source}]`, 'u');
    return true;
  } catch {
    return false;
  }
}

/** The characters outside of ASCII ranges, as ranges. */
export function complement(ranges: string): string {
  const inside = new RegExp(`[${ranges}]`, 'u');
  let source = '';
  for (let point = 0; point < 128; point += 1) {
    if (!inside.test(String.fromCodePoint(point))) source += pointSource(point);
  }
  return `${source}\\u{80}-\\u{10ffff}`;
}
