// Metrics as Prometheus's text (https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4): the pieces that
// it is made of, and a whole family of it. Law: HELP and TYPE once for a family, whatever its labels and help hold.
import type { Histogram } from './histogram.ts';
import type { Family, Value } from './metric.ts';

/** HELP and TYPE. */
export function familyHead(name: string, type: string, help: string): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
}

/** `labels` without braces: `a="1",b="2"`, values escaped; empty without labels. */
export function sampleLine(name: string, labels: string, value: number): string {
  return `${name}${labels === '' ? '' : `{${labels}}`} ${formatGoFloat(value)}\n`;
}

/** `labels` and one more. `value` needs no escaping. */
function withLabel(labels: string, name: string, value: string): string {
  return `${labels}${labels === '' ? '' : ','}${name}="${value}"`;
}

/** Buckets in the order of their bounds, sum and count. */
export function histogramLines(name: string, labels: string, histogram: Histogram): string {
  const bucket = (le: string, count: number): string =>
    sampleLine(`${name}_bucket`, withLabel(labels, 'le', le), count);
  const counts = histogram.cumulated();
  const lines = histogram.bounds.map((bound, index) => bucket(formatGoFloat(bound), counts[index] ?? 0));
  return lines.join('') + bucket('+Inf', histogram.count) + totalLines(name, labels, histogram);
}

/** `quantiles` as they are written, with their values. */
export function summaryLines(
  name: string,
  labels: string,
  quantiles: readonly (readonly [quantile: string, value: number])[],
  totals: { readonly sum: number; readonly count: number },
): string {
  const lines = quantiles.map(([quantile, value]) =>
    sampleLine(name, withLabel(labels, 'quantile', quantile), value),
  );
  return lines.join('') + totalLines(name, labels, totals);
}

function totalLines(name: string, labels: string, { sum, count }: { sum: number; count: number }): string {
  return sampleLine(`${name}_sum`, labels, sum) + sampleLine(`${name}_count`, labels, count);
}

/** Label sets in a piece of text: less than a millisecond's work. */
const pieceSize = 50;

/** In pieces, so that others can do something in between; none where the family has no series. */
export function* familyText({ name, type, help, labels, points }: Family): Generator<string> {
  let piece = '';
  let sets = 0;
  let begun = false;
  for (const [values, value] of points) {
    if (value === undefined) continue;
    if (!begun) piece = familyHead(name, type, help);
    begun = true;
    piece += valueLines(name, labelText(labels, values), value);
    sets += 1;
    if (sets % pieceSize !== 0) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function valueLines(name: string, labels: string, value: Value): string {
  if (typeof value === 'number') return sampleLine(name, labels, value);
  if ('bounds' in value) return histogramLines(name, labels, value);
  const quantiles = value.quantiles.map(([quantile, at]) => [formatGoFloat(quantile), at] as const);
  return summaryLines(name, labels, quantiles, value);
}

/** A label set without its braces: `a="1",b="2"`; empty without labels. */
function labelText(names: readonly string[], values: readonly string[]): string {
  return names.map((name, index) => `${name}="${escapeLabelValue(values[index] ?? '')}"`).join(',');
}

export function escapeLabelValue(value: string): string {
  if (!/["\\\n]/.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/**
 * Shortest digits that round-trip, as Go's FormatFloat(x, 'g', -1, 64): an exponent below 1e-4 and from 1e6 on, of two
 * digits or more. Minus zero is 0, as Prometheus's own libraries print it.
 */
export function formatGoFloat(value: number): string {
  if (Number.isInteger(value) && value < 1e6 && value > -1e6) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e6) return String(value);
  const text = value.toExponential();
  const at = text.indexOf('e');
  return `${text.slice(0, at + 2)}${text.slice(at + 2).padStart(2, '0')}`;
}
