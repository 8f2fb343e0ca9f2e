import { expect, test } from 'vitest';
import { refuse } from '../../src/core/result.ts';
import { ok } from '../../src/core/result.ts';
import { formatProblem } from '../../src/core/problem.ts';
import type { Problem } from '../../src/core/problem.ts';
import { readLayers } from '../../src/daemon/layer-files.ts';
import type { Files } from '../../src/ports.ts';

/** Files from a table of path to text; a path in `broken` cannot be read or listed. */
function filesOf(table: Readonly<Record<string, string>>, broken: readonly string[] = []): Files {
  const paths = Object.keys(table);
  return {
    read(path) {
      const text = table[path];
      if (broken.includes(path)) return refuse('internal', `cannot read "${path}": it is broken`);
      return text === undefined ? refuse('not-found', `cannot read "${path}": there is none`) : ok(text);
    },
    list(path) {
      if (broken.includes(path)) return refuse('internal', `cannot list "${path}": it is broken`);
      const inside = paths
        .filter((one) => one.startsWith(`${path}/`))
        .map((one) => one.slice(path.length + 1));
      if (inside.length === 0) return refuse('not-found', `cannot list "${path}": there is none`);
      const directories = new Set(
        inside.filter((one) => one.includes('/')).map((one) => one.split('/', 1)[0] ?? ''),
      );
      const names = new Set(inside.map((one) => one.split('/', 1)[0] ?? ''));
      return ok([...names].toSorted().map((name) => ({ name, directory: directories.has(name) })));
    },
    exists: (path) => paths.some((one) => one === path || one.startsWith(`${path}/`)),
    replace: () => Promise.resolve(ok(undefined)),
  };
}

function read(table: Readonly<Record<string, string>>, broken: readonly string[] = []) {
  const warnings: Problem[] = [];
  const result = readLayers(filesOf(table, broken), '/layers', (warning) => warnings.push(warning));
  return {
    layers: result.layers.map(({ label, order, origin }) => [label, order, origin]),
    problems: result.problems.map(formatProblem),
    warnings: warnings.map(formatProblem),
  };
}

test('a missing directory holds no layers', () => {
  expect(read({})).toEqual({ layers: [], problems: [], warnings: [] });
});

test('a file in place of the directory is a problem, not the same as no layers', () => {
  expect(read({ '/layers': 'services: {}' }).problems).toEqual([
    '/layers: cannot list "/layers": there is none',
  ]);
});

test('files and sub-directories become layers with labels and order numbers', () => {
  const table = {
    '/layers/010-last.yaml': '',
    '/layers/002-parts.d/001-one.yaml': '{}',
    '/layers/002-parts.d/020-two.yaml': '{}',
    '/layers/001-base.yaml': 'summary: x',
    '/layers/README': 'not a layer',
  };
  expect(read(table).layers).toEqual([
    ['base', 1000, '/layers/001-base.yaml'],
    ['parts/one', 2001, '/layers/002-parts.d/001-one.yaml'],
    ['parts/two', 2020, '/layers/002-parts.d/020-two.yaml'],
    ['last', 10_000, '/layers/010-last.yaml'],
  ]);
});

test('the problems of all files are told together', () => {
  const table = {
    '/layers/001-base.yaml': 'a: 1\nb: 2',
    '/layers/002-parts.d/001-one.yaml': 'services: {x: }',
    '/layers/002-parts.d/002-deep.d/001-two.yaml': '{}',
    '/layers/003-lost.yaml': '{}',
    '/layers/nope.yaml': '{}',
    '/layers/004-pebble-x.yaml': '{}',
  };
  expect(read(table, ['/layers/003-lost.yaml']).problems).toEqual([
    '/layers/nope.yaml: invalid layer filename: "nope.yaml" (must look like "123-some-label.yaml")',
    '/layers/001-base.yaml:1:1: cannot use section "a" of the layer: there is no such section',
    '/layers/001-base.yaml:2:1: cannot use section "b" of the layer: there is no such section',
    '/layers/002-parts.d/001-one.yaml:1:12: cannot use service "x": it is empty; give it "override" and what it needs, or leave it out',
    '/layers/002-parts.d/002-deep.d: cannot have a layers sub-directory at this level',
    '/layers/003-lost.yaml: cannot read "/layers/003-lost.yaml": it is broken',
    '/layers/004-pebble-x.yaml: cannot use label "pebble-x": the prefix "pebble-" is reserved',
  ]);
});

test('a directory that cannot be listed is a problem', () => {
  expect(read({ '/layers/001-base.yaml': '' }, ['/layers']).problems).toEqual([
    '/layers: cannot list "/layers": it is broken',
  ]);
});

test('a file that was surely meant as a layer is warned about', () => {
  expect(read({ '/layers/001-base.yml': '' })).toEqual({
    layers: [],
    problems: [],
    warnings: ['/layers/001-base.yml: ignored: the name of a layer file ends in ".yaml"'],
  });
});
