// Cuts a stream of bytes into lines of bounded length. Pure: what is left over is returned, not kept.

/** Longest line in bytes; a longer one is cut into several (Pebble's limit, which keeps an ndjson line under 5 KiB). */
export const lineLimit = 4_096;

export interface Cut {
  /** Complete lines without their newline, bytes that are no UTF-8 replaced. */
  readonly lines: readonly string[];
  /** The start of a line that has not ended yet, shorter than `lineLimit`. */
  readonly rest: Uint8Array;
}

const newline = 10;
const decoder = new TextDecoder();

export function cutLines(rest: Uint8Array, bytes: Uint8Array, limit = lineLimit): Cut {
  const all = rest.length === 0 ? bytes : joined(rest, bytes);
  const lines: string[] = [];
  let start = 0;
  while (start < all.length) {
    const end = all.indexOf(newline, start);
    if (end >= 0 && end - start <= limit) {
      lines.push(decoder.decode(all.subarray(start, end)));
      start = end + 1;
    } else if (all.length - start > limit) {
      const cut = characterBoundary(all, start, start + limit);
      lines.push(decoder.decode(all.subarray(start, cut)));
      start = cut;
    } else break;
  }
  // A copy: the caller may use its bytes again, and a Buffer's own slice() would be a view of them.
  return { lines, rest: Uint8Array.from(all.subarray(start)) };
}

/** The text of an unfinished line. */
export function restText(rest: Uint8Array): string {
  return decoder.decode(rest);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

// A UTF-8 character has at most three continuation bytes (10xxxxxx) after its first.
function characterBoundary(bytes: Uint8Array, start: number, end: number): number {
  for (let cut = end; cut > Math.max(start, end - 4); cut -= 1) {
    if (((bytes[cut] ?? 0) & 0xc0) !== 0x80) return cut;
  }
  return end;
}
