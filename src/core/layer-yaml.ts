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
  for (const error of [...document.errors, ...document.warnings]) {
    const at = place(error.pos[0]);
    if (!told.has(at.line)) note(at, `cannot read the YAML: ${syntaxMessage(error)}`);
    told.add(at.line);
  }
  const reader = createReader(targets, (node) => (node?.range ? place(node.range[0]) : whole), note, places);
  return {
    root: problems.length > 0 ? undefined : (document.contents ?? undefined),
    reader,
    problems,
    places,
  };
}

function syntaxMessage(error: YAMLError): string {
  if (error.code === 'MULTIPLE_DOCS') return 'a layer is one document, this starts a second';
  // The parser recurses, and tells of an exhausted stack as of any other error.
  if (/call stack/i.test(error.message)) return tooDeep;
  return `${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`;
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
