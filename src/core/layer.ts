// A layer: one YAML file of the plan, read whole. Law: every problem of the file is told, each where it stands.
import { layerField } from './layer-schema.ts';
import type { LayerValues } from './layer-schema.ts';
import { readYaml } from './layer-yaml.ts';
import type { Place, Problem } from './problem.ts';
import { fail, ok } from './result.ts';
import type { Result } from './result.ts';

export interface Layer {
  /** `base`, or `base/part` for a file of the sub-directory `base`. */
  readonly label: string;
  /** 1000 times the file's number, plus the number inside its sub-directory. */
  readonly order: number;
  /** For people: a file's path, "built in", "api" or "command line". */
  readonly origin: string;
  readonly values: LayerValues;
  /** Where each key stands, by placeKey of its path (`services`, name, key, item). */
  readonly places: ReadonlyMap<string, Place>;
}

export interface LayerSource {
  readonly text: string;
  /** What problems name: a path, or a label where there is no file. */
  readonly file: string;
  readonly label: string;
  readonly order: number;
  readonly origin: string;
}

const reservedPrefix = 'pebble-';

/** A layer as far as it can be read; undefined where its text is not YAML. With problems it is not to be used, only looked at. */
export interface LayerReading {
  readonly layer: Layer | undefined;
  readonly problems: readonly Problem[];
}

export function parseLayer(source: LayerSource): Result<Layer, readonly Problem[]> {
  const { layer, problems } = readLayer(source);
  return layer === undefined || problems.length > 0 ? fail(problems) : ok(layer);
}

export function readLayer(source: LayerSource): LayerReading {
  const { text, file, label, order, origin } = source;
  const { root, reader, problems, places } = readYaml(text, file);
  if (label.startsWith(reservedPrefix)) {
    reader.refuse(undefined, `label "${label}"`, `the prefix "${reservedPrefix}" is reserved`);
  }
  const isYaml = root !== undefined || problems.length === 0;
  const values = layerField.read(reader, root, 'the layer', []) ?? {};
  return {
    layer: isYaml ? { label, order, origin, values, places } : undefined,
    problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column),
  };
}
