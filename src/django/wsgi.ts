// Finds the project's WSGI module: <name>/wsgi.py that binds `application`, by the rules of rockcraft's Django extension
// re-based to the directory that djsup runs in. Law: one answer, or all that was tried and why each was not it.
import { basename, join } from 'node:path';
import type { Files } from '../ports.ts';
import { findBinding, syntaxErrorLine } from './python-source.ts';

export interface WsgiModule {
  /** The package that holds wsgi.py: `mysite`. */
  readonly name: string;
  /** Where the package can be imported from; Gunicorn's working directory. */
  readonly appDir: string;
  /** `mysite.wsgi:application`. */
  readonly target: string;
  readonly file: string;
  readonly line: number;
  /** Where the name came from, for people. */
  readonly nameSource: string;
  readonly warnings: readonly string[];
}

export interface WsgiSearch {
  /** Exactly one when the search succeeded; several when the choice is the user's. */
  readonly found: readonly WsgiModule[];
  /** Paths with the reason why each is not it. */
  readonly tried: readonly string[];
}

interface Name {
  readonly name: string;
  readonly source: string;
}

const importable = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*$/u;

/** Searches `root` by name: DJSUP_PROJECT, or DJANGO_SETTINGS_MODULE's package and the directory's name; without DJSUP_PROJECT also by looking around. */
export function findWsgi(
  files: Files,
  environment: Readonly<Record<string, string | undefined>>,
  root: string,
): WsgiSearch {
  const tried = new Map<string, string>();

  function look(appDir: string, { name, source }: Name): readonly WsgiModule[] {
    const file = join(appDir, ...name.split('.'), 'wsgi.py');
    if (!importable.test(name)) {
      tried.set(file, `Python cannot import a package of the name "${name}"`);
      return [];
    }
    const text = files.read(file);
    if (!text.ok) {
      tried.set(file, text.failure.kind === 'not-found' ? 'no such file' : text.failure.message);
      return [];
    }
    const binding = findBinding(text.value, 'application');
    const broken = syntaxErrorLine(text.value);
    if (!binding.bound) {
      tried.set(
        file,
        broken === undefined ? binding.why : `${binding.why}; line ${broken} is not valid Python`,
      );
      return [];
    }
    const warnings = broken === undefined ? [] : [`${file}:${broken}: this does not look like valid Python`];
    const target = `${name}.wsgi:application`;
    return [{ name, appDir, target, file, line: binding.line, nameSource: source, warnings }];
  }

  // manage.py stands beside the package, or (a rock's project directory) the package is one level further down.
  function lookAround(name: Name): readonly WsgiModule[] {
    const inside = join(root, ...name.name.split('.'));
    for (const [appDir, tryName] of [
      [root, name],
      [inside, name],
      [inside, { ...name, name: 'mysite' }],
    ] as const) {
      const found = look(appDir, tryName);
      if (found.length > 0) return found;
    }
    return [];
  }

  const explicit = environment['DJSUP_PROJECT'];
  for (const name of candidateNames(environment, root)) {
    const found = lookAround(name);
    if (found.length > 0)
      return { found: explicit ? found.map((each) => noteExplicit(each, explicit)) : found, tried: [] };
  }
  const found = explicit ? [] : scan(files, root, look);
  if (!explicit) tried.set(join(root, '*/wsgi.py'), 'none binds "application"');
  return { found, tried: [...tried].map(([path, why]) => `${path}: ${why}`) };
}

function noteExplicit(module: WsgiModule, explicit: string): WsgiModule {
  if (module.name === explicit.replaceAll('-', '_')) return module;
  return {
    ...module,
    warnings: [...module.warnings, `DJSUP_PROJECT=${explicit}: "${module.file}" is used in its stead`],
  };
}

function candidateNames(
  environment: Readonly<Record<string, string | undefined>>,
  root: string,
): readonly Name[] {
  const explicit = environment['DJSUP_PROJECT'];
  if (explicit) {
    return [
      { name: explicit.replaceAll('-', '_'), source: 'DJSUP_PROJECT' },
      { name: 'mysite', source: 'the usual name "mysite"' },
    ];
  }
  const names: Name[] = [];
  const settings = (environment['DJANGO_SETTINGS_MODULE'] ?? '').split('.');
  for (let length = settings.length - 1; length > 0; length--) {
    const name = settings.slice(0, length).join('.');
    names.push({ name, source: `DJANGO_SETTINGS_MODULE=${settings.join('.')}` });
  }
  const directory = basename(root).replaceAll('-', '_').toLowerCase();
  if (directory !== '') names.push({ name: directory, source: 'the name of the directory' });
  return names;
}

function scan(
  files: Files,
  root: string,
  look: (appDir: string, name: Name) => readonly WsgiModule[],
): readonly WsgiModule[] {
  const listed = files.list(root);
  if (!listed.ok) return [];
  const directories = listed.value
    .filter((entry) => entry.directory && importable.test(entry.name))
    .map((entry) => entry.name);
  const at = (appDir: string, name: string, only: string) =>
    files.exists(join(appDir, name, 'wsgi.py')) ? look(appDir, { name, source: only }) : [];
  const near = directories.flatMap((name) => at(root, name, `the only package with a wsgi.py in ${root}`));
  if (near.length > 0) return near;
  return directories.flatMap((name) => {
    const inside = join(root, name);
    const own = at(inside, name, `the only ${name}/${name}/wsgi.py in ${root}`);
    return own.length > 0 ? own : at(inside, 'mysite', `the only ${name}/mysite/wsgi.py in ${root}`);
  });
}
