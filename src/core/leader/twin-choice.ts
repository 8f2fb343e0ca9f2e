// Two choices of a backend as one, while replicas that go by the former may still be there.
// Law: whoever leads then would lead by each of the two alone.
import type { LeaderConfig } from '../config.ts';
import { isEqual } from '../equal.ts';
import type { Choice } from './choice.ts';

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

/** Whoever leads by the one plan holds a record that the other plan goes by too; false: not for certain. */
export function sharesRecord(one: Settings, other: Settings): boolean {
  return placesOf(one).some((place) => placesOf(other).some((same) => isEqual(place, same)));
}

/** Those alone that are written out. */
function placesOf(settings: Settings): readonly unknown[] {
  const {
    'moved-from': former,
    backend,
    name,
    postgres,
    mysql,
    redis,
    etcd,
    kubernetes,
    file,
    external,
  } = settings;
  const place = { backend, name, postgres, mysql, redis, etcd, kubernetes, file, external };
  const places = former === undefined ? [place] : [place, { ...place, ...former }];
  return places.filter((each) => each.backend !== undefined && each.backend !== 'auto');
}
