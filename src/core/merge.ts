// Layers laid over each other. Law: pure and associative; no layer is changed.
import type { Layer } from './layer.ts';
import { placeKey } from './layer-reader.ts';
import { layerField } from './layer-schema.ts';
import type { LayerValues } from './layer-schema.ts';

/** What both say; summary and description are the later layer's, also where it has none. */
export function mergeValues(base: LayerValues, top: LayerValues): LayerValues {
  const { summary: _summary, description: _description, ...earlier } = base;
  return layerField.merge(earlier, top);
}

/** One layer in the place and with the label of `base`. */
export function mergeLayers(base: Layer, top: Layer): Layer {
  const replaced = new Set<string>();
  for (const [section, entries] of Object.entries(top.values)) {
    if (!(entries instanceof Map)) continue;
    for (const [name, entry] of entries as ReadonlyMap<string, { readonly override?: string }>) {
      if (entry.override === 'replace') replaced.add(placeKey([section, name]));
    }
  }
  const kept = [...base.places].filter(([key]) => !replaced.has(key.split('\0', 2).join('\0')));
  const origins = base.origin.split(', ');
  return {
    label: base.label,
    order: base.order,
    origin: origins.includes(top.origin) ? base.origin : [...origins, top.origin].join(', '),
    values: mergeValues(base.values, top.values),
    places: new Map([...kept, ...top.places]),
  };
}
