// From a directory of layers, a project's files and --args to the layers that are to run, with what is worth saying of them.
import { argvOf } from '../core/command.ts';
import { argumentsLayer, insertLayer } from '../core/insert-layer.ts';
import { parseLayer } from '../core/layer.ts';
import type { Layer } from '../core/layer.ts';
import type { LayerValues } from '../core/layer-schema.ts';
import { mergeValues } from '../core/merge.ts';
import { combineLayers } from '../core/plan.ts';
import type { Plan } from '../core/plan.ts';
import { alsoWrong } from '../core/plan-problems.ts';
import { byPlace, formatProblem } from '../core/problem.ts';
import type { Problem } from '../core/problem.ts';
import { fail, ok } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import { describeFailure } from '../django/describe.ts';
import { keepsExporter } from '../django/exporter.ts';
import { isInstalled } from '../django/interpreter.ts';
import { fillLayer } from '../django/layer.ts';
import type { ShippedLayer } from '../django/layer.ts';
import { chooseMigrations } from '../django/migrations.ts';
import { detectProject } from '../django/project.ts';
import type { ProjectFacts } from '../django/project.ts';
import { refuseWorker } from '../django/worker-class.ts';
import type { Files } from '../ports.ts';
import { readLayers } from './layer-files.ts';

export interface GatherDeps {
  readonly files: Files;
  readonly layersDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where a Django project is looked for, in this order; empty: nowhere. */
  readonly projectDirectories: readonly string[];
  readonly shipped: ShippedLayer;
  readonly args: ReadonlyMap<string, readonly string[]>;
}

export interface Gathered {
  readonly layers: readonly Layer[];
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
  /** The Django project among it; undefined: there is none. */
  readonly project: Project | undefined;
}

export type Project = Pick<ProjectFacts, 'root' | 'python'>;

/** The failure is the lines to tell. */
export function gatherLayers(deps: GatherDeps): Result<Gathered, readonly string[]> {
  const warnings: string[] = [];
  const own = readLayers(deps.files, deps.layersDirectory, (problem) =>
    warnings.push(formatProblem(problem)),
  );
  const django = djangoLayer(deps, own.layers);
  if (own.problems.length > 0) {
    const known = django.ok ? [...django.value.layers, ...own.layers] : undefined;
    const more = known !== undefined && own.complete ? alsoWrong(known, own.problems) : [];
    return fail(
      (more.length === 0 ? own.problems : [...own.problems, ...more].toSorted(byPlace)).map(formatProblem),
    );
  }
  if (!django.ok) return django;
  warnings.push(...django.value.warnings);
  const layers = [...django.value.layers, ...own.layers];

  const plan = combineLayers(layers);
  if (!plan.ok) return fail(plan.failure.map(formatProblem));
  warnings.push(...plan.value.warnings.map((problem: Problem) => formatProblem(problem)));
  const all = withArguments(layers, plan.value, deps.args);
  if (!all.ok) return fail([all.failure.message]);
  const final = all.value === layers ? plan : combineLayers(all.value);
  if (!final.ok) return fail(final.failure.map(formatProblem));
  const { facts } = django.value;
  const refused = facts === undefined ? [] : workerProblems(deps, final.value, facts);
  if (refused.length > 0) return fail(refused);
  return ok({ layers: all.value, notes: django.value.notes, warnings, project: facts });
}

function withArguments(
  layers: readonly Layer[],
  plan: Plan,
  args: GatherDeps['args'],
): Result<readonly Layer[]> {
  if (args.size === 0) return ok(layers);
  const layer = argumentsLayer(plan, args);
  return layer.ok ? insertLayer(layers, layer.value, { combine: false, inner: false }) : layer;
}

interface DjangoLayer extends Omit<Gathered, 'project'> {
  readonly facts: ProjectFacts | undefined;
}

function djangoLayer(deps: GatherDeps, own: readonly Layer[]): Result<DjangoLayer, readonly string[]> {
  const none = { layers: [], notes: [], facts: undefined };
  const directory = projectDirectory(deps);
  const managed = own.length > 0 || deps.files.exists(deps.layersDirectory);
  if (directory === undefined) {
    if (managed || deps.projectDirectories.length === 0) return ok({ ...none, warnings: [] });
    return fail([
      `no layers in "${deps.layersDirectory}" and no Django project (manage.py, requirements.txt or pyproject.toml) in ${deps.projectDirectories.map((place) => `"${place}"`).join(' or ')}; run djsup in the project's directory or write a layer`,
    ]);
  }
  const wsgi = !own.some((layer) => layer.values.services?.get('django')?.command !== undefined);
  const environment = { ...deps.environment, ...environmentOf(own) };
  const detected = detectProject(deps.files, environment, directory, { wsgi });
  if (!detected.ok) {
    const text = describeFailure(detected.failure).trimEnd();
    return managed ? ok({ ...none, warnings: text.split('\n') }) : fail(text.split('\n'));
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

function projectDirectory({ files, projectDirectories }: GatherDeps): string | undefined {
  const marks = ['manage.py', 'requirements.txt', 'pyproject.toml'];
  return projectDirectories.find((place) => marks.some((mark) => files.exists(`${place}/${mark}`)));
}

function workerProblems(deps: GatherDeps, plan: Plan, facts: ProjectFacts): readonly string[] {
  return [...plan.services.values()].flatMap((service) => {
    const argv = argvOf(service.command);
    // Only what this interpreter runs is known; a command of the user's own may bring another one.
    if (argv[0] !== facts.python) return [];
    const environment = { ...deps.environment, ...service.environment };
    const verdict = refuseWorker(argv, (name) => isInstalled(deps.files, facts.python, name, environment));
    return verdict.ok ? [] : [`service "${service.name}": ${verdict.failure.message}`];
  });
}
