// All metrics as Prometheus's text (https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4).
// Law: made piece by piece, so that packets are taken in between however many series there are.
import { escapeHelp } from './escape.ts';
import { formatGoFloat } from './go-number.ts';
import type { OwnFamily } from './own-metrics.ts';
import type { Family, Registry, Series } from './registry.ts';

export const contentType = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

/** Series in a piece: about a millisecond's work. */
const pieceSize = 500;

/** Pieces of text, families in the order of their names. `names`: only these; empty: all. */
export function* exposition(
  registry: Registry,
  own: readonly OwnFamily[],
  names: ReadonlySet<string>,
  now: number,
): Generator<string> {
  const families = [...registry.families(), ...own]
    .filter(({ name }) => names.size === 0 || names.has(name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  let text = '';
  let lines = 0;
  for (const family of families) {
    text += `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.type}\n`;
    for (const line of isOwn(family) ? ownLines(family) : seriesLines(registry, family, now)) {
      text += line;
      lines += 1;
      if (lines < pieceSize) continue;
      yield text;
      text = '';
      lines = 0;
    }
  }
  yield text;
}

function isOwn(family: Family | OwnFamily): family is OwnFamily {
  return Array.isArray(family.series);
}

function* ownLines({ name, series }: OwnFamily): Generator<string> {
  for (const [labelText, value] of series) yield `${name}${braced(labelText)} ${formatGoFloat(value)}\n`;
}

function* seriesLines(registry: Registry, family: Family, now: number): Generator<string> {
  for (const series of registry.sorted(family)) yield linesOf(family.name, series, now);
}

function linesOf(name: string, series: Series, now: number): string {
  const labels = braced(series.labelText);
  switch (series.type) {
    case 'counter':
      return `${name}${labels} ${formatGoFloat(series.whole + series.rest)}\n`;
    case 'gauge':
      return `${name}${labels} ${formatGoFloat(series.value)}\n`;
    case 'summary': {
      const { summary, quantiles, labelText } = series;
      const values = summary.quantiles(now);
      const lines = quantiles.map(
        (quantile, index) =>
          `${name}${withLast(labelText, 'quantile', quantile)} ${formatGoFloat(values[index] ?? NaN)}\n`,
      );
      return lines.join('') + totals(name, labels, summary);
    }
    case 'histogram': {
      const { histogram, labelText } = series;
      const bucket = (le: string, count: number): string =>
        `${name}_bucket${withLast(labelText, 'le', le)} ${formatGoFloat(count)}\n`;
      const counts = histogram.cumulated();
      const lines = histogram.bounds.map((bound, index) => bucket(formatGoFloat(bound), counts[index] ?? 0));
      return lines.join('') + bucket('+Inf', histogram.count) + totals(name, labels, histogram);
    }
  }
}

function totals(name: string, labels: string, { sum, count }: { sum: number; count: number }): string {
  return `${name}_sum${labels} ${formatGoFloat(sum)}\n${name}_count${labels} ${formatGoFloat(count)}\n`;
}

function braced(labelText: string): string {
  return labelText === '' ? '' : `{${labelText}}`;
}

function withLast(labelText: string, name: string, value: string): string {
  return `{${labelText}${labelText === '' ? '' : ','}${name}="${value}"}`;
}
