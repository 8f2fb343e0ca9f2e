// From a directory of layers, a project's files and --args to the layers that are to run, with what is worth saying of them.
import { argvOf } from '../core/command.ts';
import { argumentsLayer, insertLayer } from '../core/insert-layer.ts';
import type { Layer } from '../core/layer.ts';
import { combineLayers } from '../core/plan.ts';
import type { Plan } from '../core/plan.ts';
import { alsoWrong } from '../core/plan-problems.ts';
import { byPlace, formatProblem } from '../core/problem.ts';
import type { Problem } from '../core/problem.ts';
import { fail, ok } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import { isInstalled } from '../django/interpreter.ts';
import type { ShippedLayer } from '../django/layer.ts';
import type { ProjectFacts } from '../django/project.ts';
import { refuseWorker } from '../django/worker-class.ts';
import type { Files } from '../ports.ts';
import type { DjangoLayer } from './django-layer.ts';
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
export async function gatherLayers(deps: GatherDeps): Promise<Result<Gathered, readonly string[]>> {
  const warnings: string[] = [];
  const own = readLayers(deps.files, deps.layersDirectory, (problem) =>
    warnings.push(formatProblem(problem)),
  );
  const django = await layerOfProject(deps, own.layers);
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

/** What reads projects is loaded only where there is one. */
async function layerOfProject(
  deps: GatherDeps,
  own: readonly Layer[],
): Promise<Result<DjangoLayer, readonly string[]>> {
  const managed = own.length > 0 || deps.files.exists(deps.layersDirectory);
  const directory = projectDirectory(deps);
  if (directory !== undefined) {
    const { djangoLayer } = await import('./django-layer.ts');
    return djangoLayer(deps, directory, own, managed);
  }
  if (managed || deps.projectDirectories.length === 0)
    return ok({ layers: [], notes: [], warnings: [], facts: undefined });
  return fail([
    `no layers in "${deps.layersDirectory}" and no Django project (manage.py, requirements.txt or pyproject.toml) in ${deps.projectDirectories.map((place) => `"${place}"`).join(' or ')}; run djsup in the project's directory or write a layer`,
  ]);
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
