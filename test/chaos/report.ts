// What came of a chaos run, as a table for people and documents.
import { percentile } from './check.ts';
import type { Gap } from './check.ts';
import { faultKinds } from './nemesis.ts';
import type { ChaosReport } from './world.ts';

interface Row {
  readonly kind: string;
  readonly count: number;
  readonly gaps: readonly number[];
}

/** The times between two leaders in which leadership moved to another replica in an orderly way. */
function handOvers({ verdict }: ChaosReport): readonly Gap[] {
  const orderly = new Set(faultKinds.filter(({ isOrderly }) => isOrderly).map(({ name }) => name));
  return verdict.gaps.filter(
    ({ fault, moved }) => moved && fault !== undefined && orderly.has(fault.kind) && fault.hitLeader,
  );
}

export function formatReport(engine: string, report: ChaosReport): string {
  const { variant, faults, lives, verdict } = report;
  const kinds = [...new Set(faults.map(({ kind }) => kind))].toSorted();
  const rows: readonly Row[] = kinds.map((kind) => ({
    kind,
    count: faults.filter((fault) => fault.kind === kind).length,
    gaps: verdict.gaps.filter(({ fault }) => fault?.kind === kind && fault.hitLeader).map(lengthOf),
  }));
  const real = verdict.overlaps.filter(({ isReal }) => isReal);
  const residues = verdict.overlaps.filter(({ isReal }) => !isReal);
  const orderly = handOvers(report);
  const unexplained = verdict.gaps.filter(({ fault }) => fault === undefined);
  return [
    `${engine}${variant === undefined ? '' : ` (${variant})`}: ${faults.length} faults, ${lives.length} lives, ${new Set(lives.map(({ epoch }) => epoch)).size} epochs`,
    `overlaps: ${real.length}, longest ${longest(real.map(({ length }) => length))}`,
    `beats of one that was frozen, after its thaw: ${residues.length}, longest ${longest(residues.map(({ length }) => length))}`,
    `epochs out of order: ${verdict.disorder.length}`,
    `orderly hand-over, last beat to the start of the next process: ${orderly.length}, ${span(orderly.map(({ from, born }) => born - from))}`,
    `orderly hand-over, last beat to first: ${orderly.length}, ${span(orderly.map(lengthOf))}`,
    `work after a SIGKILL to its djsup: ${verdict.outlived.length}, ${span(verdict.outlived)}`,
    `gaps without a fault: ${unexplained.length}, ${span(unexplained.map(lengthOf))}`,
    '',
    '| fault | times | gaps when it hit the leader | median | p99 | worst |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map(({ kind, count, gaps }) => {
      const figures = [0.5, 0.99, 1].map((share) => text(percentile(gaps, share)));
      return `| ${kind} | ${count} | ${gaps.length} | ${figures.join(' | ')} |`;
    }),
  ].join('\n');
}

function lengthOf({ from, to }: Gap): number {
  return to - from;
}

function span(numbers: readonly number[]): string {
  return `median ${text(percentile(numbers, 0.5))}, p99 ${text(percentile(numbers, 0.99))}, worst ${text(percentile(numbers, 1))}`;
}

function longest(numbers: readonly number[]): string {
  return text(Math.max(0, ...numbers));
}

function text(seconds: number): string {
  if (Number.isNaN(seconds)) return '-';
  return seconds < 1 ? `${(seconds * 1000).toFixed(1)} ms` : `${seconds.toFixed(2)} s`;
}
