// What a replica that does not hold the record may conclude from it (S5).
// Laws: a record ages by our own clock, from the moment we first saw it, and by no clock of others; a missing record is
// never proof that nobody leads.
import type { LeaderRecord, View } from './record.ts';
import { waitOut } from './timing.ts';
import type { Nanoseconds, Timing } from './timing.ts';

/** One life of one replica. */
export interface Replica {
  readonly name: string;
  /**
   * The sandbox: pod UID and container name, or the container's id. Two that run at the same time must never share it
   * (a host name does not do): empty where that is not certain.
   */
  readonly instance: string;
  /** Random, new for each life. */
  readonly boot: string;
  /** We are PID 1 of the sandbox, so that nothing of its earlier lives can be left. */
  readonly isInit: boolean;
}

/** Who concludes something, for which group. */
export interface Observer {
  readonly group: string;
  readonly timing: Timing;
  readonly self: Replica;
}

export interface Sight {
  readonly view: View;
  /** When the reply that first showed it was handled. */
  readonly since: Nanoseconds;
  /** The holder is proven to be gone. */
  readonly certified: boolean;
}

/**
 * The record may be taken at once in `free` and `expired`; work may start `delay` after the reply that gives it to us.
 * `held`: not before `until`, whether anybody leads or not.
 */
export type Standing =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'free'; readonly delay: Nanoseconds }
  | { readonly kind: 'expired'; readonly delay: Nanoseconds }
  | { readonly kind: 'held'; readonly until: Nanoseconds };

export function observe(sight: Sight | undefined, view: View, now: Nanoseconds): Sight {
  if (sight !== undefined && isSame(sight.view, view)) return sight;
  return { view, since: now, certified: false };
}

/** A certificate: the process that wrote this term, and all its work, are gone. */
export function certify(sight: Sight | undefined, term: string): Sight | undefined {
  return recordOf(sight)?.term === term && sight !== undefined ? { ...sight, certified: true } : sight;
}

export function recordOf(sight: Sight | undefined): LeaderRecord | undefined {
  return sight?.view.found.kind === 'record' ? sight.view.found.record : undefined;
}

/**
 * Only for a replica that holds nothing and whose own work has ended. `longest`: the longest lease it ever saw in a record,
 * for a lost record may have been written for that.
 */
export function standing(
  { group, timing, self }: Observer,
  sight: Sight | undefined,
  longest: Nanoseconds,
  now: Nanoseconds,
): Standing {
  if (sight === undefined) return { kind: 'unknown' };
  const { found, incarnation } = sight.view;
  const full = waitOut(timing, Math.max(timing.lease, longest));
  switch (found.kind) {
    case 'newer':
      return { kind: 'unknown' };
    case 'none':
      return { kind: 'free', delay: full };
    case 'unused':
      return { kind: 'free', delay: 0 };
    case 'unreadable':
      return aged(sight.since + full, full, now);
    case 'record': {
      const { record, settles = false } = found;
      const delay = settles ? full : 0;
      const isOver = record.state === 'released' || sight.certified || isPast(group, self, record);
      // After a rollback an old record stands there again: whoever came later may still be at work.
      const isVouched = record.clean && record.incarnation === incarnation;
      if (isOver && isVouched) return { kind: 'free', delay };
      // Whoever else may be at work wrote before this was seen. Waiting is no later than taking it and settling would be.
      const wait = isVouched ? waitOut(timing, Math.max(timing.lease, record.lease)) : full;
      return aged(sight.since + wait, delay, now);
    }
  }
}

function aged(until: Nanoseconds, delay: Nanoseconds, now: Nanoseconds): Standing {
  return now >= until ? { kind: 'expired', delay } : { kind: 'held', until };
}

/**
 * An earlier term of this life, which has ended, or an earlier life of this sandbox, which cannot have outlived it. Another group of
 * this life, by mistake on the same record, may well be at work.
 */
function isPast(group: string, self: Replica, record: LeaderRecord): boolean {
  if (record.boot === self.boot) return record.group === group;
  return self.isInit && self.instance !== '' && record.instance === self.instance;
}

function isSame(a: View, b: View): boolean {
  if (a.version !== b.version || a.incarnation !== b.incarnation || a.found.kind !== b.found.kind)
    return false;
  if (a.found.kind !== 'record' || b.found.kind !== 'record') return true;
  return a.found.record.term === b.found.record.term && a.found.record.write === b.found.record.write;
}
