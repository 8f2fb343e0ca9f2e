// The page of every key of a layer, made from the JSON Schema that the reader's own table gives.
// Law: types, defaults and meanings come from that table; only whose a key is stands here.
import { layerJsonSchema } from '../src/core/layer-schema.ts';

interface Schema {
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly (string | null)[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
}

export interface KeyRow {
  /** `services.<name>.http.url`; `<name>` stands for any key. */
  readonly key: string;
  readonly type: string;
  /** As layers write it; undefined: there is none. */
  readonly default: string | undefined;
  readonly meaning: string;
  readonly whose: 'Pebble' | 'djsup';
}

/** Keys that Pebble's layer format does not have. */
const own: ReadonlySet<string> = new Set([
  'services.<name>.type',
  'services.<name>.once',
  'services.<name>.service-context',
  'services.<name>.kill-mode',
  'services.<name>.singleton',
  'services.<name>.leader-group',
  'checks.<name>.start-period',
  'checks.<name>.service',
  'checks.<name>.leader',
  'checks.<name>.leader.group',
  'checks.<name>.leader.after',
]);

/** Sections that plans may hold and that djsup does not act on. */
const notYet: Readonly<Record<string, string>> = {
  'log-targets': 'djsup reads and checks this section, and sends nothing yet.',
  pairing: 'djsup reads and checks this section, and pairs nobody yet.',
};

/** Every key that a layer may have, in the order in which plans are printed. */
export function keyRows(): readonly KeyRow[] {
  const rows = rowsBelow(layerJsonSchema(), []);
  const strangers = own.difference(new Set(rows.map(({ key }) => key)));
  if (strangers.size > 0) throw new Error(`cannot find the keys ${[...strangers].join(', ')} in the schema`);
  return rows;
}

function rowsBelow(schema: Schema, path: readonly string[]): readonly KeyRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = [...path, name];
    const entry = entryOf(field);
    const inner = entry === undefined ? rowsBelow(field, here) : rowsBelow(entry, [...here, '<name>']);
    return [rowOf(field, here, schema.required?.includes(name) === true), ...inner];
  });
}

/** What stands below any name of a section; undefined: this is no section of named entries. */
function entryOf(field: Schema): Schema | undefined {
  const below = field.additionalProperties;
  return typeof below === 'object' && below.properties !== undefined ? below : undefined;
}

function rowOf(field: Schema, path: readonly string[], required: boolean): KeyRow {
  const key = path.join('.');
  // "Directory it runs in; default `x`." or "Who gets it. Default `x`."
  const [, meaning = '', given] = /^(.*?)(?:[;.] [Dd]efault (.*?))?\.?$/s.exec(field.description ?? '') ?? [];
  return {
    key,
    type: typeOf(field),
    default: given ?? (required ? 'required' : undefined),
    meaning,
    whose: own.has(key) || path[0] === 'leader' ? 'djsup' : 'Pebble',
  };
}

function typeOf({ enum: words, type, pattern, items, minimum, maximum, ...field }: Schema): string {
  if (words !== undefined) {
    const named = words.filter((word) => word !== null && word !== '');
    return named.map((word) => `\`${word}\``).join(', ');
  }
  if (items !== undefined) return 'list of texts';
  if (pattern !== undefined) return 'duration';
  const below = field.additionalProperties;
  if (typeof below === 'object' && below.properties === undefined)
    return `map to ${below.enum === undefined ? 'texts' : typeOf(below)}`;
  if (below !== undefined) return 'map';
  const kind = [type].flat()[0];
  if (kind !== 'integer' && kind !== 'number') return 'text';
  const bounds = maximum === undefined ? `${minimum} or more` : `${minimum} to ${maximum}`;
  return `${kind === 'integer' ? 'whole number' : 'number'}, ${bounds}`;
}

/** The page as Markdown, ended by a newline. */
export function layerPage(): string {
  const rows = keyRows();
  const section = (name: string): string => {
    const inside = rows.filter(({ key }) => key.startsWith(`${name}.`));
    const top = rows.find(({ key }) => key === name);
    const entries = inside.every(({ key }) => key.startsWith(`${name}.<name>.`));
    const prefix = entries ? `${name}.<name>.` : `${name}.`;
    const about = [`${top?.meaning}.`, notYet[name], `Below \`${prefix.slice(0, -1)}\`:`];
    const text = about.filter((sentence) => sentence !== undefined).join(' ');
    return `## ${name}\n\n${text}\n\n${table(inside, prefix)}`;
  };
  const sections = rows.filter(({ key, type }) => !key.includes('.') && type === 'map').map(({ key }) => key);
  const plain = rows.filter(({ key, type }) => !key.includes('.') && type !== 'map');
  return `# Keys of a layer

<!-- Generated from src/core/layer-schema.ts by "npm run docs"; do not edit. -->

A layer is one YAML file. \`<name>\` stands for a name of your own. An empty text, list or map says nothing and clears
nothing; only inside a map of texts an empty text is a value. A text may be written as a number or as true or false. A
duration is a number with a unit, \`500ms\` or \`1m30s\`. Where a later layer has \`override: merge\`, its lists are appended, its maps win key by key, and any other value replaces
the earlier one. [layer.schema.json](layer.schema.json) says the same for editors.

Keys of Pebble are read as Pebble reads them; keys of djsup are its own, and Pebble refuses them.

## The file

${table(plain, '')}
${sections.map(section).join('\n')}`;
}

function table(rows: readonly KeyRow[], prefix: string): string {
  const cells = rows.map(({ key, type, default: given, meaning, whose }) =>
    [`\`${key.slice(prefix.length)}\``, type, given ?? '', meaning, whose]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  );
  return ['key | type | default | meaning | whose', '--- | --- | --- | --- | ---', ...cells]
    .map((line) => `| ${line} |\n`)
    .join('');
}
