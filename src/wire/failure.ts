// One table: what each kind of failure is over HTTP, in Pebble's error `kind`, and as an exit code of the CLI.
import type { FailureKind } from '../core/result.ts';

export interface FailureRow {
  /** HTTP status code and its reason phrase. */
  readonly status: number;
  readonly phrase: string;
  /** `result.kind` of the error envelope; undefined: left out. */
  readonly wireKind: string | undefined;
  readonly exitCode: number;
}

export const failureTable: Readonly<Record<FailureKind, FailureRow>> = {
  'bad-request': { status: 400, phrase: 'Bad Request', wireKind: undefined, exitCode: 1 },
  'no-default-services': { status: 400, phrase: 'Bad Request', wireKind: 'no-default-services', exitCode: 1 },
  'login-required': { status: 401, phrase: 'Unauthorized', wireKind: 'login-required', exitCode: 1 },
  forbidden: { status: 403, phrase: 'Forbidden', wireKind: undefined, exitCode: 1 },
  'not-found': { status: 404, phrase: 'Not Found', wireKind: undefined, exitCode: 1 },
  'method-not-allowed': { status: 405, phrase: 'Method Not Allowed', wireKind: undefined, exitCode: 1 },
  internal: { status: 500, phrase: 'Internal Server Error', wireKind: undefined, exitCode: 1 },
  'time-out': { status: 504, phrase: 'Gateway Timeout', wireKind: undefined, exitCode: 1 },
};
