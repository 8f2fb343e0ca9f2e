// When metrics are read: for each scrape, and every few seconds where they are sent to StatsD.
// Law: what gathers and sends them is loaded with the first need, not at the launch.
import type { Family } from '../core/metric.ts';
import type { Vitals } from '../ports.ts';
import type { Keeper } from './mailbox.ts';
import type { Metrics, MetricsDeps } from './metrics.ts';
import type { Pusher } from './push.ts';

export interface Telemetry extends Keeper {
  read(): Promise<Iterable<Family>>;
  /** Sends what has changed since the last time, for the end. Never rejects. */
  push(): Promise<void>;
}

/** Between two pushes, ms: what StatsD servers sum up by default. */
const pushEvery = 10_000;

export function createTelemetry(
  deps: Omit<MetricsDeps, 'vitals'> & {
    readonly vitals: () => Promise<Vitals>;
    readonly failed: (error: unknown) => void;
  },
): Telemetry {
  const { clock, meter } = deps;
  let metrics: Promise<Metrics> | undefined;
  let pusher: Promise<Pusher> | undefined;
  let pushAt = clock.now() + pushEvery;

  async function read(): Promise<Iterable<Family>> {
    return (await (metrics ??= loadMetrics())).read();
  }

  async function loadMetrics(): Promise<Metrics> {
    const [{ createMetrics }, vitals] = await Promise.all([import('./metrics.ts'), deps.vitals()]);
    return createMetrics({ ...deps, vitals });
  }

  async function push(): Promise<void> {
    if (meter === undefined) return;
    pusher ??= import('./push.ts').then(({ createPusher }) => createPusher(meter));
    try {
      const families = await read();
      await (await pusher).push(families);
    } catch (error) {
      deps.failed(error);
    }
  }

  return {
    read,
    push,
    deadline: () => (meter === undefined ? undefined : pushAt),
    tick() {
      if (meter === undefined || clock.now() < pushAt) return;
      pushAt = clock.now() + pushEvery;
      void push();
    },
  };
}
