// The single values a layer can hold (layer-group.ts has lists and maps). A field knows how to read, combine, print and describe itself, so that a new key is
// one line in layer-schema.ts. Law: reading never throws, and a value that says nothing (null, "", [], {}) is left out.
import type { Node } from 'yaml';
import { parseDuration, formatDuration } from './duration.ts';
import type { Reader } from './layer-reader.ts';

export type Printable = string | number | readonly Printable[] | ReadonlyMap<string, Printable>;
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Field<T> {
  readonly description: string;
  readonly required: boolean;
  /** JSON Schema of the value, without its description. */
  readonly schema: JsonSchema;
  /** `what` names the value in problems, `path` is its place. Undefined: it says nothing, or a problem was noted. */
  read(reader: Reader, node: Node | undefined, what: string, path: readonly string[]): T | undefined;
  /** The value of two layers, both of which have one. Associative. */
  merge(base: T, top: T): T;
  print(value: T): Printable;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;
export type ValueOf<F> = F extends Field<infer T> ? T : never;
export type Values<F extends Fields> = { readonly [K in keyof F]?: ValueOf<F[K]> };
/** A rule beyond the kind's own: the reason why the value cannot be, or undefined. */
export type Rule<T> = (value: T) => string | undefined;

/** JSON types a text may be written as. */
export const scalarTypes: readonly string[] = ['string', 'number', 'boolean', 'null'];

function lastWins<T>(_base: T, top: T): T {
  return top;
}

/** Text; "" counts as absent, so it never clears a value. */
export function text(description: string, rule?: Rule<string>, schema?: JsonSchema): Field<string> {
  return {
    description,
    required: false,
    schema: { type: scalarTypes, ...schema },
    read(reader, node, what) {
      const value = reader.text(node, what);
      if (value === undefined || value === '') return undefined;
      const reason = rule?.(value);
      return reason === undefined ? value : reader.refuse(node, what, reason);
    },
    merge: lastWins,
    print: (value) => value,
  };
}

/** One word of a few. */
export function oneOf<const W extends string>(description: string, words: readonly W[]): Field<W> {
  return {
    description,
    required: false,
    schema: { enum: [...words, '', null] },
    read(reader, node, what) {
      const value = reader.text(node, what);
      if (value === undefined || value === '') return undefined;
      const word = words.find((one) => one === value);
      return word ?? reader.refuse(node, what, `must be ${listed(words)}, not "${value}"`);
    },
    merge: lastWins,
    print: (value) => value,
  };
}

/** How an entry joins one of the same name: required, and the first layer's word stays in the combined plan. */
export function override(): Field<'merge' | 'replace'> {
  const words = oneOf(
    'Required in every layer. `merge` lays the keys given here over those of earlier layers, `replace` forgets those.',
    ['merge', 'replace'],
  );
  return {
    ...words,
    required: true,
    schema: { enum: ['merge', 'replace'] },
    read(reader, node, what, path) {
      const nothing = reader.text(node, what) === '';
      if (nothing) return reader.refuse(node, what, 'must be "merge" or "replace", not empty');
      return words.read(reader, node, what, path);
    },
    merge: (base) => base,
  };
}

interface NumberRange {
  readonly min: number;
  readonly max?: number;
  readonly whole: boolean;
  /** Zero counts as absent. */
  readonly zeroIsNothing?: true;
}

export function number(description: string, range: NumberRange): Field<number> {
  const { min, max, whole, zeroIsNothing } = range;
  return {
    description,
    required: false,
    schema: {
      type: [whole ? 'integer' : 'number', 'null'],
      minimum: zeroIsNothing ? 0 : min,
      ...(max && { maximum: max }),
    },
    read(reader, node, what) {
      if (reader.isNothing(node)) return undefined;
      const value = reader.number(node, what);
      if (value === undefined || (value === 0 && zeroIsNothing)) return undefined;
      if (whole && !Number.isInteger(value))
        return reader.refuse(node, what, `must be a whole number, not ${value}`);
      if (value < min) return reader.refuse(node, what, `must be ${min} or more, not ${value}`);
      if (max !== undefined && value > max)
        return reader.refuse(node, what, `must be ${max} or less, not ${value}`);
      return value;
    },
    merge: lastWins,
    print: (value) => value,
  };
}

/** Text where "" is a value: in a map it sets an empty one. */
export function anyText(rule?: Rule<string>): Field<string> {
  return {
    ...text(''),
    read(reader, node, what) {
      const value = reader.text(node, what);
      const reason = value === undefined ? undefined : rule?.(value);
      return reason === undefined ? value : reader.refuse(node, what, reason);
    },
  };
}

/** A Go duration, in ms. */
export function duration(description: string, least: 'zero' | 'above zero'): Field<number> {
  return {
    description,
    required: false,
    schema: {
      type: ['string', 'null'],
      pattern: String.raw`^\+?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$`,
      examples: ['500ms', '1m30s'],
    },
    read(reader, node, what) {
      const written = reader.isNothing(node) ? undefined : reader.text(node, what);
      if (written === undefined) return undefined;
      const parsed = parseDuration(written);
      if (!parsed.ok) return reader.refuse(node, what, parsed.failure);
      if (parsed.value < 0) return reader.refuse(node, what, `must not be negative, not ${written}`);
      if (parsed.value === 0 && least === 'above zero')
        return reader.refuse(node, what, 'must be longer than zero');
      return parsed.value;
    },
    merge: lastWins,
    print: formatDuration,
  };
}

/** `"a", "b" or "c"`. */
function listed(words: readonly string[]): string {
  const quoted = words.map((word) => `"${word}"`);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`;
}
