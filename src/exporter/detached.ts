// Text of a line that outlives it.
// Law: what is kept of a line costs memory for itself alone. In V8 a part of a string points into the whole, and so keeps it all.
import { Buffer } from 'node:buffer';

/** The same text, pointing into nothing; it must be a part of valid text. */
export function detached(part: string): string {
  return Buffer.from(part).toString();
}
