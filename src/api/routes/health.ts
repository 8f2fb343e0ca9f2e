// The one answer that probes of Kubernetes and Docker look at: 200 or 502.
import { readLevel } from '../query.ts';
import { sync, type Route } from '../route.ts';

export const healthRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/health',
    access: 'open',
    summary: 'Whether all checks are up: 200, or 502 when one is down.',
    query: {
      level: '"alive" considers alive checks only, "ready" alive and ready ones; left out: all checks',
      names: 'only these checks',
    },
    result: 'health',
    quiet: true,
    handle(daemon, { query }) {
      const level = readLevel(query);
      if (!level.ok) return level;
      const healthy = daemon.health(level.value, query.list('names'));
      return sync({ healthy }, healthy ? 200 : 502);
    },
  },
];
