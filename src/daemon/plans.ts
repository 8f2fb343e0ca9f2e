// The keeper of the plan: its layers in order and what they combine to. Law: a refused layer changes nothing.
import { checkWorkloadsUnchanged, insertLayer } from '../core/insert-layer.ts';
import { readLayer } from '../core/layer.ts';
import type { Layer } from '../core/layer.ts';
import { combineLayers, emptyPlan } from '../core/plan.ts';
import type { Plan } from '../core/plan.ts';
import { alsoWrong } from '../core/plan-problems.ts';
import { byPlace, formatProblem } from '../core/problem.ts';
import type { Problem } from '../core/problem.ts';
import { ok, refuse } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import type { LayerRecord } from './records.ts';

export interface Plans {
  plan(): Plan;
  layers(): readonly LayerRecord[];
  /** Takes these layers in place of those from files, at the start and at each re-read; what came over the API stays on top. */
  replace(layers: readonly Layer[]): Result<void, readonly Problem[]>;
  add(request: { label: string; combine: boolean; inner: boolean; text: string }): Result<void>;
}

/** `changed` runs after each new plan, in the turn that made it. */
export function createPlans(changed: (plan: Plan) => void): Plans {
  let layers: readonly Layer[] = [];
  // What came over the API, one layer for each label, to be laid over the files when they are read again.
  let added: readonly Layer[] = [];
  let plan: Plan = emptyPlan;

  function take(next: readonly Layer[], combined: Plan): void {
    layers = next;
    plan = combined;
    changed(plan);
  }

  return {
    plan: () => plan,
    layers: () => layers.map(({ order, label, origin }) => ({ order, label, origin })),
    replace(base) {
      const next = added.reduce((all, layer) => laidOver(all, layer), base);
      const combined = combineLayers(next);
      if (!combined.ok) return combined;
      take(next, combined.value);
      return ok(undefined);
    },
    add({ label, combine, inner, text }) {
      const { layer, problems } = readLayer({ text, file: label, label, order: 0, origin: 'api' });
      if (layer === undefined || problems.length > 0) {
        const more = layer === undefined ? [] : alsoWrong(laidOver(layers, layer), problems);
        return refuse(
          'bad-request',
          `cannot parse layer YAML:${listed([...problems, ...more].toSorted(byPlace))}`,
        );
      }
      const inserted = insertLayer(layers, layer, { combine, inner });
      if (!inserted.ok) return inserted;
      const combined = combineLayers(inserted.value);
      if (!combined.ok) return refuse('bad-request', refusal(label, combined.failure));
      const unchanged = checkWorkloadsUnchanged(plan, combined.value);
      if (!unchanged.ok) return unchanged;
      added = laidOver(added, layer);
      take(inserted.value, combined.value);
      return ok(undefined);
    },
  };
}

function laidOver(layers: readonly Layer[], layer: Layer): readonly Layer[] {
  const inserted = insertLayer(layers, layer, { combine: true, inner: true });
  return inserted.ok ? inserted.value : [...layers, layer];
}

/** One problem stands alone, as clients of Pebble know it. */
function refusal(label: string, problems: readonly Problem[]): string {
  const [only] = problems;
  if (only !== undefined && problems.length === 1) return formatProblem(only);
  return `cannot combine layer "${label}" with the others:${listed(problems)}`;
}

/** What follows a colon: one problem on the same line, several on a line each. */
function listed(problems: readonly Problem[]): string {
  const between = problems.length === 1 ? ' ' : '\n';
  return problems.map((problem) => `${between}${formatProblem(problem)}`).join('');
}
