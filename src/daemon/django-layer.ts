// The shipped layer, filled with what a project's files and the user's own layers say. Apart from gather.ts, since what reads
// Python takes time to load, and many plans have no Django in them.
import { parseLayer } from '../core/layer.ts';
import type { Layer } from '../core/layer.ts';
import type { LayerValues } from '../core/layer-schema.ts';
import { mergeValues } from '../core/merge.ts';
import { formatProblem } from '../core/problem.ts';
import { fail, ok } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import { describeFailure } from '../django/describe.ts';
import { keepsExporter } from '../django/exporter.ts';
import { fillLayer } from '../django/layer.ts';
import type { ShippedLayer } from '../django/layer.ts';
import { chooseMigrations } from '../django/migrations.ts';
import { detectProject } from '../django/project.ts';
import type { ProjectFacts } from '../django/project.ts';
import type { Files } from '../ports.ts';

interface LayerDeps {
  readonly files: Files;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly shipped: ShippedLayer;
}

/** `facts`: of the project; undefined: it is none that can run. */
export interface DjangoLayer {
  readonly layers: readonly Layer[];
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
  readonly facts: ProjectFacts | undefined;
}

/** `managed`: there is a place for layers of the user's own, so a project that cannot run is no failure. */
export function djangoLayer(
  deps: LayerDeps,
  directory: string,
  own: readonly Layer[],
  managed: boolean,
): Result<DjangoLayer, readonly string[]> {
  const wsgi = !own.some((layer) => layer.values.services?.get('django')?.command !== undefined);
  const environment = { ...deps.environment, ...environmentOf(own) };
  const detected = detectProject(deps.files, environment, directory, { wsgi });
  if (!detected.ok) {
    const text = describeFailure(detected.failure).trimEnd();
    return managed
      ? ok({ layers: [], notes: [], warnings: text.split('\n'), facts: undefined })
      : fail(text.split('\n'));
  }
  const facts = detected.value;
  const services = own.flatMap((layer) => [...(layer.values.services?.keys() ?? [])]);
  const { migrations, note } = chooseMigrations(deps.files, deps.environment, facts, [...new Set(services)]);
  const text = fillLayer(facts, shippedUnder(deps.shipped, own), migrations);
  const layer = parseLayer({
    text,
    file: 'layers/django.yaml',
    label: 'djsup-django',
    order: 0,
    origin: 'built in',
  });
  if (!layer.ok) return fail(layer.failure.map(formatProblem));
  const notes = facts.evidence.map(({ fact, value, source }) => `Django: ${fact} is ${value} (${source})`);
  if (note !== undefined) notes.push(`Django: ${note}`);
  return ok({ layers: [layer.value], notes, warnings: facts.warnings, facts });
}

/** What the user's layers put into the environment of `django`: it decides where Gunicorn listens as much as djsup's own. */
function environmentOf(own: readonly Layer[]): Readonly<Record<string, string>> {
  const values = own.reduce<LayerValues>((all, layer) => mergeValues(all, layer.values), {});
  const django = values.services?.get('django');
  const workload = values.workloads?.get(django?.workload ?? '');
  return Object.fromEntries([...(workload?.environment ?? []), ...(django?.environment ?? [])]);
}

/** Where the user's layers switch the exporter off, nothing is sent to it. */
function shippedUnder(shipped: ShippedLayer, own: readonly Layer[]): ShippedLayer {
  const { text, gunicornConfig, exporter } = shipped;
  if (exporter === undefined || keepsExporter(own)) return shipped;
  return { text, gunicornConfig, exporter: { ...exporter, host: undefined } };
}
