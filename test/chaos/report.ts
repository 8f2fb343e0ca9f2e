// What came of a chaos run, as a table for people and documents.
import { monotonicNow } from '../../src/host/clock.ts';
import { percentile } from './check.ts';
import type { Fault, Gap } from './check.ts';
import { brokenLaws, goalsOf, handOverGoal, handOvers, isMet, lengthOf, toStart, wakeOf } from './goals.ts';
import type { Goal } from './goals.ts';
import { lastBeat } from './history.ts';
import type { ChaosReport } from './world.ts';

interface Row {
  readonly kind: string;
  readonly count: number;
  readonly gaps: readonly number[];
}

function describeSlow({ from, born, fault }: Gap, wake: Fault | undefined): string {
  const after =
    wake === undefined ? '' : `, ${text((fault?.at ?? from) - wake.until)} after the end of "${wake.kind}"`;
  return `- ${fault?.kind} took ${text(born - from)}${after}`;
}

export function formatReport(engine: string, report: ChaosReport): string {
  const { variant, faults, lives, verdict, fence } = report;
  const kinds = [...new Set(faults.map(({ kind }) => kind))].toSorted();
  const rows: readonly Row[] = kinds.map((kind) => ({
    kind,
    count: faults.filter((fault) => fault.kind === kind).length,
    gaps: verdict.gaps.filter(({ fault }) => fault?.kind === kind && fault.hitLeader).map(lengthOf),
  }));
  const real = verdict.overlaps.filter(({ isReal }) => isReal);
  const residues = verdict.overlaps.filter(({ isReal }) => !isReal);
  const orderly = handOvers(report);
  const calm = orderly.filter((gap) => wakeOf(gap, faults) === undefined);
  const inWake = orderly.filter((gap) => !calm.includes(gap));
  const unexplained = verdict.gaps.filter(({ fault }) => fault === undefined);
  const broken = brokenLaws(report);
  return [
    `${engine}${variant === undefined ? '' : ` (${variant})`}: ${faults.length} faults, ${lives.length} lives, ${new Set(lives.map(({ epoch }) => epoch)).size} epochs`,
    `overlaps: ${real.length}, longest ${longest(real.map(({ length }) => length))}`,
    `beats of one that was frozen, after its thaw: ${residues.length}, longest ${longest(residues.map(({ length }) => length))}`,
    `epochs out of order: ${verdict.disorder.length}`,
    `orderly hand-over, last beat to the start of the next process: ${calm.length}, ${span(calm.map(toStart))}`,
    `the same, to the first beat: ${calm.length}, ${span(calm.map(lengthOf))}`,
    `orderly hand-over in the wake of another fault: ${inWake.length}, ${span(inWake.map(toStart))}`,
    ...orderly
      .filter((gap) => toStart(gap) > handOverGoal)
      .map((gap) => describeSlow(gap, wakeOf(gap, faults))),
    `work after a SIGKILL to its djsup: ${verdict.outlived.length}, ${span(verdict.outlived)}`,
    `gaps without a fault: ${unexplained.length}, ${span(unexplained.map(lengthOf))}`,
    `fenced effects accepted: ${fence.accepted}, after one of a higher epoch: ${fence.broken.length}`,
    `fenced effects refused, of one that was replaced: ${fence.stale.length}, of the only one that ran: ${fence.wronged.length}`,
    `effects without a fence accepted after those of a higher epoch: ${fence.late.length}`,
    `storms, and changes without a fault: ${report.unrest.length}`,
    '',
    `goal: nothing of the above that may not be: ${broken.length === 0 ? 'met' : 'MISSED'}`,
    ...goalsOf(report).map(describeGoal),
    '',
    '| fault | times | gaps when it hit the leader | median | p99 | worst |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map(({ kind, count, gaps }) => {
      const figures = [0.5, 0.99, 1].map((share) => text(percentile(gaps, share)));
      return `| ${kind} | ${count} | ${gaps.length} | ${figures.join(' | ')} |`;
    }),
    ...report.leftOut.map(({ kind, why }) => `left out: ${kind}: ${why}`),
    ...broken,
  ].join('\n');
}

/** What was done and who ran, in the order of time, s; and where that lies in the logs. */
export function formatTimeline({ faults, lives }: ChaosReport): string {
  const origin = lives[0]?.start ?? 0;
  const when = (instant: number): string => (instant - origin).toFixed(3);
  const events = [
    ...faults.map(({ at, until, parts }) => ({ at, what: `until ${when(until)}: ${parts.join(', ')}` })),
    ...lives.map((life) => ({
      at: life.start,
      what: `until ${when(lastBeat(life))}: ${life.replica} ran, epoch ${life.epoch}`,
    })),
  ];
  const zero = new Date(Date.now() - monotonicNow() + origin * 1000).toISOString();
  const lines = events.toSorted((a, b) => a.at - b.at).map(({ at, what }) => `${when(at)} ${what}`);
  return [`0 is ${zero}`, ...lines].join('\n');
}

function describeGoal(goal: Goal): string {
  const { name, measured, limit } = goal;
  const found = measured.length === 0 ? 'not measured' : isMet(goal) ? 'met' : 'MISSED';
  return `goal: ${name}, p99 below ${text(limit)}: ${found} (${measured.length}, p99 ${text(percentile(measured, 0.99))})`;
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
