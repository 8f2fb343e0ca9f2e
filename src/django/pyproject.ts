// Reads pyproject.toml: [project].dependencies (PEP 621) and [dependency-groups] (PEP 735). Other tables are not read.
import { parse, TomlError } from 'smol-toml';
import type { Files } from '../ports.ts';
import { evaluateMarker } from './marker.ts';
import type { MarkerEnvironment } from './marker.ts';
import { normaliseName, parseRequirement } from './requirement.ts';
import { declaredNames, sourceText } from './requirements.ts';
import type { Declared, Dependencies } from './requirements.ts';

type Table = Readonly<Record<string, unknown>>;

/** Reads `path`, which exists. Every group is read: each says which one it is, for not every group is installed. */
export function readPyproject(files: Files, path: string, known: MarkerEnvironment): Dependencies {
  const read = files.read(path);
  if (!read.ok) return failed(path, read.failure.message);
  const text = read.value.replace(/^\uFEFF/, '');
  const parsed = parseToml(text);
  if (!parsed.ok) return failed(path, `${path}${parsed.at}: cannot be read as TOML: ${parsed.message}`);

  const declared: Declared[] = [];
  const warnings: string[] = [];

  function add(entry: string, group: string | undefined): void {
    const line =
      group === undefined
        ? lineOf(text, 'project', 'dependencies', entry)
        : lineOf(text, 'dependency-groups', group, entry);
    const source = { file: path, line };
    const requirement = parseRequirement(entry);
    if (requirement === undefined) {
      warnings.push(`${sourceText(source)}: "${entry}" is not a valid requirement (PEP 508) and is left out`);
      return;
    }
    const holds = requirement.marker === undefined || evaluateMarker(requirement.marker, known);
    if (holds === false) return;
    if (holds === undefined) {
      warnings.push(
        `${sourceText(source)}: the marker of "${requirement.name}" cannot be evaluated here; taken as if it held`,
      );
    }
    for (const name of declaredNames(requirement)) declared.push({ name, source, group });
  }

  const dependencies = asTable(parsed.table['project'])?.['dependencies'];
  if (dependencies !== undefined && !Array.isArray(dependencies)) {
    warnings.push(`${path}: [project].dependencies is not a list and is left out`);
  }
  for (const entry of asList(dependencies)) {
    if (typeof entry === 'string') add(entry, undefined);
    else warnings.push(`${path}: [project].dependencies holds something that is not a string`);
  }

  const groups = asTable(parsed.table['dependency-groups']) ?? {};
  const names = new Set(Object.keys(groups).map(normaliseName));
  for (const [group, entries] of Object.entries(groups)) {
    for (const entry of asList(entries)) {
      // A group that is included is read under its own name: only that it exists is left to ask.
      const included = asTable(entry)?.['include-group'];
      if (typeof entry === 'string') add(entry, group);
      else if (typeof included !== 'string' || !names.has(normaliseName(included))) {
        warnings.push(
          `${path}: dependency group "${group}" includes ${JSON.stringify(included ?? entry)}, which is no group`,
        );
      }
    }
  }
  return { declared, files: [path], warnings, problems: [] };
}

function failed(path: string, problem: string): Dependencies {
  return { declared: [], files: [path], warnings: [], problems: [problem] };
}

type Parsed =
  | { readonly ok: true; readonly table: Table }
  | { readonly ok: false; readonly at: string; readonly message: string };

function parseToml(text: string): Parsed {
  try {
    return { ok: true, table: parse(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = (error.message.split('\n', 1)[0] ?? '').replace(/^Invalid TOML document: /, '');
    return { ok: false, at: `:${error.line}:${error.column}`, message };
  }
}

function asTable(value: unknown): Table | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : undefined;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

// The TOML reader keeps no positions. The entry is looked for below its table's header and its key; one that is written
// with escapes, or in an inline table, is not found and has no line.
function lineOf(text: string, table: string, key: string, entry: string): number | undefined {
  const lines = text.split('\n');
  const header = lines.findIndex((line) => line.trimStart().startsWith(`[${table}]`));
  const start = lines.findIndex(
    (line, index) => index > header && /^\s*["']?([^"'\s=]+)["']?\s*=/.exec(line)?.[1] === key,
  );
  if (header < 0 || start < 0) return undefined;
  const found = lines
    .slice(start)
    .findIndex((line) => line.includes(`"${entry}"`) || line.includes(`'${entry}'`));
  return found < 0 ? undefined : start + found + 1;
}
