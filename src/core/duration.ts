// Durations as Go writes them (https://pkg.go.dev/time#ParseDuration): text in layers, milliseconds inside.
import { fail, ok } from './result.ts';
import type { Result } from './result.ts';

const unitNanoseconds: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n, // U+00B5 micro sign
  μs: 1_000n, // U+03BC Greek mu
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const longest = 2n ** 63n - 1n;
const whole = /^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const part = /(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g;

/** Milliseconds, fractions down to a nanosecond included; may be negative. The failure is one sentence. */
export function parseDuration(text: string): Result<number, string> {
  if (/^[-+]?0$/.test(text)) return ok(0);
  if (!whole.test(text)) {
    return fail(`invalid duration "${text}", write a number with a unit, like "500ms" or "1m30s"`);
  }
  let total = 0n;
  for (const [, digits = '', fraction = '', unit = ''] of text.matchAll(part)) {
    const scale = unitNanoseconds[unit] ?? 0n;
    // Nothing below a nanosecond counts, and hours need no more than these digits to get there.
    const fine = fraction.slice(0, 18);
    total += BigInt(digits || '0') * scale + (BigInt(fine || '0') * scale) / 10n ** BigInt(fine.length);
    if (total > longest) return fail(`invalid duration "${text}", longer than 292 years`);
  }
  const milliseconds = Number(total / 1_000_000n) + Number(total % 1_000_000n) / 1e6;
  return ok(text.startsWith('-') && total > 0n ? -milliseconds : milliseconds);
}

/** Go's canonical form: 90000 is "1m30s", 0 is "0s", 1.5 is "1.5ms". Rounded to a nanosecond. */
export function formatDuration(milliseconds: number): string {
  const size = Math.abs(milliseconds);
  const nanoseconds =
    BigInt(Math.trunc(size)) * 1_000_000n + BigInt(Math.round((size - Math.trunc(size)) * 1e6));
  if (nanoseconds === 0n) return '0s';
  const sign = milliseconds < 0 ? '-' : '';
  if (nanoseconds < 1_000n) return `${sign}${nanoseconds}ns`;
  if (nanoseconds < 1_000_000n) return `${sign}${decimal(nanoseconds, 1_000n)}µs`;
  if (nanoseconds < 1_000_000_000n) return `${sign}${decimal(nanoseconds, 1_000_000n)}ms`;
  const minutes = nanoseconds / 60_000_000_000n;
  const seconds = `${decimal(nanoseconds % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return `${sign}${seconds}`;
  const hours = minutes / 60n;
  return hours === 0n ? `${sign}${minutes}m${seconds}` : `${sign}${hours}h${minutes % 60n}m${seconds}`;
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = String(value % unit)
    .padStart(String(unit).length - 1, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(value / unit) : `${value / unit}.${fraction}`;
}
