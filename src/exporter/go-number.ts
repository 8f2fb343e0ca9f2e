// Numbers as Go reads them (https://pkg.go.dev/strconv): what StatsD clients send.
// Law: a text that Go refuses is undefined, whatever JavaScript would make of it.

const decimal = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;
const hexadecimal = /^(?<sign>[-+]?)0x(?<whole>[\da-f]*)\.?(?<fraction>[\da-f]*)p(?<exponent>[-+]?\d+)$/i;
/** Underscores stand between two digits, or between 0x and a digit. */
const strayUnderscore = /(?<![\da-f]|0x)_|_(?![\da-f])/i;

interface Parsed {
  readonly value: number;
  /** Too large for a double (Go's ErrRange): the value is an infinity that was not written. */
  readonly outOfRange: boolean;
}

/** Undefined where the text is no number. */
export function parseGoFloat(text: string): Parsed | undefined {
  if (decimal.test(text)) return ranged(Number(text));
  const word = text.toLowerCase();
  if (word === 'nan') return { value: NaN, outOfRange: false };
  if (/^[-+]?inf(?:inity)?$/.test(word)) {
    return { value: word.startsWith('-') ? -Infinity : Infinity, outOfRange: false };
  }
  if (text.includes('_')) {
    return strayUnderscore.test(text) ? undefined : parseGoFloat(text.replaceAll('_', ''));
  }
  const { sign, whole = '', fraction = '', exponent } = hexadecimal.exec(text)?.groups ?? {};
  if (whole + fraction === '') return undefined;
  const size = Number(`0x${whole}${fraction}`) * 2 ** (Number(exponent) - 4 * fraction.length);
  return ranged(sign === '-' ? -size : size);
}

function ranged(value: number): Parsed {
  return { value, outOfRange: !Number.isFinite(value) };
}
