// Log entries out of an ndjson body, batch by batch as they arrive.
// Law: memory is bounded by one chunk and one line; a line that is too long or not a log entry ends the stream with a failure.
import { fail, ok, type Result } from '../core/result.ts';
import type { ClientFailure } from './connection.ts';
import { isLogEntry, parseJson } from './reply.ts';
import type { LogEntry } from './replies.ts';

/** Longest line that is accepted, in bytes; servers keep them under 5 KiB. */
const lineLimit = 64 * 1024;

/** Entries of each chunk, in order. A last line without its newline counts as well. */
export async function* readLogEntries(
  body: AsyncIterable<Buffer>,
): AsyncGenerator<Result<readonly LogEntry[], ClientFailure>, void, void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(10) + 1;
    rest = bytes.subarray(end);
    if (end > 0) {
      const entries = parseLines(bytes.toString('utf8', 0, end));
      yield entries;
      if (!entries.ok) return;
    }
    if (rest.length > lineLimit) {
      yield fail({ kind: 'unclear', message: 'cannot read log line: too long' });
      return;
    }
  }
  if (rest.length > 0) yield parseLines(rest.toString());
}

function parseLines(text: string): Result<readonly LogEntry[], ClientFailure> {
  const entries: LogEntry[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const entry = parseJson(line);
    if (!isLogEntry(entry))
      return fail({ kind: 'unclear', message: `cannot read log line: ${line.slice(0, 80)}` });
    entries.push(entry);
  }
  return ok(entries);
}
