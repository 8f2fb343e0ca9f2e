// Which Python runs the project, and what is installed for it, found by looking at files alone.
// Law: "not installed" is said only where every place that this Python looks in was seen; else the answer is undefined.
import { dirname, join } from 'node:path';
import type { Files } from '../ports.ts';
import { normaliseName } from './requirement.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Interpreter {
  readonly path: string;
  /** What led to it, for people. */
  readonly source: string;
}

/** VIRTUAL_ENV, then `.venv` and `venv` in the project, then PATH; undefined with the places that were looked at. */
export function findPython(
  files: Files,
  environment: Environment,
  root: string,
): { readonly found: Interpreter | undefined; readonly lookedFor: readonly string[] } {
  const candidates: Interpreter[] = [];
  const active = environment['VIRTUAL_ENV'];
  if (active) candidates.push({ path: join(active, 'bin/python3'), source: 'VIRTUAL_ENV' });
  for (const name of ['.venv', 'venv']) {
    candidates.push({ path: join(root, name, 'bin/python3'), source: `${name} in the project` });
  }
  for (const directory of (environment['PATH'] ?? '').split(':')) {
    if (directory.startsWith('/')) candidates.push({ path: join(directory, 'python3'), source: 'PATH' });
  }
  return {
    found: candidates.find((candidate) => files.exists(candidate.path)),
    lookedFor: candidates.map((candidate) => candidate.path),
  };
}

/** `3.12` where the interpreter's own tree names exactly one version, else undefined. */
export function pythonVersion(files: Files, python: string): string | undefined {
  const versions = libraryVersions(files, prefixOf(python));
  return versions.length === 1 ? versions[0] : undefined;
}

/**
 * Whether the distribution `name` is installed for the interpreter at `python`; undefined where that cannot be known
 * without running it. `environment` is the one it will run with (PYTHONPATH, HOME).
 */
export function isInstalled(
  files: Files,
  python: string,
  name: string,
  environment: Environment = {},
): boolean | undefined {
  const prefix = prefixOf(python);
  const versions = libraryVersions(files, prefix);
  if (versions.length === 0) return undefined;
  const added = (environment['PYTHONPATH'] ?? '').split(':').filter((path) => path !== '');
  const answers = versions.map((version) => {
    const own = sitePlaces(files, prefix, version, environment);
    return lookIn(files, { paths: [...added, ...own.paths], complete: own.complete }, name);
  });
  const [first] = answers;
  return answers.every((answer) => answer === first) && environment['PYTHONHOME'] === undefined
    ? first
    : undefined;
}

/** Distributions with their versions (`Django-5.2.dist-info`), sorted, as far as they can be seen. */
export function installedNames(files: Files, python: string): readonly string[] {
  const prefix = prefixOf(python);
  const names = libraryVersions(files, prefix)
    .flatMap((version) => sitePlaces(files, prefix, version, {}).paths)
    .flatMap((path) => {
      const listed = files.list(path);
      return listed.ok ? listed.value.map(({ name }) => name) : [];
    });
  return [...new Set(names.filter((name) => name.endsWith('.dist-info')))].toSorted();
}

function prefixOf(python: string): string {
  return dirname(dirname(python));
}

function virtualSettings(files: Files, prefix: string): string | undefined {
  const settings = files.read(join(prefix, 'pyvenv.cfg'));
  return settings.ok ? settings.value : undefined;
}

// A virtual environment has lib/python3.X without the standard library; a full installation has os.py in it.
function libraryVersions(files: Files, prefix: string): readonly string[] {
  const listed = files.list(join(prefix, 'lib'));
  if (!listed.ok) return [];
  const virtual = virtualSettings(files, prefix) !== undefined;
  return listed.value.flatMap((entry) => {
    const version = /^python(3\.\d+)$/.exec(entry.name)?.[1];
    const own = virtual || files.exists(join(prefix, 'lib', entry.name, 'os.py'));
    return version !== undefined && own ? [version] : [];
  });
}

interface Places {
  readonly paths: readonly string[];
  /** Whether this Python looks nowhere else. */
  readonly complete: boolean;
}

function sitePlaces(files: Files, prefix: string, version: string, environment: Environment): Places {
  const library = `lib/python${version}`;
  const settings = virtualSettings(files, prefix);
  if (settings !== undefined) {
    const shared = /^\s*include-system-site-packages\s*=\s*true\s*$/im.test(settings);
    return { paths: [join(prefix, library, 'site-packages')], complete: !shared };
  }
  const paths = [
    join(prefix, library, 'site-packages'),
    join(prefix, library, 'dist-packages'),
    join(prefix, 'lib/python3/dist-packages'),
    join(prefix, 'local', library, 'dist-packages'),
  ];
  const home = environment['HOME'];
  if (home) paths.push(join(home, '.local', library, 'site-packages'));
  return { paths, complete: true };
}

function lookIn(files: Files, places: Places, name: string): boolean | undefined {
  let certain = places.complete;
  let seen = 0;
  for (const path of places.paths) {
    const listed = files.list(path);
    // What is there and cannot be listed is a zip file, or not for this user to see.
    if (!listed.ok) certain &&= !files.exists(path);
    if (!listed.ok) continue;
    seen++;
    const names = listed.value.map((entry) => entry.name);
    if (names.some((entry) => isOf(entry, name))) return true;
    certain &&= !names.some((entry) => entry.endsWith('.pth') && addsPaths(files, join(path, entry)));
  }
  return certain && seen > 0 ? false : undefined;
}

function isOf(entry: string, name: string): boolean {
  const distribution =
    /^([^-]+)-.*\.(?:dist|egg)-info$/.exec(entry)?.[1] ?? /^([^-]+)\.egg-info$/.exec(entry)?.[1];
  return distribution === undefined ? entry === name : normaliseName(distribution) === name;
}

// A .pth file names further directories, one a line; lines that start with "import" are code.
function addsPaths(files: Files, path: string): boolean {
  const text = files.read(path);
  return (
    !text.ok || text.value.split('\n').some((line) => line.trim() !== '' && !/^(?:#|import\s)/.test(line))
  );
}
