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

const sameRecord =
  'cannot elect a leader with "moved-from": both addresses lead to one and the same record; leave "moved-from" out';

/** `first` is the record that is being left: those who go by it alone are met there before anything else is written. */
export function createTwin(first: Register, second: Register): Register {
  function both(kind: 'ok' | 'conflict', one: View, two: View): Outcome {
    return { kind, view: combine(one, two) };
  }

  /** Only the first was free: it is given back, since nothing has run under it. `next` gets what stands there now. */
  function giveBack(record: LeaderRecord, one: View, next: (one: View) => void): void {
    const released: LeaderRecord = { ...record, state: 'released', write: record.write + 1 };
    first.write(one.version, released, (outcome) => next(outcome.kind === 'failed' ? one : outcome.view));
  }

  /** The second, after the first: what is seen of it is never older than what the writer of the first saw. */
  function readSecond(kind: 'ok' | 'conflict', one: View, done: (outcome: Outcome) => void): void {
    second.read((two) => done(two.kind === 'failed' ? two : both(kind, one, two.view)));
  }

  return {
    read(done) {
      first.read((one) => (one.kind === 'failed' ? done(one) : readSecond('ok', one.view, done)));
    },
    write(expect, record, done) {
      const [expectFirst, expectSecond, beside] = partsOf(expect);
      const [lifeOfFirst = '', lifeOfSecond = ''] = partsOf(record.incarnation);
      const leading: LeaderRecord = { ...record, incarnation: lifeOfFirst, beside };
      const trailing: LeaderRecord = { ...record, incarnation: lifeOfSecond, beside: nameOf(record) };
      first.write(expectFirst, leading, (one) => {
        if (one.kind === 'failed') return done(one);
        const isRelease = record.state === 'released';
        if (one.kind === 'conflict' && !isRelease) return readSecond('conflict', one.view, done);
        // Who has taken the first after us has nothing to do with the second.
        second.write(expectSecond, trailing, (two) => {
          const isBid = record.write === 1 && !isRelease && one.kind === 'ok';
          if (two.kind === 'failed') {
            // Refused is not lost: nothing stands there.
            if (isBid && two.error !== 'transient') return giveBack(leading, one.view, () => done(two));
            return done(two);
          }
          if (isBid && isOneRecord(leading, two.view))
            return giveBack(leading, one.view, () =>
              done({ kind: 'failed', error: 'unsafe', message: sameRecord }),
            );
          const isTaken = two.kind === 'conflict' && termOf(two.view) !== record.term;
          if (isBid && isTaken)
            return giveBack(leading, one.view, (now) => done(both('conflict', now, two.view)));
          done(both(one.kind === 'ok' ? two.kind : 'conflict', one.view, two.view));
        });
      });
    },
  };
}

/** The second shows this very write, as it was written to the first: no other looks like that. */
function isOneRecord(written: LeaderRecord, { found }: View): boolean {
  if (found.kind !== 'record') return false;
  const { record } = found;
  return nameOf(record) === nameOf(written) && record.beside === written.beside;
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
  const isFirstLater = isLater(one, two, markOf(first), markOf(second));
  const [older, later] = isFirstLater ? [two, one] : [one, two];
  const holder = later.state === 'released' && older.state === 'held' ? older : later;
  const { board, successor } = later;
  const found = { ...holder, ...shared, board, successor };
  if (one.term === two.term) return { kind: 'record', record: found };
  const term = `${one.term}+${two.term}`;
  // Of two that hold one each, one that is past says nothing of the other.
  const past = one.state === 'held' && two.state === 'held' ? { boot: '', instance: '' } : {};
  return { kind: 'record', record: { ...found, ...past, term } };
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

/** Whether the first record was written after the second; by their marks. */
function isLater(one: LeaderRecord, two: LeaderRecord, markOfOne: string, markOfTwo: string): boolean {
  if (one.term === two.term) return one.write >= two.write;
  // Whoever wrote the second had written the first, where somebody has come since.
  if (isTrailing(two)) return true;
  // The second has changed, or has not, since the writer of the first looked at it.
  if (one.beside !== undefined && !isTrailing(one)) return one.beside === markOfTwo;
  // The same the other way round, of a bid that did not get the first: later ones knew of more than that look.
  if (two.beside?.startsWith(`${two.term} `) === false) return two.beside !== markOfOne;
  // It may be one from long ago that has come back.
  return one.incarnation !== '' || one.epoch >= two.epoch;
}

/** It was written as the second of two. */
function isTrailing(record: LeaderRecord): boolean {
  return record.beside === nameOf(record);
}

function markOf({ found }: View): string {
  return found.kind === 'record' ? nameOf(found.record) : found.kind;
}

/** Tells this write from all others. */
function nameOf({ term, write }: LeaderRecord): string {
  return `${term} ${write}`;
}

function partsOf(text: string | undefined): readonly (string | undefined)[] {
  return text === undefined
    ? []
    : (JSON.parse(text) as readonly (string | null)[]).map((part) => part ?? undefined);
}
