// Every endpoint, one row each.
import type { Route } from './route.ts';
import { changeRoutes } from './routes/changes.ts';
import { checkRoutes } from './routes/checks.ts';
import { healthRoutes } from './routes/health.ts';
import { layerRoutes } from './routes/layers.ts';
import { leaderRoutes } from './routes/leader.ts';
import { logRoutes } from './routes/logs.ts';
import { metricRoutes } from './routes/metrics.ts';
import { noticeRoutes } from './routes/notices.ts';
import { planRoutes } from './routes/plan.ts';
import { serviceRoutes } from './routes/services.ts';
import { signalRoutes } from './routes/signals.ts';
import { systemRoutes } from './routes/system.ts';

export const routeTable: readonly Route[] = [
  ...systemRoutes,
  ...healthRoutes,
  ...checkRoutes,
  ...serviceRoutes,
  ...leaderRoutes,
  ...changeRoutes,
  ...noticeRoutes,
  ...planRoutes,
  ...layerRoutes,
  ...signalRoutes,
  ...logRoutes,
  ...metricRoutes,
];
