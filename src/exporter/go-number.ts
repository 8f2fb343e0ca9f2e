// Numbers as Go reads and prints them (https://pkg.go.dev/strconv): what StatsD clients send and Prometheus reads.
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

/**
 * Shortest digits that round-trip, as FormatFloat(x, 'g', -1, 64): an exponent below 1e-4 and from 1e6 on, of two digits or
 * more. Minus zero is 0, as Prometheus's own libraries print it.
 */
export function formatGoFloat(value: number): string {
  if (Number.isInteger(value) && value < 1e6 && value > -1e6) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e6) return String(value);
  const text = value.toExponential();
  const at = text.indexOf('e');
  return `${text.slice(0, at + 2)}${text.slice(at + 2).padStart(2, '0')}`;
}
