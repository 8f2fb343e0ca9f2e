// Glob rules as a tree of dot segments; `*` is one whole segment.
// Law: of the rules that match, the first of the file wins, or the most specific where ordering is off.
import type { EventKind } from './line.ts';

interface Branch<Rule> {
  readonly literals: Map<string, Branch<Rule>>;
  star: Branch<Rule> | undefined;
  /** The rules that end here, in the order of the file. */
  readonly rules: { readonly order: number; readonly kind: EventKind | undefined; readonly rule: Rule }[];
}

export interface GlobMatch<Rule> {
  readonly rule: Rule;
  /** What each star stood for. */
  readonly captures: readonly string[];
}

export interface GlobTree<Rule> {
  find(name: string, kind: EventKind): GlobMatch<Rule> | undefined;
  /** The tree in Graphviz's language, for `--debug.dump-fsm`. */
  dot(): string;
}

export interface GlobRule<Rule> {
  readonly match: string;
  /** Undefined: of any kind. */
  readonly kind: EventKind | undefined;
  readonly rule: Rule;
}

export function createGlobTree<Rule>(rules: readonly GlobRule<Rule>[], ordered: boolean): GlobTree<Rule> {
  const root = branch<Rule>();
  for (const [order, { match, kind, rule }] of rules.entries()) {
    let at = root;
    for (const segment of match.split('.')) at = grow(at, segment);
    at.rules.push({ order, kind, rule });
  }

  function find(name: string, kind: EventKind): GlobMatch<Rule> | undefined {
    if (rules.length === 0) return undefined;
    const segments = name.split('.');
    const captures: string[] = [];
    let best: (GlobMatch<Rule> & { readonly order: number }) | undefined;
    const visit = (at: Branch<Rule>, index: number): boolean => {
      const segment = segments[index];
      if (segment === undefined) {
        const hit = at.rules.find((one) => one.kind === undefined || one.kind === kind);
        if (hit === undefined || (best !== undefined && best.order < hit.order)) return false;
        best = { rule: hit.rule, order: hit.order, captures: [...captures] };
        return !ordered;
      }
      const literal = at.literals.get(segment);
      if (literal !== undefined && visit(literal, index + 1)) return true;
      if (at.star === undefined) return false;
      captures.push(segment);
      const done = visit(at.star, index + 1);
      captures.pop();
      return done;
    };
    visit(root, 0);
    return best;
  }

  function dot(): string {
    const lines: string[] = [];
    let nodes = 0;
    const draw = (at: Branch<Rule>, label: string): number => {
      const id = nodes;
      nodes += 1;
      const end = at.rules.map(({ order }) => ` rule ${order}`).join(',');
      lines.push(`  n${id} [label=${JSON.stringify(label + end)}];`);
      const children = [...at.literals, ...(at.star === undefined ? [] : [['*', at.star] as const])];
      for (const [segment, child] of children) lines.push(`  n${id} -> n${draw(child, segment)};`);
      return id;
    };
    draw(root, 'start');
    return `digraph g {\n  rankdir=LR;\n${lines.join('\n')}\n}\n`;
  }

  return { find, dot };
}

function branch<Rule>(): Branch<Rule> {
  return { literals: new Map(), star: undefined, rules: [] };
}

function grow<Rule>(at: Branch<Rule>, segment: string): Branch<Rule> {
  if (segment === '*') return (at.star ??= branch());
  let next = at.literals.get(segment);
  if (next === undefined) at.literals.set(segment, (next = branch()));
  return next;
}
