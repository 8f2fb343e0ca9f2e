// What a Python source says at its top level, read from its syntax tree; nothing is run.
// Law: an answer is given only where running the file could not give another one; else it is "unknown".
import { parser } from '@lezer/python';

type Node = ReturnType<typeof parser.parse>['topNode'];

export type Binding =
  { readonly bound: true; readonly line: number } | { readonly bound: false; readonly why: string };

/**
 * Whether the module binds `name` by the rule of rockcraft's Django extension: a plain assignment to the name (chained
 * ones too) or `from x import name` (or `as name`), at the top level.
 */
export function findBinding(source: string, name: string): Binding {
  const tree = parser.parse(source);
  for (const statement of topStatements(tree.topNode)) {
    const names =
      statement.name === 'AssignStatement'
        ? assignedNames(statement, source)
        : statement.name === 'ImportStatement'
          ? importedNames(statement, source)
          : [];
    if (names.includes(name) && !hasError(statement))
      return { bound: true, line: lineAt(source, statement.from) };
  }
  const mention = firstMention(tree.topNode, source, name);
  return {
    bound: false,
    why:
      mention === undefined
        ? `it does not bind ${name}`
        : `line ${lineAt(source, mention)} mentions ${name}, but not as "${name} = ..." or "from x import ${name}" at the top level`,
  };
}

/** The line of the first place that is not Python, or undefined. */
export function syntaxErrorLine(source: string): number | undefined {
  let line: number | undefined;
  parser.parse(source).iterate({
    enter(node) {
      if (line === undefined && node.type.isError) line = lineAt(source, node.from);
    },
  });
  return line;
}

export type Setting =
  | { readonly kind: 'absent' }
  | { readonly kind: 'literal'; readonly values: readonly string[]; readonly line: number }
  | { readonly kind: 'unknown'; readonly line: number };

/** What a configuration file in Python sets `name` to, where that is one plain literal: a string, a number, or a list of strings. */
export function readSetting(source: string, name: string): Setting {
  const tree = parser.parse(source);
  const mentions: Node[] = [];
  let star: Node | undefined;
  tree.iterate({
    enter(node) {
      if (node.name === 'VariableName' && textOf(node, source) === name) mentions.push(node.node);
      if (node.name === '*' && node.node.parent?.name === 'ImportStatement') star = node.node;
    },
  });
  const mention = mentions[0] ?? star;
  if (mention === undefined) return { kind: 'absent' };
  const line = lineAt(source, mention.from);
  const statement = mention.parent;
  if (mentions.length === 1 && star === undefined && statement?.name === 'AssignStatement') {
    const top = topStatements(tree.topNode).some((node) => node.from === statement.from);
    const values = literalOf(statement.lastChild, source);
    if (top && values !== undefined && assignedNames(statement, source).includes(name)) {
      return { kind: 'literal', values, line };
    }
  }
  return { kind: 'unknown', line };
}

function topStatements(script: Node): readonly Node[] {
  return children(script).flatMap((node) => (node.name === 'StatementGroup' ? children(node) : [node]));
}

function assignedNames(statement: Node, source: string): readonly string[] {
  const names: string[] = [];
  let target: Node[] = [];
  for (const node of children(statement)) {
    if (node.name !== 'AssignOp') {
      target.push(node);
      continue;
    }
    const [only] = target;
    if (target.length === 1 && only !== undefined) {
      const bare = unwrap(only);
      if (bare.name === 'VariableName') names.push(textOf(bare, source));
    }
    target = [];
  }
  return names;
}

function importedNames(statement: Node, source: string): readonly string[] {
  const nodes = children(statement);
  if (nodes[0]?.name !== 'from') return [];
  const names: string[] = [];
  for (const node of nodes.slice(nodes.findIndex((child) => child.name === 'import') + 1)) {
    if (node.name !== 'VariableName') continue;
    if (node.prevSibling?.name === 'as') names.pop();
    names.push(textOf(node, source));
  }
  return names;
}

function literalOf(node: Node | null, source: string): readonly string[] | undefined {
  if (node === null) return undefined;
  if (node.name === 'Number') return [textOf(node, source)];
  if (node.name === 'String') {
    const text = /^(['"])([^\\'"\n]*)\1$/.exec(textOf(node, source))?.[2];
    return text === undefined ? undefined : [text];
  }
  if (node.name !== 'ArrayExpression' && node.name !== 'TupleExpression') return undefined;
  const items = children(node).filter((child) => !/^[[\](),]$/.test(child.name));
  const texts = items.map((item) => (item.name === 'String' ? literalOf(item, source)?.[0] : undefined));
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

function unwrap(node: Node): Node {
  const inner = children(node);
  const [, only] = inner;
  return node.name === 'ParenthesizedExpression' && inner.length === 3 && only !== undefined
    ? unwrap(only)
    : node;
}

function firstMention(top: Node, source: string, name: string): number | undefined {
  let found: number | undefined;
  top.cursor().iterate((node) => {
    if (found === undefined && node.name === 'VariableName' && textOf(node, source) === name)
      found = node.from;
  });
  return found;
}

function hasError(statement: Node): boolean {
  let error = false;
  statement.cursor().iterate((node) => {
    if (node.type.isError) error = true;
  });
  return error;
}

function children(node: Node): Node[] {
  const found: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'Comment') found.push(child);
  }
  return found;
}

function textOf(node: { readonly from: number; readonly to: number }, source: string): string {
  return source.slice(node.from, node.to);
}

function lineAt(source: string, position: number): number {
  return source.slice(0, position).split('\n').length;
}
