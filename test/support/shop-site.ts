// A djsup that serves the project beside this file with an exporter of its own: ports of its own, so that tests run side by side.
import { dirname, join } from 'node:path';
import { pythonForTests } from './python.ts';
import { freePort } from './free-port.ts';
import { root, startRig } from './rig.ts';
import type { Rig, RigOptions } from './rig.ts';

export interface ShopSite extends AsyncDisposable {
  readonly rig: Rig;
  /** Of the application. */
  readonly url: string;
  readonly statsdPort: number;
  /** `127.0.0.1:port` of the exporter's /metrics. */
  readonly exporter: string;
  /** Status of one GET; 0 while nobody answers. */
  get(path: string): Promise<number>;
  metrics(): Promise<string>;
}

export interface ShopOptions extends RigOptions {
  readonly statsdPort?: number;
  /** `off`: Gunicorn sends all the same, and nobody takes it. */
  readonly exporter?: 'on' | 'off';
  /** More flags of the exporter. */
  readonly flags?: readonly string[];
}

export const shop = join(root, 'test/support/shop');

/** Where the tests' Python lives. */
export function virtualEnvironment(): string {
  return dirname(dirname(pythonForTests()));
}

/** Starts it; does not wait for the application to answer. `words` come before those that move the exporter. */
export async function startShop(options: ShopOptions = {}): Promise<ShopSite> {
  const [port, webPort] = [await freePort(), await freePort()];
  const statsdPort = options.statsdPort ?? (await freePort());
  const moved = [
    '--args',
    'statsd-exporter',
    `--statsd.listen-udp=localhost:${statsdPort}`,
    `--statsd.listen-tcp=localhost:${statsdPort}`,
    `--web.listen-address=127.0.0.1:${webPort}`,
    ...(options.flags ?? []),
  ];
  const rig = await startRig({
    cwd: shop,
    through: [],
    ...options,
    // In the environment of djsup the host would bring its own metrics to the exporter as well.
    layers: {
      ...options.layers,
      moved: `services: {django: {override: merge, environment: {DJSUP_STATSD_HOST: 'localhost:${statsdPort}'}}}`,
    },
    environment: {
      PATH: `${virtualEnvironment()}/bin:${process.env['PATH'] ?? ''}`,
      PORT: String(port),
      PYTHONDONTWRITEBYTECODE: '1',
      DJSUP_STATSD_EXPORTER: options.exporter ?? 'on',
      ...options.environment,
    },
    words: [...(options.words ?? ['run']), ...(options.exporter === 'off' ? [] : moved)],
  });
  const url = `http://127.0.0.1:${port}`;
  const exporter = `127.0.0.1:${webPort}`;
  return {
    rig,
    url,
    statsdPort,
    exporter,
    get: (path) =>
      fetch(`${url}${path}`, { redirect: 'manual', signal: AbortSignal.timeout(20_000) })
        .then(async (response) => {
          await response.arrayBuffer();
          return response.status;
        })
        .catch(() => 0),
    metrics: async () => {
      const response = await fetch(`http://${exporter}/metrics`).catch(() => undefined);
      return (await response?.text()) ?? '';
    },
    async [Symbol.asyncDispose]() {
      // A whole stop, so that no Gunicorn outlives a djsup that is not PID 1.
      rig.signal('SIGTERM');
      await rig.ended;
      await rig[Symbol.asyncDispose]();
    },
  };
}
