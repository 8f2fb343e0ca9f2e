// The release that a project's directory shows: its Git commit, read without Git, and the files that say what has to be
// migrated. Law: a commit is read only where the directory is a work tree itself; whose the repository above it is, nobody
// knows.
import { isAbsolute, join } from 'node:path';
import type { ProjectRelease } from '../core/release.ts';
import type { Files } from '../ports.ts';
import { installedNames } from './interpreter.ts';

/** Directories below the project that are looked through for migrations, at most; and how deep. */
const mostDirectories = 5_000;
const deepest = 8;

/** They hold what was installed or made, not what is the project's own. */
const skipped = /^(?:\..*|node_modules|__pycache__|venv|env|site-packages)$/;

/** What an upgrade of another package shows itself in, whose migrations do not lie in the project. */
const locks = ['requirements.txt', 'pyproject.toml', 'uv.lock', 'poetry.lock', 'pdm.lock', 'Pipfile.lock'];

/** `python`: the interpreter that runs the project. */
export function readProjectRelease(files: Files, root: string, python: string): ProjectRelease {
  const found = new Map<string, string>();
  const keep = (path: string) => {
    const text = files.read(path);
    if (text.ok) found.set(path.slice(root.length), text.value);
  };
  const migrations = migrationFiles(files, root);
  // What was not looked through may differ: then nothing is said of the release.
  if (migrations === undefined) return { commit: undefined, files: found };
  for (const path of migrations) keep(path);
  if (found.size > 0) {
    for (const name of locks) keep(join(root, name));
    const installed = installedNames(files, python);
    if (installed.length > 0) found.set('installed', installed.join('\n'));
  }
  return { commit: readCommit(files, root), files: found };
}

/** Undefined: there are too many directories. */
function migrationFiles(files: Files, root: string): readonly string[] | undefined {
  const paths: string[] = [];
  let left = mostDirectories;
  const look = (directory: string, depth: number, isMigrations: boolean): void => {
    const listed = files.list(directory);
    left -= 1;
    if (!listed.ok || left < 0) return;
    for (const { name, directory: isDirectory } of listed.value) {
      const path = join(directory, name);
      if (!isDirectory) {
        if (isMigrations && name.endsWith('.py')) paths.push(path);
      } else if (depth < deepest && !skipped.test(name)) look(path, depth + 1, name === 'migrations');
    }
  };
  look(root, 0, false);
  return left < 0 ? undefined : paths;
}

/** The 40 or 64 digits; undefined: the directory is no work tree, or nothing was committed. */
export function readCommit(files: Files, root: string): string | undefined {
  const read = (path: string) => {
    const text = files.read(path);
    return text.ok ? text.value.trim() : undefined;
  };
  const place = join(root, '.git');
  // In a further work tree or a submodule it is a file that says where.
  const elsewhere = /^gitdir: (.+)$/.exec(read(place) ?? '')?.[1];
  const directory = elsewhere === undefined ? place : resolveFrom(root, elsewhere);
  const head = read(join(directory, 'HEAD'));
  const branch = /^ref: (\S+)$/.exec(head ?? '')?.[1];
  if (branch === undefined) return asCommit(head);
  const shared = resolveFrom(directory, read(join(directory, 'commondir')) ?? '.');
  const packed = () =>
    read(join(shared, 'packed-refs'))
      ?.split('\n')
      .find((line) => line.endsWith(` ${branch}`))
      ?.split(' ')[0];
  return asCommit(read(join(directory, branch)) ?? read(join(shared, branch)) ?? packed());
}

function resolveFrom(base: string, path: string): string {
  return isAbsolute(path) ? path : join(base, path);
}

function asCommit(text: string | undefined): string | undefined {
  return text !== undefined && /^(?:[\da-f]{40}|[\da-f]{64})$/.test(text) ? text : undefined;
}
