// The nodes of a layer's YAML as plain values: text, number, list or map, with every problem noted where it stands.
// Law: never throws, and reads at most `budget` nodes, so aliases cannot grow without bound.
import { isAlias, isCollection, isMap, isNode, isScalar, isSeq } from 'yaml';
import type { Alias, Node, Scalar } from 'yaml';
import type { Place } from './problem.ts';

const budget = 100_000;
/** Deepest chain of merge keys; a map that merges itself ends here. */
const deepestMerge = 20;

interface Entry {
  readonly key: string;
  readonly at: Node | undefined;
  readonly value: Node | undefined;
}

export interface Reader {
  /** Notes the problem "cannot use <what>: <reason>" and returns undefined, so that a reader can return it. */
  refuse(node: Node | undefined, what: string, reason: string): undefined;
  /** Remembers where something stands, for problems that show only in the combined plan. */
  mark(path: readonly string[], node: Node | undefined): void;
  marked(path: readonly string[]): boolean;
  /** No value, or null. */
  isNothing(node: Node | undefined): boolean;
  /** Any scalar by its source text (`1.0`, `yes`), null as "". */
  text(node: Node | undefined, what: string): string | undefined;
  /** A finite YAML number. */
  number(node: Node | undefined, what: string): number | undefined;
  list(node: Node | undefined, what: string): readonly (Node | undefined)[] | undefined;
  /** Entries in order, merge keys (`<<`) resolved, each key once. */
  map(node: Node | undefined, what: string): readonly Entry[] | undefined;
}

/** One string of a path of keys; no key holds a NUL. */
export function placeKey(path: readonly string[]): string {
  return path.join('\0');
}

export function createReader(
  targets: ReadonlyMap<Alias, Node>,
  placeOf: (node: Node | undefined) => Place,
  note: (at: Place, message: string) => void,
  places: Map<string, Place>,
): Reader {
  let left = budget;
  let depth = 0;

  function refuse(node: Node | undefined, what: string, reason: string): undefined {
    note(placeOf(node), `cannot use ${what}: ${reason}`);
  }

  /** The node an alias stands for; undefined for nothing, and once the budget is spent. */
  function follow(node: Node | undefined): Node | undefined {
    left -= 1;
    if (left === 0)
      refuse(undefined, 'the layer', `it holds more than ${budget} values once its aliases are filled in`);
    if (left <= 0 || node === undefined) return undefined;
    if (!isAlias(node)) return node;
    const target = targets.get(node);
    if (target === undefined)
      refuse(node, `"*${node.source}"`, `no anchor "&${node.source}" comes before it`);
    return target;
  }

  function scalar(node: Node | undefined, what: string, wanted: string): Scalar | undefined {
    const target = follow(node);
    if (target === undefined) return undefined;
    if (isScalar(target)) return target;
    return refuse(node, what, `must be ${wanted}, not ${kindOf(target)}`);
  }

  function text(node: Node | undefined, what: string): string | undefined {
    const target = scalar(node, what, 'text');
    if (target === undefined) return node === undefined ? '' : undefined;
    const { value } = target;
    const found = typeof value === 'string' ? value : value === null ? '' : (target.source ?? '');
    return found.includes('\0') ? refuse(node, what, 'must not hold a NUL character') : found;
  }

  function number(node: Node | undefined, what: string): number | undefined {
    const target = scalar(node, what, 'a number');
    if (target === undefined) return undefined;
    if (typeof target.value !== 'number')
      return refuse(node, what, `must be a number, not ${kindOf(target)}`);
    if (!Number.isFinite(target.value)) return refuse(node, what, 'must be a finite number');
    if (/^[-+]?0\d/.test(target.source ?? '')) {
      return refuse(node, what, 'must not start with 0: YAML 1.1 reads that as octal, YAML 1.2 as decimal');
    }
    return target.value;
  }

  function list(node: Node | undefined, what: string): readonly (Node | undefined)[] | undefined {
    const target = follow(node);
    if (target === undefined) return undefined;
    if (!isSeq(target)) return refuse(node, what, `must be a list, not ${kindOf(target)}`);
    return target.items.map((item) => (isNode(item) ? item : undefined));
  }

  function map(node: Node | undefined, what: string): readonly Entry[] | undefined {
    const target = follow(node);
    if (target === undefined) return undefined;
    if (!isMap(target)) return refuse(node, what, `must be a map, not ${kindOf(target)}`);
    const entries = new Map<string, Entry>();
    const merged: Node[] = [];
    for (const pair of target.items) {
      const at = isNode(pair.key) ? pair.key : undefined;
      const value = isNode(pair.value) ? pair.value : undefined;
      if (isScalar(at) && at.value === '<<' && at.type === 'PLAIN') {
        if (value) merged.push(value);
        continue;
      }
      const key = text(at, `a key of ${what}`);
      if (key === undefined) continue;
      const first = entries.get(key);
      if (first === undefined) entries.set(key, { key, at: at ?? value, value });
      else refuse(at, `key "${key}" of ${what}`, `line ${placeOf(first.at).line} has it already`);
    }
    for (const source of merged) addMerged(entries, source, what);
    return [...entries.values()];
  }

  /** Keys of the merged maps that are not there yet; of several maps the first wins (https://yaml.org/type/merge.html). */
  function addMerged(entries: Map<string, Entry>, source: Node, what: string): void {
    const target = follow(source);
    const sources = isSeq(target) ? target.items : [source];
    if (depth === deepestMerge)
      return refuse(source, `"<<" of ${what}`, `more than ${deepestMerge} merges deep`);
    depth += 1;
    for (const one of sources) {
      for (const entry of map(isNode(one) ? one : undefined, what) ?? []) {
        if (!entries.has(entry.key)) entries.set(entry.key, entry);
      }
    }
    depth -= 1;
  }

  function isNothing(node: Node | undefined): boolean {
    const target = isAlias(node) ? targets.get(node) : node;
    return target === undefined ? !isAlias(node) : isScalar(target) && target.value === null;
  }

  function mark(path: readonly string[], node: Node | undefined): void {
    places.set(placeKey(path), placeOf(node));
  }

  function marked(path: readonly string[]): boolean {
    return places.has(placeKey(path));
  }

  return { refuse, mark, marked, isNothing, text, number, list, map };
}

function kindOf(node: Node): string {
  if (isMap(node)) return 'a map';
  if (isCollection(node)) return 'a list';
  const value = isScalar(node) ? node.value : undefined;
  if (value === null) return 'null';
  return typeof value === 'string' ? 'text' : typeof value === 'number' ? 'a number' : 'a boolean';
}
