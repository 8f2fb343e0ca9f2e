// Environment markers (PEP 508) with three answers: true, false, and undefined for "cannot be known without running Python".
import { satisfies, valid, validRange } from '@renovatebot/pep440';

/** The variables that are known; one that is left out makes a comparison with it undefined. */
export type MarkerEnvironment = Readonly<Record<string, string>>;

interface Operand {
  readonly variable: boolean;
  readonly text: string;
}

export type Marker =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Marker[] }
  | { readonly kind: 'compare'; readonly left: Operand; readonly operator: string; readonly right: Operand };

const variables = new Set([
  'python_version',
  'python_full_version',
  'os_name',
  'sys_platform',
  'platform_release',
  'platform_system',
  'platform_version',
  'platform_machine',
  'platform_python_implementation',
  'implementation_name',
  'implementation_version',
  'extra',
]);

// Spellings from before PEP 508 that packaging still takes.
const formerNames: Readonly<Record<string, string>> = {
  'os.name': 'os_name',
  'sys.platform': 'sys_platform',
  'platform.version': 'platform_version',
  'platform.machine': 'platform_machine',
  'platform.python_implementation': 'platform_python_implementation',
  python_implementation: 'platform_python_implementation',
};

/** What holds for every Python that djsup starts. `version` is `3.12`, or undefined when it is not known. */
export function markerEnvironment(version: string | undefined): MarkerEnvironment {
  return {
    os_name: 'posix',
    sys_platform: 'linux',
    platform_system: 'Linux',
    extra: '',
    ...(version === undefined ? {} : { python_version: version }),
  };
}

/** Parses a marker; undefined when it is not valid. */
export function parseMarker(text: string): Marker | undefined {
  const tokens = tokenise(text);
  if (tokens === undefined) return undefined;
  let next = 0;

  function chain(word: 'and' | 'or', part: () => Marker | undefined): Marker | undefined {
    const parts: Marker[] = [];
    do {
      const parsed = part();
      if (parsed === undefined) return undefined;
      parts.push(parsed);
    } while (tokens?.[next] === word && ++next > 0);
    return parts.length === 1 ? parts[0] : { kind: word, parts };
  }

  function group(): Marker | undefined {
    if (tokens?.[next] !== '(') return comparison();
    next++;
    const inner = either();
    return tokens[next++] === ')' ? inner : undefined;
  }

  function comparison(): Marker | undefined {
    const left = operand(tokens?.[next++]);
    const operator = tokens?.[next++];
    const right = operand(tokens?.[next++]);
    if (left === undefined || operator === undefined || right === undefined) return undefined;
    if (!left.variable && !right.variable) return undefined;
    return /^(?:in|not in|[<>=!~]=?=?)$/.test(operator)
      ? { kind: 'compare', left, operator, right }
      : undefined;
  }

  const both = () => chain('and', group);
  const either = () => chain('or', both);
  const marker = either();
  return next === tokens.length ? marker : undefined;
}

/** Whether the marker holds; undefined where it hangs on a variable that is not known. */
export function evaluateMarker(marker: Marker, known: MarkerEnvironment): boolean | undefined {
  if (marker.kind === 'compare') return compare(marker, known);
  // One false decides an `and`, one true an `or`, whatever the unknown ones are.
  const deciding = marker.kind === 'or';
  const answers = marker.parts.map((part) => evaluateMarker(part, known));
  if (answers.includes(deciding)) return deciding;
  return answers.includes(undefined) ? undefined : !deciding;
}

function compare(
  marker: Extract<Marker, { kind: 'compare' }>,
  known: MarkerEnvironment,
): boolean | undefined {
  const left = marker.left.variable ? known[marker.left.text] : marker.left.text;
  const right = marker.right.variable ? known[marker.right.text] : marker.right.text;
  if (left === undefined || right === undefined) return undefined;
  const { operator } = marker;
  if (operator === 'in') return right.includes(left);
  if (operator === 'not in') return !right.includes(left);
  if (valid(left) !== null && validRange(`${operator}${right}`)) {
    return satisfies(left, `${operator}${right}`, { prereleases: true });
  }
  if (operator === '==' || operator === '===') return left === right;
  if (operator === '!=') return left !== right;
  if (operator === '<' || operator === '<=') return operator === '<' ? left < right : left <= right;
  if (operator === '>' || operator === '>=') return operator === '>' ? left > right : left >= right;
  return undefined;
}

function operand(token: string | undefined): Operand | undefined {
  if (token === undefined) return undefined;
  if (/^['"]/.test(token)) return { variable: false, text: token.slice(1, -1) };
  const text = formerNames[token] ?? token;
  return variables.has(text) ? { variable: true, text } : undefined;
}

function tokenise(text: string): readonly string[] | undefined {
  const pattern = /\s*(?:([()]|===|[<>=!~]=|[<>]|'[^']*'|"[^"]*"|not\s+in\b|[a-z_][a-z0-9_.]*))/y;
  const tokens: string[] = [];
  const trimmed = text.trim();
  while (pattern.lastIndex < trimmed.length) {
    const match = pattern.exec(trimmed);
    if (match?.[1] === undefined) return undefined;
    tokens.push(match[1].startsWith('not') && match[1].endsWith('in') ? 'not in' : match[1]);
  }
  return tokens.length === 0 ? undefined : tokens;
}
