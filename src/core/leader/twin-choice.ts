// Two choices of a backend as one, while replicas that go by the former may still be there.
// Law: whoever leads then would lead by each of the two alone.
import type { LeaderConfig } from '../config.ts';
import { isEqual } from '../equal.ts';
import type { Choice } from './choice.ts';
import { leaderFields } from './layer-fields.ts';

type Settings = LeaderConfig['settings'];

export function choiceOfBoth(now: Choice, former: Choice): Choice {
  if (now.kind === 'blocked') return now;
  if (former.kind === 'blocked') return refused(former.reason, now);
  const free = [now, former].find((one) => one.kind === 'verdict' && typeof one.verdict.runs !== 'boolean');
  if (free?.kind === 'verdict')
    return refused(
      `no record can be held against that: ${free.verdict.reason}; leave it out, and stop all replicas first`,
      now,
    );
  const no = [now, former].find((one) => one.kind === 'verdict' && one.verdict.runs === false);
  if (no !== undefined) return no;
  if (now.kind === 'verdict') return { ...former, why: [...now.why, ...former.why] };
  if (former.kind === 'verdict') return { ...now, why: [...now.why, former.verdict.reason] };
  const { kind } = now.settings;
  if (isEqual(now.settings, former.settings))
    return refused(
      `the election is kept there now (backend "${kind}": ${now.why.join('; ')}); write out where it was before, in "backend" or "name"`,
      now,
    );
  if (kind === 'file' && former.settings.kind === 'file')
    return refused('a guard can hold but one lock file: stop all replicas first', now);
  const why = `moved from backend "${former.settings.kind}": whoever leads holds both records`;
  return { ...now, former: former.settings, why: [...now.why, why] };
}

function refused(reason: string, { why }: Choice): Choice {
  return { kind: 'blocked', reason: `cannot elect a leader with "moved-from": ${reason}`, why };
}

/** Where the record was before; undefined: this is no move. */
export function formerSettings(settings: Settings): Settings | undefined {
  const { 'moved-from': former, backend: _, ...now } = settings;
  return former && leaderFields['moved-from'].merge(now, former);
}

/**
 * Whoever leads by `next` holds each record by which others may lead that have the plan of `before`, so that nobody has to wait for
 * them; false: not for certain.
 */
export function holdsAllOf(next: Settings, before: Settings): boolean {
  const held = placesOf(next);
  return placesOf(before).every(
    (place) => isWrittenOut(place) && held.some((same) => isWrittenOut(same) && isEqual(place, same)),
  );
}

type Place = Pick<
  Settings,
  'backend' | 'name' | 'postgres' | 'mysql' | 'redis' | 'etcd' | 'kubernetes' | 'file' | 'external'
>;

function placesOf(settings: Settings): readonly Place[] {
  return [settings, formerSettings(settings)].flatMap((place) =>
    place === undefined ? [] : [placeOf(place)],
  );
}

/** Without the timings. */
function placeOf(settings: Settings): Place {
  const keys = [
    'backend',
    'name',
    'postgres',
    'mysql',
    'redis',
    'etcd',
    'kubernetes',
    'file',
    'external',
  ] as const;
  return Object.fromEntries(keys.flatMap((key) => (key in settings ? [[key, settings[key]]] : [])));
}

function isWrittenOut({ backend }: Place): boolean {
  return backend !== undefined && backend !== 'auto';
}
