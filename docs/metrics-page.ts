// The page of every metric, made from the table that a scrape is made from.
import { shownStates, metricTable } from '../src/core/metric-table.ts';
import type { MetricRow } from '../src/core/metric-table.ts';

/** The page as Markdown, ended by a newline. */
export function metricsPage(): string {
  const [pebbles, own] = [metricTable.filter(isPebbles), metricTable.filter((row) => !isPebbles(row))];
  return `# Metrics

<!-- Generated from src/core/metric-table.ts by "npm run docs"; do not edit. -->

\`GET /v1/metrics\` tells them in Prometheus's text format, version 0.0.4: on the socket to every local user, and on the address
of \`--http\` where \`DJSUP_METRICS\` is \`open\`. Where \`DJSUP_STATSD_HOST\` is set, those that begin with \`djsup_\` go there too,
every ten seconds and at the end, under the same names: gauges as they are, counters by what they have grown, of histograms the
sum and the count. How to use them is told in [Metrics](../guides/metrics.md).

A service or check that the plan no longer has is not told of any more. States are ${shownStates.map((state) => `\`${state}\``).join(', ')}
([chart](state-charts.md)).

${table(own)}
## Pebble's

The five series of Pebble under Pebble's names, for dashboards that know them. They are of services that were started at least
once.

${table(pebbles)}`;
}

function isPebbles({ name }: MetricRow): boolean {
  return name.startsWith('pebble_');
}

function table(rows: readonly MetricRow[]): string {
  const lines = rows.map(({ name, type, labels, help }) => {
    return [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(', '), help].join(' | ');
  });
  return ['name | type | labels | meaning', '--- | --- | --- | ---', ...lines]
    .map((line) => `| ${line} |\n`)
    .join('');
}
