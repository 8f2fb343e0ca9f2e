// An election on two records at once, while it moves from one to the other: whoever holds both leads.
// Laws: each record keeps the promises it has alone, to replicas that know of it alone; both are free only if each is, and a
// record is ours only if both are; what one of them says is never taken for what the other says.
import type { LeaderRecord, Version, View } from './record.ts';
import type { Outcome } from './state.ts';

/** A place that keeps a record; `done` is called at most once for each call. */
export interface Register {
  read(done: (outcome: Outcome) => void): void;
  write(expect: Version, record: LeaderRecord, done: (outcome: Outcome) => void): void;
}

/** `first` is the record that is being left: those who go by it alone are met there before anything else is written. */
export function createTwin(first: Register, second: Register): Register {
  function both(kind: 'ok' | 'conflict', one: View, two: View): Outcome {
    return { kind, view: combine(one, two) };
  }

  /** Only the first was free: it is given back, since nothing has run under it. */
  function giveBack(record: LeaderRecord, one: View, two: View, done: (outcome: Outcome) => void): void {
    const released: LeaderRecord = { ...record, state: 'released', write: record.write + 1 };
    first.write(one.version, released, (outcome) =>
      done(both('conflict', outcome.kind === 'failed' ? one : outcome.view, two)),
    );
  }

  return {
    read(done) {
      const seen: [Outcome | undefined, Outcome | undefined] = [undefined, undefined];
      const take = (index: 0 | 1) => (outcome: Outcome) => {
        seen[index] = outcome;
        const [one, two] = seen;
        if (one === undefined || two === undefined) return;
        if (one.kind === 'failed') return done(one);
        done(two.kind === 'failed' ? two : both('ok', one.view, two.view));
      };
      first.read(take(0));
      second.read(take(1));
    },
    write(expect, record, done) {
      const [expectFirst, expectSecond, beside] = partsOf(expect);
      const [lifeOfFirst = '', lifeOfSecond = ''] = partsOf(record.incarnation);
      const leading: LeaderRecord = { ...record, incarnation: lifeOfFirst, beside };
      first.write(expectFirst, leading, (one) => {
        if (one.kind === 'failed') return done(one);
        const isRelease = record.state === 'released';
        if (one.kind === 'conflict' && !isRelease)
          return second.read((two) =>
            done(two.kind === 'failed' ? two : both('conflict', one.view, two.view)),
          );
        // Who has taken the first after us has nothing to do with the second.
        second.write(expectSecond, { ...record, incarnation: lifeOfSecond }, (two) => {
          if (two.kind === 'failed') return done(two);
          const isBid = record.write === 1 && !isRelease;
          if (two.kind === 'conflict' && isBid && termOf(two.view) !== record.term)
            return giveBack(leading, one.view, two.view, done);
          done(both(one.kind === 'ok' ? two.kind : 'conflict', one.view, two.view));
        });
      });
    },
  };
}

/** What two views come to for one who needs both records. */
export function combine(first: View, second: View): View {
  const incarnation = JSON.stringify([first.incarnation, second.incarnation]);
  return {
    found: foundIn(first, second, incarnation),
    version: JSON.stringify([first.version ?? null, second.version ?? null, markOf(second)]),
    incarnation,
    epochFloor: Math.max(first.epochFloor, second.epochFloor),
  };
}

function foundIn(first: View, second: View, incarnation: string): View['found'] {
  const kinds = [first, second].map(({ found }) => found);
  const newer = kinds.find(({ kind }) => kind === 'newer');
  if (newer !== undefined) return newer;
  const unreadable = kinds.find(({ kind }) => kind === 'unreadable');
  const [one, two] = [vouched(first, incarnation), vouched(second, incarnation)];
  if (one === undefined || two === undefined) {
    const record = one ?? two;
    const missing = kinds.find(({ kind }) => kind === 'none');
    if (record === undefined) return unreadable ?? missing ?? { kind: 'unused' };
    const settles = (unreadable ?? missing) !== undefined;
    // Of the term of one record alone nobody holds both. What cannot be read is left alone for as long as a record is.
    const alone = { ...record, term: `${record.term}+` };
    return { kind: 'record', record: unreadable ? { ...alone, incarnation: '' } : alone, settles };
  }
  const shared = {
    // What stands in both.
    write: Math.min(one.write, two.write),
    epoch: Math.max(one.epoch, two.epoch),
    lease: Math.max(one.lease, two.lease),
    clean: one.clean && two.clean,
    incarnation: one.incarnation === two.incarnation ? one.incarnation : '',
  };
  const isFirstLater = isLater(one, two, markOf(second));
  const [older, later] = isFirstLater ? [two, one] : [one, two];
  const holder = later.state === 'released' && older.state === 'held' ? older : later;
  if (one.term === two.term) return { kind: 'record', record: { ...holder, ...shared } };
  const { board, successor } = later;
  const term = `${one.term}+${two.term}`;
  // Of two that hold one each, one that is past says nothing of the other.
  const past = one.state === 'held' && two.state === 'held' ? { boot: '', instance: '' } : {};
  return { kind: 'record', record: { ...holder, ...shared, ...past, board, successor, term } };
}

/** The record, which names the lives of both engines where it is of this life of its own. */
function vouched({ found, incarnation }: View, both: string): LeaderRecord | undefined {
  if (found.kind !== 'record') return undefined;
  const { record } = found;
  return { ...record, incarnation: record.incarnation === incarnation ? both : '' };
}

function termOf({ found }: View): string | undefined {
  return found.kind === 'record' ? found.record.term : undefined;
}

/** Whether the first record was written after the second; `mark`: of the second. */
function isLater(one: LeaderRecord, two: LeaderRecord, mark: string): boolean {
  if (one.term === two.term) return one.write >= two.write;
  // The second has changed, or has not, since the writer of the first looked at it.
  if (one.beside !== undefined) return one.beside === mark;
  // It may be one from long ago that has come back.
  return one.incarnation !== '' || one.epoch >= two.epoch;
}

/** Tells this write from all others. */
function markOf({ found }: View): string {
  return found.kind === 'record' ? `${found.record.term} ${found.record.write}` : found.kind;
}

function partsOf(text: string | undefined): readonly (string | undefined)[] {
  return text === undefined
    ? []
    : (JSON.parse(text) as readonly (string | null)[]).map((part) => part ?? undefined);
}
