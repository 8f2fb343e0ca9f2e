// The JSON that wraps every reply. Law: keys in the order type, status-code, status, change, result; a result that is
// undefined is left out, one that is null is there.
import { STATUS_CODES } from 'node:http';
import type { Failure } from '../core/result.ts';
import { failureTable } from '../wire/failure.ts';

export interface Envelope {
  readonly status: number;
  readonly text: string;
}

const escaped = /[<>&\u2028\u2029]/g;

/** JSON as Go writes it: `<`, `>`, `&` and the two line separators as \u escapes. They occur in strings only. */
function goJson(value: object): string {
  return JSON.stringify(value).replace(
    escaped,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function phrase(status: number): string {
  return STATUS_CODES[status] ?? '';
}

/** `status` is 200, or 502 for bad health. */
export function syncEnvelope(result: unknown, status: number): Envelope {
  return { status, text: goJson({ type: 'sync', 'status-code': status, status: phrase(status), result }) };
}

/** 202: a change was made, its id is `change`. */
export function asyncEnvelope(change: string): Envelope {
  const body = { type: 'async', 'status-code': 202, status: phrase(202), change, result: null };
  return { status: 202, text: goJson(body) };
}

export function errorEnvelope(status: number, message: string, kind?: string): Envelope {
  const result = { message, kind };
  return { status, text: goJson({ type: 'error', 'status-code': status, status: phrase(status), result }) };
}

export function failureEnvelope(failure: Failure): Envelope {
  const row = failureTable[failure.kind];
  return errorEnvelope(row.status, failure.message, row.wireKind);
}
