// What `djsup detect` shows: a project's facts, or why there is none that can run, as text and as plain data.
import type { Result } from '../core/result.ts';
import type { DetectionFailure, ProjectFacts } from './project.ts';

/** For people. `layer` is the filled layer's text: what would run. */
export function describeFacts(facts: ProjectFacts, layer: string): string {
  const width = Math.max(...facts.evidence.map(({ fact }) => fact.length));
  return [
    `Django project in ${facts.root}:`,
    ...facts.evidence.map(({ fact, value, source }) => `  ${fact.padEnd(width)}  ${value}  (${source})`),
    ...warningLines(facts.warnings),
    'The layer that djsup would run:',
    ...layer
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`.trimEnd()),
    '',
  ].join('\n');
}

/** For people: each problem with what was looked for below it. */
export function describeFailure(failure: DetectionFailure): string {
  return [
    `No Django project that can run in ${failure.root}:`,
    ...failure.problems.flatMap(({ message, lookedFor }) => [
      `  ${message}`,
      ...(lookedFor.length > 0 ? ['    looked for:', ...lookedFor.map((place) => `      ${place}`)] : []),
    ]),
    ...(failure.evidence.length > 0 ? ['Found all the same:'] : []),
    ...failure.evidence.map(({ fact, value, source }) => `  ${fact}: ${value} (${source})`),
    ...warningLines(failure.warnings),
    '',
  ].join('\n');
}

/** The same as data for JSON and YAML; `ok` tells which of the two it is. Facts that are not known are left out. */
export function detectionData(
  outcome: Result<ProjectFacts, DetectionFailure>,
  layer: string | undefined,
): Readonly<Record<string, unknown>> {
  if (!outcome.ok) return { ok: false, ...outcome.failure };
  return JSON.parse(JSON.stringify({ ok: true, ...outcome.value, layer })) as Record<string, unknown>;
}

function warningLines(warnings: readonly string[]): readonly string[] {
  return warnings.length === 0 ? [] : ['Warnings:', ...warnings.map((warning) => `  ${warning}`)];
}
