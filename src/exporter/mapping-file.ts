// A mapping file's text as a Mapping. Strict: an unknown key, a wrong type or a value that cannot be used is refused.
// Law: never throws; every problem is told with its line and column.
import type { Node } from 'yaml';
import { readYaml } from '../core/layer-yaml.ts';
import type { Reading } from '../core/layer-yaml.ts';
import type { Problem } from '../core/problem.ts';
import { fail, ok } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import type { EventKind } from './line.ts';
import { defaultBuckets, defaultSummary, noMapping } from './mapping.ts';
import type { Mapping, ObserverOptions, Rule, SummaryOptions } from './mapping.ts';
import { readFields } from './mapping-fields.ts';
import type { Fields } from './mapping-fields.ts';
import { createObserverReader } from './mapping-observer.ts';
import type { ObserverReader } from './mapping-observer.ts';
import { compileRegex } from './regex.ts';

type Reader = Reading['reader'];

const glob = /^(?:\*|[A-Za-z_](?:-*[A-Za-z0-9_])*-*)(?:\.(?:\*|[A-Za-z0-9_][A-Za-z0-9_-]*))*$/;
const templatePart = String.raw`\$\{?\d+\}?`;
const metricName = new RegExp(`^(?:[a-zA-Z_]|${templatePart})(?:[a-zA-Z0-9_]|${templatePart})*$`);
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]+$/;
const kinds = ['counter', 'gauge', 'observer'] as const satisfies readonly EventKind[];
const matchTypes = ['glob', 'regex'] as const;
const observerTypes = ['summary', 'histogram'] as const;
const actions = ['map', 'drop'] as const;

const topKeys = ['defaults', 'mappings'];
const defaultKeys = [
  'observer_type',
  'match_type',
  'glob_disable_ordering',
  'ttl',
  'summary_options',
  'histogram_options',
];
const ruleKeys = [
  'match',
  'match_type',
  'match_metric_type',
  'name',
  'labels',
  'honor_labels',
  'help',
  'action',
  'scale',
  'ttl',
  'observer_type',
  'summary_options',
  'histogram_options',
];

interface Defaults {
  readonly matchType: (typeof matchTypes)[number];
  readonly observerType: (typeof observerTypes)[number];
  readonly ordered: boolean;
  readonly ttl: number;
  readonly summary: SummaryOptions;
  readonly buckets: readonly number[];
}

/** @param file the file's name, for problems */
export function readMapping(text: string, file: string): Result<Mapping, readonly Problem[]> {
  const { root, reader, problems } = readYaml(text, file);
  if (problems.length > 0) return fail(problems);
  if (root === undefined || reader.isNothing(root)) return ok(noMapping);
  const mapping = createMappingReader(reader, createObserverReader(reader)).mapping(root);
  return problems.length > 0 ? fail(problems) : ok(mapping);
}

function createMappingReader(reader: Reader, observers: ObserverReader) {
  function mapping(root: Node): Mapping {
    const top = readFields(reader, root, 'the mapping file', topKeys);
    const defaults = readDefaults(top.get('defaults'));
    const items = top.get('mappings');
    const nodes = reader.isNothing(items) ? [] : (reader.list(items, '"mappings"') ?? []);
    return {
      rules: nodes.flatMap((node) => rule(node ?? items, defaults) ?? []),
      ordered: defaults.ordered,
      unmapped: { ttl: defaults.ttl, observer: observerOf(defaults.observerType, defaults) },
    };
  }

  function readDefaults(node: Node | undefined): Defaults {
    const own = readFields(reader, node, '"defaults"', defaultKeys);
    return {
      matchType: choice(own, 'match_type', matchTypes) ?? 'glob',
      observerType: choice(own, 'observer_type', observerTypes) ?? 'summary',
      ordered: flag(own, 'glob_disable_ordering') !== true,
      ttl: duration(own, 'ttl') ?? 0,
      summary: observers.summary(own.get('summary_options'), defaultSummary),
      buckets: observers.buckets(own.get('histogram_options'), defaultBuckets),
    };
  }

  function rule(node: Node | undefined, defaults: Defaults): Rule | undefined {
    const own = readFields(reader, node, 'a mapping', ruleKeys);
    const text = (key: string): string | undefined => stringOf(own, key);
    const match = text('match') ?? '';
    const matchType = choice(own, 'match_type', matchTypes) ?? defaults.matchType;
    checkMatch(own.get('match') ?? node, match, matchType);
    const name = text('name') ?? '';
    if (name === '') reader.refuse(node, 'a mapping', 'it has no "name", which is needed even to drop');
    else if (!metricName.test(name)) {
      reader.refuse(own.get('name'), `name "${name}"`, 'use letters, digits, "_" and "$1", no digit first');
    }
    return {
      match,
      matchType,
      matchKind: choice(own, 'match_metric_type', kinds),
      action: choice(own, 'action', actions) ?? 'map',
      name,
      labels: labels(own.get('labels')),
      honorLabels: flag(own, 'honor_labels') ?? false,
      help: text('help') || undefined,
      scale: reader.isNothing(own.get('scale')) ? undefined : reader.number(own.get('scale'), '"scale"'),
      ttl: duration(own, 'ttl') || defaults.ttl,
      observer: observer(own, defaults),
    };
  }

  function checkMatch(node: Node | undefined, match: string, type: 'glob' | 'regex'): void {
    if (type === 'regex') {
      const regex = compileRegex(match);
      if (!regex.ok) reader.refuse(node, `match "${match}"`, regex.failure);
      return;
    }
    if (glob.test(match)) return;
    const why = 'a glob is made of words of letters, digits, "_" and "-", or single "*", between dots';
    reader.refuse(
      node,
      `match "${match}"`,
      match.includes('..') || match === '' ? why : `${why}; no digit first`,
    );
  }

  function observer(own: Fields, defaults: Defaults): ObserverOptions {
    const type = choice(own, 'observer_type', observerTypes);
    const other = type === 'summary' ? 'histogram_options' : 'summary_options';
    if (type !== undefined && !reader.isNothing(own.get(other))) {
      reader.refuse(own.get(other), `"${other}"`, `the "observer_type" is ${type}`);
    }
    return observerOf(type ?? defaults.observerType, {
      summary: observers.summary(own.get('summary_options'), defaults.summary),
      buckets: observers.buckets(own.get('histogram_options'), defaults.buckets),
    });
  }

  function labels(node: Node | undefined): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    if (reader.isNothing(node)) return found;
    for (const { key, at, value } of reader.map(node, '"labels"') ?? []) {
      if (!labelName.test(key)) {
        reader.refuse(at, `label "${key}"`, 'use two or more letters, digits and "_", no digit first');
      } else if (key.startsWith('__'))
        reader.refuse(at, `label "${key}"`, 'Prometheus keeps names with "__" first');
      else found.set(key, reader.isNothing(value) ? '' : (reader.text(value, `label "${key}"`) ?? ''));
    }
    return found;
  }

  function stringOf(own: Fields, key: string): string | undefined {
    return reader.isNothing(own.get(key)) ? undefined : reader.text(own.get(key), `"${key}"`);
  }

  function choice<const Choice extends string>(
    own: Fields,
    key: string,
    choices: readonly Choice[],
  ): Choice | undefined {
    const text = stringOf(own, key);
    if (text === undefined || text === '') return undefined;
    const found = choices.find((one) => one === text);
    return found ?? reader.refuse(own.get(key), `${key} "${text}"`, `use ${choices.join(' or ')}`);
  }

  function flag(own: Fields, key: string): boolean | undefined {
    const text = stringOf(own, key);
    if (text === undefined) return undefined;
    if (/^(?:true|yes|on)$/i.test(text)) return true;
    if (/^(?:false|no|off)$/i.test(text)) return false;
    return reader.refuse(own.get(key), `"${key}"`, 'use true or false');
  }

  function duration(own: Fields, key: string): number | undefined {
    const text = stringOf(own, key);
    return text === undefined ? undefined : observers.duration(own.get(key), key, text);
  }

  return { mapping };
}

function observerOf(
  kind: 'summary' | 'histogram',
  { summary, buckets }: Pick<Defaults, 'summary' | 'buckets'>,
): ObserverOptions {
  return kind === 'summary' ? { kind, summary } : { kind, buckets };
}
