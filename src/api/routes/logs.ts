// What the services print, as ndjson.
import { ok, refuse, type Result } from '../../core/result.ts';
import { encodeLogs } from '../log-lines.ts';
import type { Query } from '../query.ts';
import type { Route } from '../route.ts';

export const logRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/logs',
    access: 'read',
    summary: 'What the services printed last, and with "follow" what they print from now on.',
    query: {
      services: 'only these services; left out: all',
      n: 'how many lines, -1 for all that is kept; left out: 30, or none when following',
      follow: '"true" goes on until the client closes',
    },
    result: 'lines',
    handle(daemon, { query, signal }) {
      const follow = query.one('follow') || 'false';
      if (follow !== 'true' && follow !== 'false') {
        return refuse('bad-request', 'follow parameter must be "true" or "false"');
      }
      const endless = follow === 'true';
      const count = readCount(query, endless ? 0 : 30);
      if (!count.ok) return count;
      const batches = daemon.logs(query.list('services'), count.value, endless, signal);
      return ok({ kind: 'lines', lines: encodeLogs(batches), endless });
    },
  },
];

function readCount(query: Query, otherwise: number): Result<number> {
  const text = query.one('n');
  if (text === '') return ok(otherwise);
  const count = /^[-+]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(count) && count >= -1) return ok(count);
  return refuse('bad-request', 'n must be -1, 0, or a positive integer');
}
