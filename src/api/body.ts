// A request's JSON body against a wire shape. As Go reads it: unknown keys are ignored, names match in any case, null
// leaves a field unset, and only the first value of the body counts.
import type * as z from 'zod/mini';
import { fail, ok, refuse, type Result } from '../core/result.ts';

const nouns: Readonly<Record<string, string>> = {
  string: 'a string',
  boolean: 'true or false',
  array: 'a list',
};

/** `what` completes "cannot decode ...:"; Pebble says it in two ways. */
export function decode<Shape extends z.ZodMiniObject>(
  shape: Shape,
  body: Buffer,
  what: 'data from request body' | 'request body',
): Result<z.infer<Shape>> {
  const object = firstObject(body.toString('utf8'));
  if (!object.ok) return refuse('bad-request', `cannot decode ${what}: ${object.failure}`);
  const parsed = shape.safeParse(knownFields(shape, object.value));
  if (parsed.success) return ok(parsed.data);
  return refuse('bad-request', `cannot decode ${what}: ${complaint(parsed.error.issues[0])}`);
}

function knownFields(shape: z.ZodMiniObject, object: object): Record<string, unknown> {
  const names = new Map(Object.keys(shape.shape).map((name) => [name.toLowerCase(), name]));
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    const name = names.get(key.toLowerCase());
    if (name !== undefined && value !== null) fields[name] = value;
  }
  return fields;
}

function complaint(issue: z.core.$ZodIssue | undefined): string {
  const [field = '', ...rest] = issue?.path ?? [];
  const place = `${String(field)}${rest.map((part) => `[${String(part)}]`).join('')}`;
  const expected = issue?.code === 'invalid_type' ? nouns[issue.expected] : undefined;
  return expected === undefined ? `"${place}" is not valid` : `"${place}" must be ${expected}`;
}

function firstObject(text: string): Result<object, string> {
  const body = text.replace(/^[ \t\r\n]+/, '');
  if (body === '') return fail('EOF');
  const whole = parse(body);
  if (whole.ok) return asObject(whole.value);
  if (body.startsWith('null')) return ok({});
  if (/^["[\-0-9tf]/.test(body)) return fail('the body must be a JSON object');
  if (!body.startsWith('{')) {
    return fail(
      `invalid character '${String.fromCodePoint(body.codePointAt(0) ?? 0)}' looking for beginning of value`,
    );
  }
  const end = closingBracket(body);
  if (end === undefined) return fail('unexpected EOF');
  const first = parse(body.slice(0, end + 1));
  return first.ok ? asObject(first.value) : fail(`the body is not valid JSON: ${first.failure}`);
}

function asObject(value: unknown): Result<object, string> {
  if (value === null) return ok({});
  if (typeof value !== 'object' || Array.isArray(value)) return fail('the body must be a JSON object');
  return ok(value);
}

function parse(text: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(text) as unknown);
  } catch (error) {
    return fail(error instanceof SyntaxError ? error.message : 'it is nested too deeply');
  }
}

/** Index of the bracket that closes the one at 0; undefined when the text ends before. */
function closingBracket(text: string): number | undefined {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (quoted) {
      if (character === '\\') index++;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && --depth === 0) return index;
  }
  return undefined;
}
