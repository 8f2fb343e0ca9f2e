// Leader groups: how their elections stand, and asking for hand-overs and pauses.
import type * as z from 'zod/mini';
import { parseDuration } from '../../core/duration.ts';
import { fail, ok, refuse, type Result } from '../../core/result.ts';
import type { LeaderRequest } from '../../daemon/leader-requests.ts';
import * as requests from '../../wire/requests.ts';
import { decode } from '../body.ts';
import { leaderInfo } from '../infos.ts';
import { sync, type Route } from '../route.ts';

export const leaderRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/leader',
    access: 'read',
    summary: 'The leader groups that have services in the plan, as this replica sees them.',
    query: { groups: 'only these groups; unknown names are ignored' },
    result: 'leaderInfo[]',
    handle: (daemon, { query }) => sync(daemon.leaders(query.list('groups')).map(leaderInfo)),
  },
  {
    method: 'POST',
    path: '/v1/leader',
    access: 'admin',
    summary: 'Asks for a hand-over (step-down, transfer) or for staying out of elections (pause, resume).',
    body: requests.leaderRequest,
    result: 'change',
    handle(daemon, { body }) {
      const decoded = decode(requests.leaderRequest, body, 'data from request body');
      if (!decoded.ok) return decoded;
      const request = requestOf(decoded.value);
      if (!request.ok) return refuse('bad-request', request.failure);
      const change = daemon.actOnLeaders(request.value, decoded.value.groups ?? []);
      return change.ok ? ok({ kind: 'async', change: change.value }) : change;
    },
  },
];

function requestOf(body: z.infer<typeof requests.leaderRequest>): Result<LeaderRequest, string> {
  const { action = '', to = '' } = body;
  const span = body.for === undefined || body.for === '' ? undefined : parseDuration(body.for);
  if (span?.ok === false) return fail(`invalid "for": ${span.failure}`);
  if (span !== undefined && span.value < 0) return fail('invalid "for": it must not be negative');
  switch (action) {
    case 'step-down':
      return ok({ action, span: span?.value ?? 0 });
    case 'pause':
      return ok({ action, span: span?.value });
    case 'resume':
      return ok({ action });
    case 'transfer':
      return to === ''
        ? fail('must specify "to" for transfer action: the name of a replica')
        : ok({ action, to });
    default:
      return fail(`invalid action "${action}"`);
  }
}
