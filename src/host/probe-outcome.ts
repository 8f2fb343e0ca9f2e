// What a probe says: outcomes, and the few lines of output that go with a failure.
// Law: details hold at most 512 bytes and 5 lines, and a line `(...)` where there was more.
import { formatDuration } from '../core/duration.ts';
import type { ProbeOutcome } from '../ports.ts';

/** Most bytes of output kept for details. */
export const DETAIL_BYTES = 512;
const DETAIL_LINES = 5;
const MORE = '(...)';

export const up: ProbeOutcome = { up: true };

export function down(error: string, details = ''): ProbeOutcome {
  return { up: false, error, details };
}

export function timedOut(timeout: number, details = ''): ProbeOutcome {
  return down(`check timed out after ${formatDuration(timeout)}`, details);
}

/** The first lines of `bytes`. */
export function headOf(bytes: Buffer): string {
  const kept = bytes.subarray(0, DETAIL_BYTES);
  // `stream` holds back a character that the cut has split.
  const lines = toLines(new TextDecoder().decode(kept, { stream: kept.length < bytes.length }));
  const more = kept.length < bytes.length || lines.length > DETAIL_LINES;
  return [...lines.slice(0, DETAIL_LINES), ...(more ? [MORE] : [])].join('\n');
}

/** The last lines of `bytes`. */
export function tailOf(bytes: Buffer): string {
  const cut = bytes.length > DETAIL_BYTES;
  let kept = bytes.subarray(-DETAIL_BYTES);
  // A character that the cut has split: its further bytes are 10xxxxxx.
  if (cut) kept = kept.subarray(kept.findIndex((byte) => (byte & 0xc0) !== 0x80));
  const lines = toLines(new TextDecoder().decode(kept));
  const more = cut || lines.length > DETAIL_LINES;
  return [...(more ? [MORE] : []), ...lines.slice(-DETAIL_LINES)].join('\n');
}

function toLines(text: string): string[] {
  const trimmed = text.trimEnd();
  return trimmed === '' ? [] : trimmed.split('\n');
}
