// The names of a directory of layers: which are layers, in which order, under which labels.
export interface LayerName {
  readonly name: string;
  /** A sub-directory of layers, whatever its name ends in. */
  readonly directory: boolean;
  readonly number: number;
  readonly label: string;
}

export interface LayerNames {
  readonly layers: readonly LayerName[];
  readonly problems: readonly { readonly name: string; readonly message: string }[];
}

/**
 * Entries that are layers, sorted by name, and what is wrong with other names. Only names that end in `.yaml` or `.d` are looked at,
 * others are no layers. Numbers and labels are unique within a directory.
 */
export function orderLayerNames(
  entries: readonly { readonly name: string; readonly directory: boolean }[],
): LayerNames {
  const problems: { name: string; message: string }[] = [];
  const layers: LayerName[] = [];
  for (const { name, directory } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!/\.(?:yaml|d)$/.test(name)) continue;
    const [, digits, label] = pattern.exec(name) ?? [];
    if (digits === undefined || label === undefined) {
      const [kind, ending] = directory ? ['sub-directory name', 'd'] : ['filename', 'yaml'];
      const message = `invalid layer ${kind}: "${name}" (must look like "123-some-label.${ending}")`;
      problems.push({ name, message });
      continue;
    }
    const number = Number(digits);
    const twin = layers.find((one) => one.number === number || one.label === label);
    if (twin !== undefined) {
      const message = `invalid layer filename: "${name}" not unique (have "${twin.name}" already)`;
      problems.push({ name, message });
      continue;
    }
    layers.push({ name, directory, number, label });
  }
  return { layers, problems };
}

/** A name that was surely meant as a layer but is not looked at. */
export function looksLikeLayer(name: string): boolean {
  return /^\d+[-_].*\.(?:yml|yaml\w+|json)$/i.test(name);
}

const pattern = /^(\d{3})-([a-z](?:-?[a-z0-9]){2,})\.(?:yaml|d)$/;
