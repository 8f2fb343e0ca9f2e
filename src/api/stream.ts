// A reply without a known end. Law: one chunk at a time; the next is asked for once the client has taken this one.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** Sends chunks of ndjson until they end or the signal aborts; `endless` streams take their connection with them. */
export async function stream(
  response: ServerResponse,
  lines: AsyncIterable<string>,
  endless: boolean,
  signal: AbortSignal,
): Promise<void> {
  const headers = { 'content-type': 'application/x-ndjson', ...(endless && { connection: 'close' }) };
  response.writeHead(200, headers);
  response.flushHeaders();
  for await (const chunk of lines) {
    if (signal.aborted) break;
    if (response.write(chunk)) continue;
    // Rejects when the client goes or the server closes; the signal tells.
    await once(response, 'drain', { signal }).catch(() => undefined);
  }
  response.end();
}
