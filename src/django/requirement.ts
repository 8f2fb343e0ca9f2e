// One requirement as PEP 508 writes it: `name[extra] >=1,<2 ; marker` or `name @ url ; marker`.
// Law: what packaging.requirements.Requirement refuses is refused here too.
import { validRange } from '@renovatebot/pep440';
import { parseMarker } from './marker.ts';
import type { Marker } from './marker.ts';

export interface Requirement {
  /** Normalised by PEP 503. */
  readonly name: string;
  /** Normalised likewise. */
  readonly extras: readonly string[];
  readonly marker: Marker | undefined;
}

const identifier = '[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?';
const head = new RegExp(`^\\s*(${identifier})\\s*(?:\\[([^\\]]*)\\])?\\s*`);
const extraName = new RegExp(`^${identifier}$`);
const clause = /^(?:===\s*\S+|(?:~=|==|!=|<=|>=|<|>)\s*[^\s=<>~!]+)$/;
const variable = /\$\{[A-Z0-9_]+\}/g;

/** PEP 503: lower case, every run of `-`, `_` and `.` is one `-`. */
export function normaliseName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

/** The distribution's name in a wheel's file name (`Django-5.2-py3-none-any.whl`), or undefined when it is no wheel's. */
export function wheelName(path: string): string | undefined {
  const match = /(?:^|\/)([A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-[^/-]+(?:-[^/-]+){3,4}\.whl$/.exec(path);
  return match?.[1] === undefined ? undefined : normaliseName(match[1]);
}

/** Parses one requirement; undefined when it is not valid by PEP 508. pip's `${VAR}` is taken for some version. */
export function parseRequirement(text: string): Requirement | undefined {
  const start = head.exec(text);
  if (start?.[1] === undefined) return undefined;
  const extras = (start[2] ?? '').split(',').map((extra) => extra.trim());
  if (start[2]?.trim() && !extras.every((extra) => extraName.test(extra))) return undefined;

  const rest = text.slice(start[0].length);
  const split = rest.startsWith('@') ? splitUrl(rest) : splitSpecifier(rest);
  if (split === undefined) return undefined;
  const marker = split.marker === undefined ? undefined : parseMarker(split.marker);
  if (split.marker !== undefined && marker === undefined) return undefined;
  return {
    name: normaliseName(start[1]),
    extras: extras.filter((extra) => extra !== '').map(normaliseName),
    marker,
  };
}

interface Split {
  readonly marker: string | undefined;
}

// A URL may hold semicolons: only one that follows a blank starts the marker.
function splitUrl(rest: string): Split | undefined {
  const match = /^@\s*[^\s;]\S*(?:\s+;(.*)|\s*)$/s.exec(rest);
  return match === null ? undefined : { marker: match[1] };
}

function splitSpecifier(rest: string): Split | undefined {
  const semicolon = rest.indexOf(';');
  const versions = (semicolon < 0 ? rest : rest.slice(0, semicolon)).trim();
  if (!validVersions(versions)) return undefined;
  return { marker: semicolon < 0 ? undefined : rest.slice(semicolon + 1) };
}

function validVersions(versions: string): boolean {
  const bare = /^\((.*)\)$/.exec(versions)?.[1]?.trim() ?? versions;
  if (bare === '') return true;
  const clauses = bare
    .replaceAll(variable, '0.0')
    .split(',')
    .map((part) => part.trim());
  if (clauses.at(-1) === '') clauses.pop();
  return (
    clauses.length > 0 &&
    clauses.every((part) => clause.test(part) && (part.startsWith('===') || validRange(part)))
  );
}
