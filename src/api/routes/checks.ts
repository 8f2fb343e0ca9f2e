// Health checks: how they stand, starting and stopping them, running one now.
import { refuse } from '../../core/result.ts';
import * as requests from '../../wire/requests.ts';
import { decode } from '../body.ts';
import { checkInfo } from '../infos.ts';
import { readLevel } from '../query.ts';
import { sync, type Route } from '../route.ts';

export const checkRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/checks',
    access: 'read',
    summary: 'How the checks stand, by name.',
    query: { level: 'only checks of exactly this level, "alive" or "ready"', names: 'only these checks' },
    result: 'checkInfo[]',
    handle(daemon, { query }) {
      const level = readLevel(query);
      if (!level.ok) return level;
      return sync(daemon.checks(level.value, query.list('names')).map(checkInfo));
    },
  },
  {
    method: 'POST',
    path: '/v1/checks',
    access: 'admin',
    summary: 'Starts or stops checks; the reply names those that changed.',
    body: requests.checksRequest,
    result: 'checksChanged',
    handle(daemon, { body, caller }) {
      const decoded = decode(requests.checksRequest, body, 'data from request body');
      if (!decoded.ok) return decoded;
      const { action = '', checks } = decoded.value;
      if (!checks?.length) return refuse('bad-request', `must specify checks for ${action} action`);
      if (action !== 'start' && action !== 'stop') return refuse('bad-request', `invalid action "${action}"`);
      const changed = action === 'start' ? daemon.startChecks(checks) : daemon.stopChecks(checks, caller);
      return changed.ok ? sync({ changed: changed.value }) : changed;
    },
  },
  {
    method: 'POST',
    path: '/v1/checks/refresh',
    access: 'admin',
    summary: 'Runs one check now. The reply is 200 whether it is up or down; "error" says why it is down.',
    body: requests.checkRefreshRequest,
    result: 'checkRefreshed',
    async handle(daemon, { body }) {
      const decoded = decode(requests.checkRefreshRequest, body, 'data from request body');
      if (!decoded.ok) return decoded;
      const { name = '' } = decoded.value;
      if (name === '') return refuse('bad-request', 'must specify check name');
      const refreshed = await daemon.refreshCheck(name);
      if (!refreshed.ok) return refreshed;
      const { info, error } = refreshed.value;
      return sync({ info: checkInfo(info), ...(error !== undefined && { error }) });
    },
  },
];
