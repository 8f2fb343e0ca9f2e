import { expect, test } from 'vitest';
import { looksLikeLayer, orderLayerNames } from '../../src/core/layer-names.ts';

function order(...names: readonly string[]) {
  const entries = names.map((name) => ({ name: name.replace(/\/$/, ''), directory: name.endsWith('/') }));
  const { layers, problems } = orderLayerNames(entries);
  return {
    layers: layers.map((one) => `${one.number} ${one.label}${one.directory ? '/' : ''}`),
    problems: problems.map((problem) => problem.message),
  };
}

test('layers are sorted by name, whether file or directory', () => {
  expect(order('010-last.yaml', '000-first.yaml', '002-parts.d/')).toEqual({
    layers: ['0 first', '2 parts/', '10 last'],
    problems: [],
  });
});

test('other names are no layers', () => {
  expect(order('001-foo.yml', 'README', '.hidden', '001-foo.yaml.bak', 'x.d.txt')).toEqual({
    layers: [],
    problems: [],
  });
});

test.each([
  '1-foo.yaml',
  '0001-foo.yaml',
  '001-fo.yaml',
  '001-Foo.yaml',
  '001-a_b.yaml',
  '001-foo-.yaml',
  '001-a--b.yaml',
  '001-1ab.yaml',
  'foo.yaml',
  '001foo.yaml',
  '001-fooXyaml.yaml',
])('%s is no name of a layer', (name) => {
  expect(order(name)).toEqual({
    layers: [],
    problems: [`invalid layer filename: "${name}" (must look like "123-some-label.yaml")`],
  });
});

test('the name of a sub-directory is named as such, and what it is decides, not its ending', () => {
  expect(order('foo.d/').problems).toEqual([
    'invalid layer sub-directory name: "foo.d" (must look like "123-some-label.d")',
  ]);
  expect(order('001-abc.yaml/', '002-abd.d').layers).toEqual(['1 abc/', '2 abd']);
});

test('numbers and labels are unique, between files and directories too, and all problems are told', () => {
  expect(order('001-base.yaml', '001-other.yaml', '009-base.d/', 'x.yaml')).toEqual({
    layers: ['1 base'],
    problems: [
      'invalid layer filename: "001-other.yaml" not unique (have "001-base.yaml" already)',
      'invalid layer filename: "009-base.d" not unique (have "001-base.yaml" already)',
      'invalid layer filename: "x.yaml" (must look like "123-some-label.yaml")',
    ],
  });
});

test('a near miss is told from a stranger', () => {
  expect(['001-foo.yml', '01_foo.YML', '001-foo.json'].every(looksLikeLayer)).toBe(true);
  expect(['README', '001-foo.yaml', 'foo.yml', '001-foo.yaml~', '001-foo.d'].some(looksLikeLayer)).toBe(
    false,
  );
});
