// The Files port over a map of path to text; directories are what the paths imply.
import { ok, refuse } from '../../src/core/result.ts';
import type { Files } from '../../src/ports.ts';

export function createFakeFiles(texts: Readonly<Record<string, string>>): Files {
  const paths = Object.keys(texts);
  const below = (directory: string) => (directory.endsWith('/') ? directory : `${directory}/`);
  return {
    read(path) {
      const text = texts[path];
      return text === undefined ? refuse('not-found', `cannot read "${path}": no such file`) : ok(text);
    },
    list(path) {
      const prefix = below(path);
      const inside = paths.filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length));
      if (inside.length === 0) return refuse('not-found', `cannot list "${path}": no such directory`);
      const names = [...new Set(inside.map((each) => each.split('/', 1)[0] ?? ''))].toSorted();
      return ok(
        names.map((name) => ({ name, directory: inside.some((each) => each.startsWith(`${name}/`)) })),
      );
    },
    exists: (path) => paths.some((each) => each === path || each.startsWith(below(path))),
    replace: () => Promise.resolve(refuse('internal', 'this test writes no files')),
  };
}
