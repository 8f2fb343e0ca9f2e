// The combined plan as YAML text, laid out as Pebble does: 4 spaces, lists indented, words of YAML 1.1 quoted.
// Law: reading the text as a layer gives the values back.
import { Document, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Printable } from './layer-field.ts';
import { layerField } from './layer-schema.ts';
import type { LayerValues } from './layer-schema.ts';

/** The layer's own summary and description are left out, as are empty sections. An empty plan is `{}`. */
export function planText(values: LayerValues): string {
  const printed = layerField.print(values);
  if (!(printed instanceof Map)) return '{}\n';
  const sections = [...(printed as ReadonlyMap<string, Printable>)].filter(
    ([, value]) => value instanceof Map && value.size > 0,
  );
  const text = new Document(nodeOf(new Map(sections))).toString({
    indent: 4,
    indentSeq: true,
    lineWidth: 0,
    singleQuote: true,
  });
  // Text with one of these is in double quotes; a reader of YAML 1.1 would take some of them for line ends, djsup one for a broken file.
  return text.replaceAll(rawControl, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

const rawControl = /[\x7f-\x9f\u2028\u2029\ufeff\ufffd]/g;
// Control characters are just what it is to find.
// oxlint-disable-next-line no-control-regex
const unprintable = /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffd-\uffff]/;

/** Words that some YAML reader takes for null, a boolean, a merge key, a number (also in base 60), or a date. */
const taken = new RegExp(
  [
    '|~|<<|=|null|Null|NULL|true|True|TRUE|false|False|FALSE',
    'y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF',
    String.raw`[-+]?(0b[01_]+|0o?[0-7_]+|0x[\da-fA-F_]+)`,
    String.raw`[-+]?(\.\d[\d_]*|\d[\d_]*(\.[\d_]*)?)([eE][-+]?\d+)?`,
    String.raw`[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?`,
    String.raw`[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)`,
    String.raw`\d{4}-\d{1,2}-\d{1,2}([Tt ].*)?`,
  ]
    .map((one) => `^(${one})$`)
    .join('|'),
);

/** Text that would mean something else without quotes. Left to the library, an apostrophe in it would make them double. */
const special = /^[\s,[\]{}#&*!|>'"%@`]|^[?-](\s|$)|:(\s|$)|\s#|\s$/;

function nodeOf(value: Printable): Scalar | YAMLSeq | YAMLMap {
  if (typeof value === 'number') return new Scalar(value);
  if (typeof value === 'string') return scalarOf(value);
  if (Array.isArray(value)) {
    const list = new YAMLSeq();
    list.items = value.map(nodeOf);
    return list;
  }
  const map = new YAMLMap();
  // Not `add`, which looks for the key among all there are.
  map.items = [...(value as ReadonlyMap<string, Printable>)].map(
    ([key, one]) => new Pair(scalarOf(key), nodeOf(one)),
  );
  return map;
}

function scalarOf(text: string): Scalar {
  const scalar = new Scalar(text);
  scalar.type = styleOf(text);
  return scalar;
}

function styleOf(text: string): Scalar.Type {
  if (taken.test(text) || unprintable.test(text)) return 'QUOTE_DOUBLE';
  // A block of text that begins with a space would need its indentation told; quotes do not.
  if (text.includes('\n')) return /^\n* /.test(text) ? 'QUOTE_DOUBLE' : 'BLOCK_LITERAL';
  return special.test(text) ? 'QUOTE_SINGLE' : 'PLAIN';
}
