// The combined plan.
import { refuse } from '../../core/result.ts';
import { sync, type Route } from '../route.ts';

export const planRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/plan',
    access: 'admin',
    summary: 'The combined plan as YAML text.',
    query: { format: 'must be "yaml"' },
    result: 'planText',
    handle(daemon, { query }) {
      const format = query.one('format');
      if (format !== 'yaml') return refuse('bad-request', `invalid format "${format}"`);
      return sync(daemon.planText());
    },
  },
];
