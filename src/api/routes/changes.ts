// Changes and their tasks: looking, waiting, aborting.
import { parseDuration, formatDuration } from '../../core/duration.ts';
import { ok, refuse, type Result } from '../../core/result.ts';
import * as requests from '../../wire/requests.ts';
import { decode } from '../body.ts';
import { changeInfo } from '../infos.ts';
import { sync, type Route } from '../route.ts';

export const changeRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/changes',
    access: 'read',
    summary: 'Changes with their tasks.',
    query: {
      select: '"in-progress" (when left out), "ready" or "all"',
      for: 'only changes of this service',
    },
    result: 'changeInfo[]',
    handle(daemon, { query }) {
      const select = query.one('select') || 'in-progress';
      if (select !== 'all' && select !== 'in-progress' && select !== 'ready') {
        return refuse('bad-request', 'select should be one of: all,in-progress,ready');
      }
      return sync(daemon.changes(select, query.one('for') || undefined).map(changeInfo));
    },
  },
  {
    method: 'GET',
    path: '/v1/changes/{id}',
    access: 'read',
    summary: 'One change with its tasks.',
    result: 'changeInfo',
    quiet: true,
    handle(daemon, { params }) {
      const change = daemon.change(params['id'] ?? '');
      return change.ok ? sync(changeInfo(change.value)) : change;
    },
  },
  {
    method: 'POST',
    path: '/v1/changes/{id}',
    access: 'admin',
    summary: 'Aborts a change.',
    body: requests.changeRequest,
    result: 'changeInfo',
    handle(daemon, { params, body }) {
      const id = params['id'] ?? '';
      const change = daemon.change(id);
      if (!change.ok) return change;
      const decoded = decode(requests.changeRequest, body, 'data from request body');
      if (!decoded.ok) return decoded;
      const { action = '' } = decoded.value;
      if (action !== 'abort') return refuse('bad-request', `invalid action "${action}"`);
      const aborted = daemon.abortChange(id);
      return aborted.ok ? sync(changeInfo(aborted.value)) : aborted;
    },
  },
  {
    method: 'GET',
    path: '/v1/changes/{id}/wait',
    access: 'read',
    summary: 'Replies once the change is ready, or with 504 when that takes longer than the time-out.',
    query: { timeout: 'a duration such as "4s"; left out or "0s": no end' },
    result: 'changeInfo',
    async handle(daemon, { params, query, signal }) {
      const timeout = readTimeout(query.one('timeout'));
      if (!timeout.ok) return timeout;
      const id = params['id'] ?? '';
      const known = daemon.change(id);
      if (!known.ok) return known;
      const limit = timeout.value;
      const late = () =>
        refuse('time-out', `timed out waiting for change after ${formatDuration(limit ?? 0)}`);
      if (limit !== undefined && limit < 0) return late();
      const change = await daemon.waitChange(id, limit, signal);
      if (change.ok) return sync(changeInfo(change.value));
      return change.failure.kind === 'time-out' && limit !== undefined ? late() : change;
    },
  },
];

/** Undefined: no end. */
function readTimeout(text: string): Result<number | undefined> {
  if (text === '') return ok(undefined);
  const timeout = parseDuration(text);
  if (!timeout.ok) return refuse('bad-request', `invalid timeout: ${timeout.failure}`);
  return ok(timeout.value === 0 ? undefined : timeout.value);
}
