// The keys of a map in a mapping file, each with its node.
import type { Node } from 'yaml';
import type { Reading } from '../core/layer-yaml.ts';

export type Fields = ReadonlyMap<string, Node | undefined>;

/** Refuses keys that are none of `keys`; no map at all has no keys. */
export function readFields(
  reader: Reading['reader'],
  node: Node | undefined,
  what: string,
  keys: readonly string[],
): Fields {
  const found = new Map<string, Node | undefined>();
  if (reader.isNothing(node)) return found;
  for (const { key, at, value } of reader.map(node, what) ?? []) {
    if (keys.includes(key)) found.set(key, value);
    else reader.refuse(at, `key "${key}" of ${what}`, `use one of ${keys.join(', ')}`);
  }
  return found;
}
