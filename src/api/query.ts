// The parameters behind the `?`. Law: of a single parameter the first counts; a list may be repeated and split by commas.
import { refuse, ok, type Result } from '../core/result.ts';
import type { Level } from '../core/config.ts';

export interface Query {
  /** Empty where the parameter is missing, as in Pebble. */
  one(name: string): string;
  list(name: string): readonly string[];
}

export function readQuery(url: string): Query {
  const mark = url.indexOf('?');
  const parameters = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  return {
    one: (name) => parameters.get(name) ?? '',
    list: (name) =>
      parameters
        .getAll(name)
        .flatMap((value) => value.split(','))
        .map((item) => item.trim())
        .filter((item) => item !== ''),
  };
}

export function readLevel(query: Query): Result<Level | undefined> {
  const level = query.one('level');
  if (level === '') return ok(undefined);
  if (level === 'alive' || level === 'ready') return ok(level);
  return refuse('bad-request', 'level must be "alive" or "ready"');
}
