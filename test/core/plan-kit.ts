// Layers and plans from text, for the tests of the plan.
import { parseLayer } from '../../src/core/layer.ts';
import type { Layer } from '../../src/core/layer.ts';
import { combineLayers } from '../../src/core/plan.ts';
import type { Plan } from '../../src/core/plan.ts';
import { formatProblem } from '../../src/core/problem.ts';

export function layerOf(text: string, label = 'base', order = 1000): Layer {
  const parsed = parseLayer({ text, file: `${label}.yaml`, label, order, origin: `${label}.yaml` });
  if (!parsed.ok) throw new Error(parsed.failure.map(formatProblem).join('\n'));
  return parsed.value;
}

/** What is wrong with a layer's text, a line each. */
export function problemsOf(text: string, label = 'base'): string[] {
  const parsed = parseLayer({ text, file: `${label}.yaml`, label, order: 1000, origin: 'test' });
  return parsed.ok ? [] : parsed.failure.map(formatProblem);
}

export function layersOf(...texts: readonly string[]): Layer[] {
  return texts.map((text, index) => layerOf(text, `l${index + 1}`, (index + 1) * 1000));
}

export function planOf(...texts: readonly string[]): Plan {
  const combined = combineLayers(layersOf(...texts));
  if (!combined.ok) throw new Error(combined.failure.map(formatProblem).join('\n'));
  return combined.value;
}

/** What is wrong with the plan of these layers, a line each. */
export function planProblemsOf(...texts: readonly string[]): string[] {
  const combined = combineLayers(layersOf(...texts));
  return combined.ok ? [] : combined.failure.map(formatProblem);
}
