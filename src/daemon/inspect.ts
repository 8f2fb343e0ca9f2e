// What is said of a project or of layers with no daemon running.
import { combineLayers } from '../core/plan.ts';
import { formatProblem } from '../core/problem.ts';
import type { Result } from '../core/result.ts';
import { describeFacts, describeFailure, detectionData } from '../django/describe.ts';
import { fillLayer } from '../django/layer.ts';
import type { ShippedLayer } from '../django/layer.ts';
import { chooseMigrations } from '../django/migrations.ts';
import { detectProject } from '../django/project.ts';
import type { Files } from '../ports.ts';
import type { Gathered } from './gather.ts';

export interface Inspection {
  /** There is a project that can run. */
  readonly ok: boolean;
  /** For people. */
  readonly text: string;
  /** For programs. */
  readonly data: unknown;
}

export function inspectProject(
  files: Files,
  environment: Readonly<Record<string, string | undefined>>,
  shipped: ShippedLayer,
  directory: string,
): Inspection {
  const detected = detectProject(files, environment, directory, { wsgi: true });
  if (!detected.ok)
    return { ok: false, text: describeFailure(detected.failure), data: detectionData(detected, undefined) };
  const { migrations } = chooseMigrations(files, environment, detected.value, []);
  const layer = fillLayer(detected.value, shipped, migrations);
  return { ok: true, text: describeFacts(detected.value, layer), data: detectionData(detected, layer) };
}

export interface CheckedPlan {
  readonly ok: boolean;
  /** The plan's YAML, or all errors as `file:line:column: message` lines. */
  readonly output: string;
  readonly warnings: readonly string[];
}

export function checkPlan(gathered: Result<Gathered, readonly string[]>): CheckedPlan {
  if (!gathered.ok) return { ok: false, output: `${gathered.failure.join('\n')}\n`, warnings: [] };
  const plan = combineLayers(gathered.value.layers);
  const { warnings } = gathered.value;
  if (!plan.ok) return { ok: false, output: `${plan.failure.map(formatProblem).join('\n')}\n`, warnings };
  return { ok: true, output: plan.value.text, warnings };
}
