// Expected failures are values. A Failure's `kind` decides its HTTP status and its exit code (wire/failure.ts).

/** Why a request could not be met; each kind has one row in the table of wire/failure.ts. */
export type FailureKind =
  | 'bad-request'
  | 'login-required'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'no-default-services'
  | 'time-out'
  | 'internal';

export interface Failure {
  readonly kind: FailureKind;
  /** One clear sentence: lower case, names the thing in quotes, ends with the way out where it is known. */
  readonly message: string;
}

export type Result<T, F = Failure> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: F };

export function ok<T>(value: T): Result<T, never> {
  return { ok: true, value };
}

export function fail<F>(failure: F): Result<never, F> {
  return { ok: false, failure };
}

export function refuse(kind: FailureKind, message: string): Result<never> {
  return { ok: false, failure: { kind, message } };
}
