// Two choices of a backend as one, while replicas that go by the former may still be there.
// Law: whoever leads then would lead by each of the two alone.
import { isEqual } from '../equal.ts';
import type { Choice } from './choice.ts';

export function moving(now: Choice, former: Choice): Choice {
  if (now.kind === 'blocked') return now;
  if (former.kind === 'blocked') return refused(`moved-from: ${former.reason}`, now);
  const outsider = [now, former].find(
    (one) => one.kind === 'verdict' && typeof one.verdict.runs !== 'boolean',
  );
  if (outsider?.kind === 'verdict')
    return refused(
      `no record can be held against that: ${outsider.verdict.reason}; stop all replicas first, and leave out "moved-from"`,
      now,
    );
  const no = [now, former].find((one) => one.kind === 'verdict' && one.verdict.runs === false);
  if (no !== undefined) return no;
  if (now.kind === 'verdict') return { ...former, why: [...now.why, ...former.why] };
  if (former.kind === 'verdict') return { ...now, why: [...now.why, former.verdict.reason] };
  if (isEqual(now.settings, former.settings))
    return refused('"moved-from" names the record itself; leave it out', now);
  if (now.settings.kind === 'file' && former.settings.kind === 'file')
    return refused(
      'cannot hold two lock files at once: move by way of another backend, or stop all replicas first',
      now,
    );
  const why = `moved from backend "${former.settings.kind}": whoever leads holds both records`;
  return { ...now, former: former.settings, why: [...now.why, why] };
}

function refused(reason: string, { why }: Choice): Choice {
  return { kind: 'blocked', reason, why };
}
