// From a StatsD name to the rule that maps it: globs first, then regular expressions in the file's order.
// Law: what was found, or that nothing was, is remembered for the names that came last, and for no more.
import type { EventKind } from './line.ts';
import { createGlobTree } from './glob.ts';
import type { Mapping, Rule } from './mapping.ts';
import { compileRegex } from './regex.ts';
import type { Regex } from './regex.ts';
import { globTemplate, regexTemplate } from './template.ts';
import type { Fill } from './template.ts';

export interface Mapped {
  readonly rule: Rule;
  /** With the captures filled in, not yet escaped. */
  readonly name: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
}

export interface Mapper {
  find(name: string, kind: EventKind): Mapped | undefined;
  /** Counts finds that were answered elsewhere from an earlier find of the same name. */
  countHits(count: number): void;
  readonly cache: { readonly length: number; readonly gets: number; readonly hits: number };
  /** The globs in Graphviz's language. */
  dot(): string;
}

export interface CacheOptions {
  /** 0: nothing is remembered. */
  readonly size: number;
  /** `lru`: what was asked for least recently is forgotten first; `random`: what came first. */
  readonly type: 'lru' | 'random';
}

interface Templates {
  readonly rule: Rule;
  readonly name: Fill;
  readonly labels: readonly (readonly [string, Fill])[];
}

/** Longer ones are looked for anew each time: a thousand of them would be a lot of memory. */
const longestName = 1_024;

export function createMapper(mapping: Mapping, { size, type }: CacheOptions): Mapper {
  const globs = createGlobTree(
    mapping.rules
      .filter(({ matchType }) => matchType === 'glob')
      .map((rule) => ({ match: rule.match, kind: rule.matchKind, rule: templates(rule, globTemplate) })),
    mapping.ordered,
  );
  const regexes = mapping.rules
    .filter(({ matchType }) => matchType === 'regex')
    .map((rule) => ({ regex: compiled(rule.match), templates: templates(rule, regexTemplate) }));
  const found = new Map<string, Mapped | undefined>();
  let gets = 0;
  let hits = 0;

  function find(name: string, kind: EventKind): Mapped | undefined {
    gets += 1;
    const key = `${kind}.${name}`;
    const known = found.get(key);
    if (known !== undefined || found.has(key)) {
      hits += 1;
      if (type === 'lru') {
        found.delete(key);
        found.set(key, known);
      }
      return known;
    }
    const mapped = search(name, kind);
    if (size === 0 || name.length > longestName) return mapped;
    if (found.size >= size) found.delete(found.keys().next().value ?? '');
    found.set(key, mapped);
    return mapped;
  }

  function search(name: string, kind: EventKind): Mapped | undefined {
    const glob = globs.find(name, kind);
    if (glob !== undefined)
      return filled(glob.rule, (star) => {
        if (!/^\d+$/.test(star)) return undefined;
        return Number(star) === 0 ? name : glob.captures[Number(star) - 1];
      });
    for (const { regex, templates: rule } of regexes) {
      if (rule.rule.matchKind !== undefined && rule.rule.matchKind !== kind) continue;
      const match = regex(name);
      if (match !== undefined) return filled(rule, (group) => match.group(group));
    }
    return undefined;
  }

  return {
    find,
    countHits(count) {
      gets += count;
      hits += count;
    },
    get cache() {
      return { length: found.size, gets, hits };
    },
    dot: () => globs.dot(),
  };
}

function templates(rule: Rule, template: (text: string) => Fill): Templates {
  const labels = [...rule.labels].map(([name, value]) => [name, template(value)] as const);
  return { rule, name: template(rule.name), labels };
}

function filled({ rule, name, labels }: Templates, group: (name: string) => string | undefined): Mapped {
  return { rule, name: name(group), labels: labels.map(([label, value]) => [label, value(group)]) };
}

function compiled(match: string): Regex {
  const regex = compileRegex(match);
  if (!regex.ok) throw new Error(`bug: regex "${match}" has passed the reading of its file`);
  return regex.value;
}
