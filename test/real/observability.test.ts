// examples/observability: what is in its files holds, and every query of its dashboards and alerts gives data when a real
// Prometheus scrapes a real djsup under load.
import { createSocket } from 'node:dgram';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { findPrometheus, promtool, startPrometheus } from '../support/prometheus-server.ts';
import type { Prometheus } from '../support/prometheus-server.ts';
import { freePort } from '../support/free-port.ts';
import { root, until } from '../support/rig.ts';
import { startShop } from '../support/shop-site.ts';
import type { ShopSite } from '../support/shop-site.ts';

const home = join(root, 'examples/observability');
const read = (path: string): string => readFileSync(join(home, path), 'utf8');

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly {
    readonly expr: string;
    readonly refId: string;
    readonly datasource: { readonly type: string; readonly uid: string };
  }[];
}

interface Dashboard {
  readonly title: string;
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[];
  };
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
}

const dashboards = ['django-operator', 'djsup'].map(
  (name) => JSON.parse(read(`grafana/dashboards/${name}.json`)) as Dashboard,
);
const { groups } = parse(read('prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const prometheusFiles = findPrometheus();
const missing = 'reason' in prometheusFiles ? prometheusFiles.reason : undefined;
if (missing !== undefined) process.stderr.write(`queries and alerts: skipped, ${missing}\n`);
const tools = 'directory' in prometheusFiles ? prometheusFiles.directory : '';

/** Every PromQL expression of the dashboards, variables and all, with where it stands. */
const queries = dashboards.flatMap(({ title, panels }) =>
  panels.flatMap((panel) =>
    panel.targets
      .filter(({ datasource }) => datasource.type === 'prometheus')
      .map(({ expr }) => ({ place: `${title}: ${panel.title}`, expr })),
  ),
);
/** What an alert compares; the comparison itself is met only when something is wrong. */
const compared = rules.map(({ alert, expr }) => ({
  place: `alert ${alert}`,
  expr: expr.replace(/ (?:==|>|<) [\d.]+$/, ''),
}));
const variables = dashboards.flatMap(({ title, templating }) =>
  templating.list.flatMap(({ name, definition }) => {
    const [, series = '', label = ''] = /^label_values\((.*),(\w+)\)$/.exec(definition ?? '') ?? [];
    return label === '' ? [] : [{ place: `${title}: variable ${name}`, series, label }];
  }),
);

describe('the files', () => {
  test('name every graph of the document, and no two panels overlap', () => {
    const [operator] = dashboards;
    expect(operator?.title).toBe('Django Operator');
    expect(operator?.panels.map(({ title }) => title)).toEqual([
      'Request Count',
      'Status Code Count',
      'Request Per Sec',
      '2XX Rate',
      '3XX Rate',
      '4XX Rate',
      '5XX Rate',
      'Request Average Duration',
      'Request Duration Percentile',
      'Application Logs',
    ]);
    for (const { panels } of dashboards) {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
      expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
    }
  });

  test('use only variables that the dashboard has', () => {
    const unknown = ({ panels, templating }: Pick<Dashboard, 'panels' | 'templating'>): string[] => {
      const known = new Set(templating.list.map(({ name }) => name));
      const texts = panels.flatMap(({ targets }) =>
        targets.flatMap(({ expr, datasource }) => [expr, datasource.uid]),
      );
      const used = texts.flatMap((text) => [...text.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name));
      return used.filter((name) => !known.has(name));
    };
    expect(dashboards.flatMap(unknown)).toEqual([]);
    const [operator] = dashboards;
    expect(unknown({ panels: operator?.panels.slice(0, 1) ?? [], templating: { list: [] } })).toContain(
      'juju_model',
    );
  });

  // Loki itself is not to be had here: its file is held against what else speaks to it.
  test('agree about Loki: its port, what is sent to it, and the labels that the dashboard asks for', () => {
    const loki = parse(read('loki/loki.yaml')) as {
      server: { http_listen_port: number };
      schema_config: { configs: { store: string; object_store: string; schema: string }[] };
    };
    expect(loki.schema_config.configs).toMatchObject([
      { store: 'tsdb', object_store: 'filesystem', schema: 'v13' },
    ]);
    const url = `http://loki:${loki.server.http_listen_port}`;
    const { datasources } = parse(read('grafana/provisioning/datasources/datasources.yaml')) as {
      datasources: { type: string; url: string }[];
    };
    expect(datasources.find(({ type }) => type === 'loki')?.url).toBe(url);
    const alloy = read('alloy/config.alloy');
    expect(alloy).toContain(`url = "${url}/loki/api/v1/push"`);
    const logs = dashboards.flatMap(({ panels }) => panels).find(({ type }) => type === 'logs');
    const asked = [...(logs?.targets[0]?.expr ?? '').matchAll(/(\w+)!=""/g)].map(([, label = '']) => label);
    expect(asked).toHaveLength(4);
    for (const label of asked) expect(alloy).toMatch(new RegExp(`^ +${label} += "`, 'm'));
    // A line of djsup's copy on stdout, by the expression that takes the service out of it.
    const pattern = (/expression = "(.*)"/.exec(alloy)?.[1] ?? '')
      .replaceAll('\\\\', '\\')
      .replace('?P<', '?<');
    const line = '2026-11-20T22:55:49.020Z [django] Listening at: http://0.0.0.0:8000 (7)';
    expect(new RegExp(pattern).exec(line)?.groups).toEqual({ pebble_service: 'django' });
  });

  test('that are mounted are there', () => {
    const { services } = parse(read('compose.yaml')) as { services: Record<string, { volumes?: string[] }> };
    const mounted = Object.values(services).flatMap(({ volumes }) => volumes ?? []);
    const own = mounted.flatMap((mount) => /^(\.\/[^:]+):/.exec(mount)?.[1] ?? []);
    expect(own.length).toBeGreaterThan(4);
    expect(own.filter((path) => !existsSync(join(home, path)))).toEqual([]);
    const { providers } = parse(read('grafana/provisioning/dashboards/dashboards.yaml')) as {
      providers: { options: { path: string } }[];
    };
    expect(mounted).toContain(`./grafana/dashboards:${providers[0]?.options.path}:ro`);
    expect(globSync('**/*.{yml,yaml}', { cwd: home }).every((path) => parse(read(path)) !== null)).toBe(true);
  });
});

describe('with Prometheus', () => {
  beforeEach(({ skip }) => {
    skip(missing !== undefined, missing);
  });

  test('promtool takes the scrape configuration and the rules, and each alert fires at its fault and only then', () => {
    const inPlace = (...words: string[]): { code: number | null; said: string } => promtool(tools, words);
    const place = join(home, 'prometheus');
    expect(inPlace('check', 'config', join(place, 'prometheus.yml'))).toMatchObject({ code: 0 });
    expect(inPlace('check', 'rules', join(place, 'alerts.yml')).said).toContain(
      `${rules.length} rules found`,
    );
    expect(inPlace('test', 'rules', join(place, 'alerts.test.yml'))).toMatchObject({ code: 0 });
    // Every alert has its fault there, and one that fires when nothing is wrong.
    const { tests } = parse(read('prometheus/alerts.test.yml')) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    };
    const told = tests.flatMap((one) => one.alert_rule_test);
    const names = rules.map(({ alert }) => alert).toSorted();
    const fired = told.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname);
    expect(fired.toSorted()).toEqual(names);
    expect(tests[0]?.alert_rule_test.map(({ alertname }) => alertname).toSorted()).toEqual(names);
  });

  test('every query of the dashboards and alerts gives data under load, and promtool finds nothing wrong with the metrics', async () => {
    const port = await freePort();
    const crasher = `
services:
  crasher: {override: replace, startup: enabled, command: sh -c "echo bye; sleep 1.2; exit 3", backoff-delay: 300ms}
checks:
  wrong: {override: replace, period: 1s, timeout: 500ms, threshold: 1, exec: {command: 'false'}}
`;
    await using site = await startShop({
      layers: { crasher },
      words: ['run', '--http', `127.0.0.1:${port}`],
      environment: { DJSUP_METRICS: 'open' },
      flags: ['--statsd.max-series=60'],
    });
    await using prometheus = await startPrometheus(tools, scrapeConfig(site.exporter, `127.0.0.1:${port}`));
    await until('the application answers', async () => (await site.get('/')) === 200, 25_000);
    const load = startLoad(site);

    // A kernel that keeps no such count has nothing to show.
    const own = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/v1/metrics`)).text();
    const counted = /^djsup_oom_kills_total /m.test(await own());
    if (!counted)
      process.stderr.write('queries of djsup_oom_kills_total: skipped, the kernel does not count\n');
    let left = [...queries, ...compared].filter(
      ({ expr }) => counted || !expr.includes('djsup_oom_kills_total'),
    );
    await until(
      'every query gives data',
      async () => {
        left = await withoutData(prometheus, left);
        return left.length === 0;
      },
      60_000,
    ).catch(() => undefined);
    await load.stop();
    expect(left).toEqual([]);

    for (const { place, series, label } of variables) {
      expect([place, await prometheus.labelValues(label, choose(series))]).not.toEqual([place, []]);
    }
    // One of the drop-downs chosen, and not all: the graph has data, and another choice has none.
    const requests = 'rate(django_requests{juju_application=~"APP"}[3m])';
    expect(await prometheus.query(requests.replace('APP', 'hello'))).not.toEqual([]);
    expect(await prometheus.query(requests.replace('APP', 'other'))).toEqual([]);
    // A name that nobody has would be seen.
    const planted = [{ place: 'planted', expr: 'rate(django_requests_total[3m])' }];
    expect(await withoutData(prometheus, planted)).toEqual(planted);

    // Names that Pebble, the document, the senders and the original exporter have chosen are not to promtool's taste.
    const others = /^(?:(?:pebble|django|gunicorn|my|flood)_|statsd_exporter_metrics_total )/;
    const all = [...complaints(await own()), ...complaints(await site.metrics())];
    expect(all.filter((line) => !others.test(line))).toEqual([]);
    expect(complaints('# TYPE planted counter\nplanted 1\n')).not.toEqual([]);
  }, 120_000);
});

/** The shipped one, with the targets of this test, and quicker. */
function scrapeConfig(exporter: string, djsup: string): unknown {
  const config = parse(read('prometheus/prometheus.yml')) as {
    scrape_configs: { job_name: string; static_configs: { labels: object }[] }[];
  };
  const targets: Readonly<Record<string, string>> = { django: exporter, djsup };
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [join(home, 'prometheus/alerts.yml')],
    scrape_configs: config.scrape_configs.map((job) => ({
      ...job,
      static_configs: job.static_configs.map(({ labels }) => ({ targets: [targets[job.job_name]], labels })),
    })),
  };
}

/** Every drop-down at "All". */
function choose(expression: string): string {
  return expression.replaceAll(/\$\w+/g, '.*');
}

async function withoutData<T extends { readonly expr: string }>(
  prometheus: Prometheus,
  asked: readonly T[],
): Promise<T[]> {
  const left: T[] = [];
  for (const one of asked) {
    const samples = await prometheus.query(choose(one.expr));
    if (!samples.some(({ value }) => Number.isFinite(value))) left.push(one);
  }
  return left;
}

function flood({ statsdPort }: ShopSite): void {
  const socket = createSocket('udp4');
  const lines = Array.from({ length: 100 }, (_, i) => `flood.number${i}:1|c`);
  socket.send(lines.join('\n'), statsdPort, '127.0.0.1', () => socket.close());
}

/** Requests of all kinds, one after the other, then more series than the exporter takes, and a restart of Django. */
function startLoad(site: ShopSite): { stop(): Promise<void> } {
  const over = new AbortController();
  const paths = ['/', '/status/301', '/nothing', '/fail', '/slow', '/count'];
  async function run(): Promise<void> {
    for (let round = 0; !over.signal.aborted; round += 1) {
      for (const path of paths) await site.get(path);
      await site.rig.api('GET', '/v1/services');
      if (round === 1) flood(site);
      if (round === 5)
        await site.rig.api('POST', '/v1/services', { action: 'restart', services: ['django'] });
    }
  }
  const running = run();
  return {
    async stop() {
      over.abort();
      await running;
    },
  };
}

/** Lines of `promtool check metrics`. */
function complaints(metrics: string): string[] {
  const { said } = promtool(tools, ['check', 'metrics'], metrics);
  return said.split('\n').filter((line) => line !== '');
}
