// Reads requirements.txt as pip does (https://pip.pypa.io/en/stable/reference/requirements-file-format/): which packages
// it declares, and in which file and line. Law: a line that cannot be understood is a warning, never silence.
import { dirname, resolve } from 'node:path';
import type { Files } from '../ports.ts';
import { evaluateMarker } from './marker.ts';
import type { MarkerEnvironment } from './marker.ts';
import { normaliseName, parseRequirement, wheelName } from './requirement.ts';
import type { Requirement } from './requirement.ts';

export interface Source {
  readonly file: string;
  /** From 1; undefined where the reader cannot tell. */
  readonly line: number | undefined;
}

export interface Declared {
  /** Normalised by PEP 503. */
  readonly name: string;
  readonly source: Source;
  /** The dependency group of pyproject.toml that it stands in; such a group need not be installed. */
  readonly group: string | undefined;
}

export interface Dependencies {
  readonly declared: readonly Declared[];
  /** Every file that was read, in order. */
  readonly files: readonly string[];
  /** `file:line: sentence`. */
  readonly warnings: readonly string[];
  /** Likewise, for what must be mended first. */
  readonly problems: readonly string[];
}

export function sourceText(source: Source): string {
  return source.line === undefined ? source.file : `${source.file}:${source.line}`;
}

/** Reads `path`, which exists, and what it includes with `-r`; each file is read once, so loops end. */
export function readRequirements(files: Files, path: string, known: MarkerEnvironment): Dependencies {
  const declared: Declared[] = [];
  const read = new Set<string>();
  const warnings: string[] = [];
  const problems: string[] = [];

  function readFile(file: string, included: { by: Source; as: string } | undefined): void {
    if (read.has(file)) return;
    const text = files.read(file);
    if (!text.ok) {
      const where = included === undefined ? '' : `${sourceText(included.by)}: `;
      problems.push(
        text.failure.kind === 'not-found'
          ? `${where}cannot read "${file}"; create it, or take "-r ${included?.as ?? file}" out`
          : `${where}${text.failure.message}; make it a file that djsup may read`,
      );
      return;
    }
    read.add(file);
    if (text.value.includes('\0')) {
      problems.push(`"${file}" is not UTF-8 (PowerShell's ">" writes UTF-16): save it as UTF-8`);
      return;
    }
    for (const { line, text: content } of logicalLines(text.value)) readLine(content, { file, line });
  }

  function readLine(line: string, source: Source): void {
    const include = optionArgument(line, '-r', '--requirement');
    if (include !== undefined) {
      if (/^[a-z]+:\/\/|\$\{/i.test(include)) warn(source, `"-r ${include}" is not followed`);
      else readFile(resolve(dirname(source.file), include), { by: source, as: include });
      return;
    }
    const editable = optionArgument(line, '-e', '--editable');
    if (editable === undefined && line.startsWith('-')) return;

    // pip: what follows the first word that starts with a dash are options of this requirement (--hash=...).
    const content = (editable ?? line).split(/\s+-/, 1)[0]?.trim() ?? '';
    const requirement = parseRequirement(content);
    if (requirement !== undefined) {
      add(requirement, source);
      return;
    }
    const named = nameInLocation(content);
    if (named !== undefined) declare(named, source);
    else if (editable === undefined && !isLocation(content))
      warn(source, `"${content}" is not a valid requirement (PEP 508) and is left out`);
  }

  function add(requirement: Requirement, source: Source): void {
    const holds = requirement.marker === undefined || evaluateMarker(requirement.marker, known);
    if (holds === false) return;
    if (holds === undefined) {
      warn(source, `the marker of "${requirement.name}" cannot be evaluated here; taken as if it held`);
    }
    for (const name of declaredNames(requirement)) declare(name, source);
  }

  const declare = (name: string, source: Source) => declared.push({ name, source, group: undefined });
  const warn = (source: Source, message: string) => warnings.push(`${sourceText(source)}: ${message}`);

  readFile(resolve(path), undefined);
  return { declared, files: [...read], warnings, problems };
}

/** The packages that one requirement brings: Gunicorn's extras are named after the packages they install. */
export function declaredNames(requirement: Requirement): readonly string[] {
  return requirement.name === 'gunicorn' ? [requirement.name, ...requirement.extras] : [requirement.name];
}

/** Lines as pip joins them: a backslash at the end continues, a comment needs a blank (or nothing) before its `#`. */
function logicalLines(text: string): readonly { line: number; text: string }[] {
  const lines: { line: number; text: string }[] = [];
  let pending: { line: number; text: string } | undefined;
  const physical = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  for (const [index, raw] of physical.entries()) {
    const comment = /^\s*#/.test(raw);
    const continues = raw.endsWith('\\') && !comment;
    const piece = continues ? raw.replace(/\\+$/, '') : comment ? ` ${raw}` : raw;
    pending = { line: pending?.line ?? index + 1, text: (pending?.text ?? '') + piece };
    if (continues) continue;
    lines.push(pending);
    pending = undefined;
  }
  if (pending !== undefined) lines.push(pending);
  return lines
    .map(({ line, text: content }) => ({ line, text: content.replace(/(?:^|\s+)#.*$/, '').trim() }))
    .filter((line) => line.text !== '');
}

/** The argument of an option that stands first on a line, in any of pip's four spellings. */
function optionArgument(line: string, short: string, long: string): string | undefined {
  const match = new RegExp(`^(?:${long}(?:\\s+|\\s*=\\s*)|${short}\\s*=?\\s*)(.+)$`).exec(line);
  return match?.[1]?.trim().replace(/^(['"])(.*)\1$/, '$2');
}

function isLocation(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(text) || /^\.{1,2}$|\/|\.(?:whl|zip|tar\.(?:gz|bz2|xz))$/i.test(text);
}

/** `#egg=Name` of a URL, or the name in a wheel's file name. */
function nameInLocation(text: string): string | undefined {
  if (!isLocation(text)) return undefined;
  const [location = '', fragment = ''] = text.split(/\s+;/, 1)[0]?.split('#') ?? [];
  const egg = /(?:^|&)egg=([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(fragment)?.[1];
  if (egg !== undefined) return normaliseName(egg);
  const path = location.split('?', 1)[0] ?? '';
  return wheelName(decodePercent(path));
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
