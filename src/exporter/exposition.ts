// All metrics as Prometheus's text (https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4).
// Law: made piece by piece, so that packets are taken in between however many series there are.
import { familyHead, histogramLines, sampleLine, summaryLines } from '../core/exposition.ts';
import type { OwnFamily } from './own-metrics.ts';
import type { Family, Registry, Series } from './registry.ts';

export const contentType = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

/** Characters of a piece, or one series more: about a millisecond's work. */
const pieceLength = 32_768;

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
  for (const family of families) {
    text += familyHead(family.name, family.type, family.help);
    for (const line of isOwn(family) ? ownLines(family) : seriesLines(registry, family, now)) {
      text += line;
      if (text.length < pieceLength) continue;
      yield text;
      text = '';
    }
  }
  yield text;
}

function isOwn(family: Family | OwnFamily): family is OwnFamily {
  return Array.isArray(family.series);
}

function* ownLines({ name, series }: OwnFamily): Generator<string> {
  for (const [labelText, value] of series) yield sampleLine(name, labelText, value);
}

function* seriesLines(registry: Registry, family: Family, now: number): Generator<string> {
  for (const series of registry.sorted(family)) yield linesOf(family.name, series, now);
}

function linesOf(name: string, series: Series, now: number): string {
  const { labelText } = series;
  switch (series.type) {
    case 'counter':
      return sampleLine(name, labelText, series.whole + series.rest);
    case 'gauge':
      return sampleLine(name, labelText, series.value);
    case 'summary': {
      const { summary, quantiles } = series;
      const values = summary.quantiles(now);
      const at = quantiles.map((quantile, index) => [quantile, values[index] ?? NaN] as const);
      return summaryLines(name, labelText, at, summary);
    }
    case 'histogram':
      return histogramLines(name, labelText, series.histogram);
  }
}
