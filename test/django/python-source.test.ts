// What counts as binding `application`, by a table that Python's own ast is asked about too; settings read from text.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { findBinding, readSetting, syntaxErrorLine } from '../../src/django/python-source.ts';

const table: readonly (readonly [source: string, bound: boolean])[] = [
  ['application = f()', true],
  ['application = a = 1', true],
  ['a = application = f()', true],
  ['a, b = application = 1, 2', true],
  ['(application) = f()', true],
  ['import os; application = 1', true],
  ['application \\\n  = 1', true],
  ['application = (\n  f()\n)', true],
  ['# coding: utf-8\n"""doc"""\nimport os\nos.environ.setdefault("A", "b")\n\napplication = f()\n', true],
  ['from x import application', true],
  ['from x import y as application', true],
  ['from x import (\n  a,\n  b as application,\n)', true],
  ['from . import application', true],
  ['from .y import a as b, application', true],
  ['if 1:\n    pass\napplication = 1', true],
  ['application: X = f()', false],
  ['application: X', false],
  ['application, b = 1, 2', false],
  ['[application] = [1]', false],
  ['(application, b) = 1, 2', false],
  ['*application, b = 1, 2', false],
  ['(application := 2)', false],
  ['if 1:\n    application = 2', false],
  ['if 1: application = 2', false],
  ['try:\n    application = 2\nfinally:\n    pass', false],
  ['with a as application:\n    application = 1', false],
  ['for application in []:\n    pass', false],
  ['def f():\n    application = 1', false],
  ['import application', false],
  ['import x as application', false],
  ['from x import application as y', false],
  ['from application import x', false],
  ['from x import *', false],
  ['application += 1', false],
  ['def application():\n    pass', false],
  ['class application:\n    pass', false],
  ['x.application = 1', false],
  ['application.x = 1', false],
  ['application[0] = 1', false],
  ['x = """\napplication = 1\n"""', false],
  ['x = (\napplication\n)', false],
  ['# application = 1', false],
  ['app = 1', false],
  ['', false],
  ['application = (', false],
];

describe('a module binds application', () => {
  test.each(table)('%j: %s', (source, bound) => {
    expect(findBinding(source, 'application').bound).toBe(bound);
  });

  test('exactly where the rule on the syntax tree of Python itself says so', (context) => {
    const answers = askPython(table.map(([source]) => source));
    if (answers === undefined) return context.skip('there is no python3 to compare with');
    expect(table.map(([source], index) => [source, answers[index]])).toEqual(table);
  });

  test('with the line of it, or the reason why not', () => {
    expect(findBinding('\n\napplication = 1', 'application')).toEqual({ bound: true, line: 3 });
    expect(findBinding('\nif x:\n  application = 1', 'application')).toMatchObject({
      why: expect.stringContaining('line 3 mentions application'),
    });
    expect(findBinding('app = 1', 'application')).toMatchObject({ why: 'it does not bind application' });
  });
});

test('the first line that is not Python is found, and new syntax is Python', () => {
  expect(syntaxErrorLine('a = 1\nb = = 2\n')).toBe(2);
  expect(
    syntaxErrorLine('type X = int\nmatch x:\n  case 1: pass\ndef f[T](x: T): return f"{x!r:{2}}"\n'),
  ).toBeUndefined();
});

describe('a setting', () => {
  test.each([
    ['bind = "1.2.3.4:80"', ['1.2.3.4:80']],
    ["bind = ['a:1', 'b:2']", ['a:1', 'b:2']],
    ['bind = ("a:1",)  # x', ['a:1']],
    ['import os\nbind = []', []],
    ['bind = 30', ['30']],
  ])('%j is read', (source, values) => {
    expect(readSetting(source, 'bind')).toMatchObject({ kind: 'literal', values });
  });

  test.each([
    'bind = f"0.0.0.0:{port}"',
    'bind = "a" + b',
    'bind = "a" "b"',
    'bind = "\\x30"',
    'bind = r"a"',
    'bind = ["a", b]',
    'bind = "a"\nbind = "b"',
    'bind = "a"\nbind += "b"',
    'if x:\n  bind = "a"',
    'from base import *',
    'from base import bind',
    'bind: str = "a"',
  ])('%j is unknown without running it', (source) => {
    expect(readSetting(source, 'bind')).toMatchObject({
      kind: 'unknown',
      line: 1 + Number(source.startsWith('if')),
    });
  });

  test.each(['', 'binds = "a"', 'x.bind = "a"', '# bind = "a"', 'x = "bind"'])(
    '%j does not set it',
    (source) => {
      expect(readSetting(source, 'bind')).toEqual({ kind: 'absent' });
    },
  );
});

/** The rule of the facts (2.2), over Python's ast; undefined without python3. A syntax error binds nothing. */
function askPython(sources: readonly string[]): readonly boolean[] | undefined {
  const program = `
import ast, json, sys
def bound(source):
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    for node in body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "application" for t in node.targets):
            return True
        if isinstance(node, ast.ImportFrom) and any((a.asname or a.name) == "application" for a in node.names):
            return True
    return False
print(json.dumps([bound(source) for source in json.load(sys.stdin)]))
`;
  try {
    const output = execFileSync('python3', ['-c', program], {
      input: JSON.stringify(sources),
      encoding: 'utf8',
    });
    return JSON.parse(output) as readonly boolean[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
