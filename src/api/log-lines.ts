// Log records as ndjson. Law: every line, its newline included, is under 5120 bytes (Pebble's client reads no longer
// ones), and the messages of the lines of one record, put together, are its message.
import type { LogRecord } from '../daemon/records.ts';
import { utcTime } from './time.ts';

const LONGEST_LINE = 5119;
const CHUNK = 64 * 1024;

/** One line, or several with the same time and service where the escapes make it too long for one. */
export function logLines(record: LogRecord): string {
  const head = `{"time":"${utcTime(record.time)}","service":${json(record.service)},"message":`;
  const room = LONGEST_LINE - Buffer.byteLength(head) - '""}\n'.length;
  const whole = json(record.message);
  if (Buffer.byteLength(whole) - 2 <= room) return `${head}${whole}}\n`;
  return pieces(record.message, room)
    .map((piece) => `${head}${json(piece)}}\n`)
    .join('');
}

/** Text for the reader, about 64 KiB at a time, so that a long history waits for a slow one. */
export async function* encodeLogs(batches: AsyncIterable<readonly LogRecord[]>): AsyncIterable<string> {
  for await (const batch of batches) {
    let text = '';
    for (const record of batch) {
      text += logLines(record);
      if (text.length >= CHUNK) {
        yield text;
        text = '';
      }
    }
    if (text !== '') yield text;
  }
}

/** As Go's encoder does with HTML left alone. */
function json(text: string): string {
  return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

function pieces(message: string, room: number): string[] {
  const found: string[] = [];
  let piece = '';
  let size = 0;
  for (const character of message) {
    const cost = Buffer.byteLength(json(character)) - 2;
    if (piece !== '' && size + cost > room) {
      found.push(piece);
      piece = '';
      size = 0;
    }
    piece += character;
    size += cost;
  }
  found.push(piece);
  return found;
}
