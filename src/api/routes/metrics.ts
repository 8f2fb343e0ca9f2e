// All metrics, as Prometheus scrapes them. The writer is loaded with the first scrape.
import { setImmediate } from 'node:timers/promises';
import { ok } from '../../core/result.ts';
import type { Route } from '../route.ts';

/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
const contentType = 'text/plain; version=0.0.4; charset=utf-8';

export const metricRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/metrics',
    access: 'metrics',
    summary: 'Metrics of services, checks and djsup itself, for Prometheus.',
    result: 'text',
    quiet: true,
    async handle(daemon) {
      const { familyText } = await import('../../core/exposition.ts');
      let text = '';
      for (const family of await daemon.metrics()) {
        for (const piece of familyText(family)) {
          text += piece;
          // Hundreds of services make megabytes of text: others may want something in between.
          await setImmediate();
        }
      }
      return ok({ kind: 'text', type: contentType, text });
    },
  },
];
