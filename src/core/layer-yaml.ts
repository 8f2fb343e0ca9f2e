// A layer's text as YAML nodes with positions. Law: never throws; what is wrong with the YAML is told line by line.
import { isAlias, LineCounter, parseDocument, visit } from 'yaml';
import type { Alias, Document, Node, YAMLError } from 'yaml';
import { createReader } from './layer-reader.ts';
import type { Reader } from './layer-reader.ts';
import type { Place, Problem } from './problem.ts';

/** In UTF-16 code units. */
const longestLayer = 1024 * 1024;
const tooDeep = 'it is nested too deeply';

export interface Reading {
  readonly root: Node | undefined;
  readonly reader: Reader;
  readonly problems: readonly Problem[];
  readonly places: ReadonlyMap<string, Place>;
}

/** Parses the text; `problems` and `places` fill while `reader` is used. Root is undefined where the YAML is broken. */
export function readYaml(text: string, file: string): Reading {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const places = new Map<string, Place>();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const noted = new Set<string>();
  const note = (at: Place, message: string): void => {
    const key = `${at.line}:${at.column}:${message}`;
    if (!noted.has(key)) problems.push({ ...at, message });
    noted.add(key);
  };
  const whole = { file, line: 0, column: 0 };
  const broken = (message: string): Reading => {
    note(whole, message);
    return { root: undefined, reader: createReader(new Map(), () => whole, note, places), problems, places };
  };

  if (text.length > longestLayer) return broken('cannot read the layer: it is larger than 1 MiB');
  let document: Document.Parsed;
  let targets: ReadonlyMap<Alias, Node>;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      merge: false,
    });
    targets = resolveAliases(document);
  } catch {
    return broken(`cannot read the YAML: ${tooDeep}`);
  }
  // One on a line: what follows a broken spot is mostly its echo.
  const told = new Set<number>();
  const tell = (offset: number, message: string): void => {
    const at = place(offset);
    if (!told.has(at.line)) note(at, `cannot read the YAML: ${message}`);
    told.add(at.line);
  };
  for (const [offset, message] of forbiddenOnes(text)) tell(offset, message);
  const errors = problems.length > 0 ? [] : [...document.errors, ...document.warnings];
  for (const error of errors) tell(error.pos[0], syntaxMessage(error));
  const reader = createReader(targets, (node) => (node?.range ? place(node.range[0]) : whole), note, places);
  return {
    root: problems.length > 0 ? undefined : (document.contents ?? undefined),
    reader,
    problems,
    places,
  };
}

/** Characters that no YAML may hold as they are (https://yaml.org/spec/1.2.2/#rule-nb-json), with their offsets. */
function forbiddenOnes(text: string): readonly (readonly [number, string])[] {
  // What could not be decoded has become U+FFFD. It is told once: a binary file is full of it.
  const undecoded = text.indexOf('\ufffd');
  if (undecoded !== -1) return [[undecoded, 'this is not UTF-8 text']];
  return [...text.matchAll(forbidden)].map(({ index, 0: character }) => {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return [index, `character U+${code} is not allowed here, write it as "\\u${code}" in double quotes`];
  });
}

// Control characters are just what it is to find.
// oxlint-disable-next-line no-control-regex
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]/gu;

const hints: Partial<Record<YAMLError['code'], string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'put a value that holds ": " in quotes',
  TAB_AS_INDENT: 'use spaces',
};

function syntaxMessage(error: YAMLError): string {
  if (error.code === 'MULTIPLE_DOCS') return 'this starts a second document, and there may be only one';
  // The parser recurses, and tells of an exhausted stack as of any other error.
  if (/call stack/i.test(error.message)) return tooDeep;
  const hint = hints[error.code];
  const message = `${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`;
  return hint === undefined ? message : `${message}; ${hint}`;
}

/** What each alias stands for: the last node before it with that anchor. */
function resolveAliases(document: Document.Parsed): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target) targets.set(node, target);
      } else if (node.anchor !== undefined) {
        anchors.set(node.anchor, node);
      }
    },
  });
  return targets;
}
