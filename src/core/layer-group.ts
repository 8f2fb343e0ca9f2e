// The lists and maps a layer can hold, made of the fields of layer-field.ts. A whole layer is one group.
// Law: a user's key never reaches a prototype: tables are asked with Object.hasOwn, records built from entries.
import { scalarTypes } from './layer-field.ts';
import type { Field, Fields, Printable, Rule, Values } from './layer-field.ts';
import { compareNaturally } from './natural.ts';
import { nearest } from './nearest.ts';

/** A list of texts; layers append, duplicates stay. Each item's place is remembered under its text. */
export function list(description: string, rule?: Rule<string>): Field<readonly string[]> {
  return {
    description,
    required: false,
    schema: { type: ['array', 'null'], items: { type: scalarTypes } },
    read(reader, node, what, path) {
      const nodes = reader.isNothing(node) ? [] : (reader.list(node, what) ?? []);
      const items: string[] = [];
      for (const [index, item] of nodes.entries()) {
        const name = `item ${index + 1} of ${what}`;
        const value = reader.text(item, name);
        if (value === undefined) continue;
        const reason = value === '' ? 'must not be empty' : rule?.(value);
        if (reason !== undefined) reader.refuse(item, name, reason);
        reader.mark([...path, value], item);
        items.push(value);
      }
      return items.length === 0 ? undefined : items;
    },
    merge: (base, top) => [...base, ...top],
    print: (value) => value,
  };
}

/** A map of free keys to values of one kind; layers override key by key and cannot remove one. */
export function mapOf<T>(
  description: string,
  value: Field<T>,
  keyRule: Rule<string>,
): Field<ReadonlyMap<string, T>> {
  return {
    description,
    required: false,
    schema: { type: ['object', 'null'], additionalProperties: value.schema },
    read(reader, node, what, path) {
      const found = new Map<string, T>();
      const pairs = reader.isNothing(node) ? [] : (reader.map(node, what) ?? []);
      for (const entry of pairs) {
        const reason = keyRule(entry.key);
        if (reason !== undefined) reader.refuse(entry.at, `key "${entry.key}" of ${what}`, reason);
        const here = [...path, entry.key];
        reader.mark(here, entry.at);
        const read = value.read(reader, entry.value, `"${entry.key}" of ${what}`, here);
        if (read !== undefined) found.set(entry.key, read);
      }
      return found.size === 0 ? undefined : found;
    },
    merge: (base, top) => new Map([...base, ...top]),
    print: (map) => new Map(sorted(map).map(([key, one]) => [key, value.print(one)])),
  };
}

/** A map of fixed keys, merged key by key. `noun` is what its keys are called in problems. */
export function group<F extends Fields>(description: string, fields: F, noun = 'key'): Field<Values<F>> {
  return {
    description,
    required: false,
    schema: {
      type: ['object', 'null'],
      properties: Object.fromEntries(
        Object.entries(fields).map(([key, field]) => [
          key,
          { ...field.schema, description: field.description },
        ]),
      ),
      required: Object.keys(fields).filter((key) => fields[key]?.required),
      additionalProperties: false,
    },
    read(reader, node, what, path) {
      if (reader.isNothing(node)) return undefined;
      const pairs = reader.map(node, what);
      if (pairs === undefined) return undefined;
      const values: [string, unknown][] = [];
      for (const entry of pairs) {
        const field = Object.hasOwn(fields, entry.key) ? fields[entry.key] : undefined;
        if (field === undefined) {
          const meant = nearest(entry.key, Object.keys(fields));
          const hint = meant === undefined ? '' : `, did you mean "${meant}"?`;
          reader.refuse(entry.at, `${noun} "${entry.key}" of ${what}`, `there is no such ${noun}${hint}`);
          continue;
        }
        const here = [...path, entry.key];
        reader.mark(here, entry.at);
        const value = field.read(reader, entry.value, `"${entry.key}" of ${what}`, here);
        if (value !== undefined) values.push([entry.key, value]);
      }
      return Object.fromEntries(values) as Values<F>;
    },
    merge: (base, top) => {
      const merged: Record<string, unknown> = { ...base };
      for (const [key, field] of Object.entries(fields)) {
        const [old, young] = [base[key], top[key]];
        if (young !== undefined) merged[key] = old === undefined ? young : field.merge(old, young);
      }
      return merged as Values<F>;
    },
    print: (values) => {
      const lines = new Map<string, Printable>();
      for (const [key, field] of Object.entries(fields)) {
        const value = values[key];
        if (value !== undefined) lines.set(key, field.print(value));
      }
      return lines;
    },
  };
}

/** A section of named entries, each with its `override`: a later entry replaces an earlier one or is laid over it. */
export function entries<F extends Fields>(
  description: string,
  noun: string,
  fields: F & { readonly override: Field<'merge' | 'replace'> },
  nameRule: Rule<string>,
): Field<ReadonlyMap<string, Values<F>>> {
  const entry = group(description, fields as F);
  return {
    description,
    required: false,
    schema: { type: ['object', 'null'], additionalProperties: { ...entry.schema, type: 'object' } },
    read(reader, node, what, path) {
      const found = new Map<string, Values<F>>();
      const named = reader.isNothing(node) ? [] : (reader.map(node, what) ?? []);
      for (const { key: name, at, value } of named) {
        const whatEntry = `${noun} "${name}"`;
        const reason = nameRule(name);
        if (reason !== undefined) reader.refuse(at, `"${name}" as ${noun} name`, reason);
        const here = [...path, name];
        reader.mark(here, at);
        const values = entry.read(reader, value, whatEntry, here);
        if (reader.isNothing(value)) {
          reader.refuse(at, whatEntry, 'it is empty; give it "override" and what it needs, or leave it out');
        } else if (values !== undefined && !reader.marked([...here, 'override'])) {
          reader.refuse(at, whatEntry, 'it needs "override: merge" or "override: replace"');
        }
        // It is there, even if nothing of it can be used: who names it is not wrong.
        found.set(name, values ?? (Object.fromEntries([]) as Values<F>));
      }
      return found.size === 0 ? undefined : found;
    },
    merge: (base, top) => {
      const merged = new Map(base);
      for (const [name, values] of top) {
        const old = base.get(name);
        const merges = old !== undefined && values['override'] === 'merge';
        merged.set(name, merges ? entry.merge(old, values) : values);
      }
      return merged;
    },
    print: (map) => new Map(sorted(map).map(([name, values]) => [name, entry.print(values)])),
  };
}

function sorted<T>(map: ReadonlyMap<string, T>): (readonly [string, T])[] {
  return [...map].toSorted(([a], [b]) => compareNaturally(a, b));
}
