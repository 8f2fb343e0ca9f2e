// Reads a Django project's facts from its files and the environment; runs nothing. Law: every fact says where it came
// from, and a project that cannot run gets all reasons at once, each with what was looked for.
import { join, resolve } from 'node:path';
import { fail, ok } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import type { Files } from '../ports.ts';
import { readGunicornSettings } from './gunicorn-settings.ts';
import type { Evidence, GunicornSettings } from './gunicorn-settings.ts';
import { findPython, isInstalled, pythonVersion } from './interpreter.ts';
import { markerEnvironment } from './marker.ts';
import { readPyproject } from './pyproject.ts';
import { readRequirements, sourceText } from './requirements.ts';
import type { Declared, Dependencies } from './requirements.ts';
import { findWsgi } from './wsgi.ts';
import type { WsgiModule } from './wsgi.ts';

export interface ProjectFacts {
  /** The directory that was looked at. */
  readonly root: string;
  /** Where the project's package can be imported from; Gunicorn's working directory. */
  readonly appDir: string;
  /** The package that holds wsgi.py; undefined, as `wsgi`, when the search for it was switched off. */
  readonly name: string | undefined;
  /** `mysite.wsgi:application`. */
  readonly wsgi: string | undefined;
  readonly managePy: string | undefined;
  /** `gevent` or `sync`, or the class that the user has set for Gunicorn. */
  readonly workerClass: string;
  /** The interpreter to run. */
  readonly python: string;
  readonly gunicorn: GunicornSettings;
  readonly requirementFiles: readonly string[];
  readonly evidence: readonly Evidence[];
  readonly warnings: readonly string[];
}

export interface DetectionFailure {
  readonly root: string;
  /** At least one; each names what is missing and where it was looked for. */
  readonly problems: readonly DetectionProblem[];
  /** What was found all the same. */
  readonly evidence: readonly Evidence[];
  readonly warnings: readonly string[];
}

interface DetectionProblem {
  /** One sentence, as in core's Failure. */
  readonly message: string;
  /** Paths, some with the reason why they were not it. */
  readonly lookedFor: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Detects the project in `directory`. `options.wsgi` false: the user's layers have a command for service `django`, so
 * neither a WSGI module nor Gunicorn is looked for.
 */
export function detectProject(
  files: Files,
  environment: Environment,
  directory: string,
  options: { readonly wsgi: boolean },
): Result<ProjectFacts, DetectionFailure> {
  const root = resolve(directory);
  const evidence: Evidence[] = [];
  const warnings: string[] = [];
  const problems: DetectionProblem[] = [];
  const problem = (message: string, lookedFor: readonly string[] = []) =>
    problems.push({ message, lookedFor });

  const search = options.wsgi ? findWsgi(files, environment, root) : undefined;
  const module = search?.found.length === 1 ? search.found[0] : undefined;
  if (search !== undefined) noteModule(search.found, search.tried);
  const appDir = module?.appDir ?? root;

  const python = findPython(files, environment, root);
  if (python.found === undefined)
    problem('cannot find python3; install Python, or set VIRTUAL_ENV', python.lookedFor);
  else evidence.push({ fact: 'python', value: python.found.path, source: python.found.source });
  const installed = (name: string) =>
    python.found === undefined ? undefined : isInstalled(files, python.found.path, name, environment);

  const dependencies = readDependencies();
  const gunicorn = readGunicornSettings(files, environment, appDir);
  if (options.wsgi) {
    evidence.push(...gunicorn.evidence);
    warnings.push(...gunicorn.warnings);
    for (const message of gunicorn.problems) problem(message);
  }
  const workerClass = gunicorn.settings.workerClass ?? chooseWorker();
  const managePy = findManagePy();
  if (problems.length > 0 || python.found === undefined) return fail({ root, problems, evidence, warnings });
  return ok({
    root,
    appDir,
    name: module?.name,
    wsgi: module?.target,
    managePy,
    workerClass,
    python: python.found.path,
    gunicorn: gunicorn.settings,
    requirementFiles: dependencies.flatMap((part) => part.files),
    evidence,
    warnings,
  });

  function noteModule(found: readonly WsgiModule[], tried: readonly string[]): void {
    const [first] = found;
    if (found.length > 1) {
      const choices = found.map((each) => each.file);
      problem('cannot choose between several WSGI modules; set DJSUP_PROJECT to the name of one', choices);
    } else if (first === undefined) {
      problem(
        `cannot find the project: unable to locate a wsgi.py in "${root}" that binds "application" at its top level; set DJSUP_PROJECT, or give service "django" a command of your own`,
        tried,
      );
    } else {
      evidence.push({ fact: 'project', value: first.name, source: first.nameSource });
      evidence.push({ fact: 'wsgi', value: first.target, source: `${first.file}:${first.line}` });
      warnings.push(...first.warnings);
    }
  }

  function readDependencies(): readonly Dependencies[] {
    const version = python.found === undefined ? undefined : pythonVersion(files, python.found.path);
    const known = markerEnvironment(version);
    const directories = [...new Set([root, appDir])];
    const parts: Dependencies[] = [];
    for (const place of directories) {
      const requirements = join(place, 'requirements.txt');
      const pyproject = join(place, 'pyproject.toml');
      if (files.exists(requirements)) parts.push(readRequirements(files, requirements, known));
      if (files.exists(pyproject)) parts.push(readPyproject(files, pyproject, known));
    }
    const lookedFor = directories.flatMap((place) => [
      join(place, 'requirements.txt'),
      join(place, 'pyproject.toml'),
    ]);
    for (const part of parts) {
      warnings.push(...part.warnings);
      for (const message of part.problems) problem(message);
    }
    const django = parts.flatMap((part) => part.declared).find(({ name }) => name === 'django');
    if (parts.length === 0) {
      problem(
        `cannot find a requirements file in "${root}"; write "Django" into requirements.txt`,
        lookedFor,
      );
    } else if (django === undefined) {
      problem(
        'cannot find Django among the dependencies; add it to requirements.txt',
        parts.flatMap((part) => part.files),
      );
    } else {
      evidence.push({ fact: 'django', value: 'declared', source: sourceText(django.source) });
    }
    if (options.wsgi) {
      refuseMissing('django', 'Django');
      refuseMissing('gunicorn', 'Gunicorn');
    }
    return parts;
  }

  function refuseMissing(name: string, title: string): void {
    if (installed(name) !== false) return;
    problem(`cannot find ${title} for "${python.found?.path ?? ''}"; install it (pip install ${name})`);
  }

  function chooseWorker(): string {
    const gevent = dependencies.flatMap((part) => part.declared).filter(({ name }) => name === 'gevent');
    // A dependency group says what may be installed, not what is: without the package it is no choice.
    const chosen = gevent.find((each) => each.group === undefined || installed('gevent') !== false);
    const [left] = gevent;
    if (chosen === undefined && left !== undefined) {
      warnings.push(
        `${sourceText(left.source)}: gevent of group "${left.group ?? ''}" is not installed; workers are sync`,
      );
    }
    evidence.push({
      fact: 'worker class',
      value: chosen === undefined ? 'sync' : 'gevent',
      source: chosen === undefined ? 'gevent is not among the dependencies' : declaredAt(chosen),
    });
    return chosen === undefined ? 'sync' : 'gevent';
  }

  function findManagePy(): string | undefined {
    const places = [appDir, join(appDir, ...(module?.name ?? '').split('.')), root];
    const found = places.map((place) => join(place, 'manage.py')).find((path) => files.exists(path));
    if (found !== undefined) evidence.push({ fact: 'manage.py', value: found, source: 'file' });
    return found;
  }
}

function declaredAt(declared: Declared): string {
  const group = declared.group === undefined ? '' : ` (dependency group "${declared.group}")`;
  return `${sourceText(declared.source)}${group}`;
}
