// Who watches a story: it knows real time and everybody's work, and says which law was broken first, and when.
// Laws: work of two replicas never executes at once; each new term has a higher epoch; what was confirmed to stand on the
// board stands in every later record, unless the engine lost it; a term that may have refused a start never goes on.
import type { LeaderRecord } from '../../src/core/leader/record.ts';
import { second } from '../../src/core/leader/timing.ts';
import type { Schedule } from './schedule.ts';

export interface Referee {
  /** Work is able to execute from now on. */
  began(work: object, term: string, epoch: number): void;
  ceased(work: object): void;
  /** A write was carried out. */
  wrote(record: LeaderRecord): void;
  /** A replica was told that its entry stands. Later entries of a key have higher values. */
  confirmed(key: string, value: number): void;
  /** The engine has lost writes, or the record. */
  forgets(): void;
  breakLaw(law: string): void;
  isLed(): boolean;
  /** Since when nobody leads; undefined: somebody does. */
  leaderlessSince(): number | undefined;
  latestTerm(): string;
  tenures(): number;
  broken(): string | undefined;
}

/**
 * `onGap`: for each stretch of time without running work, once it is over. `bound`: whose board has to be whole; of two engines,
 * under whose record somebody leads, as long as neither has lost anything. `standing`: what the engines hold.
 */
export function createReferee(
  schedule: Schedule,
  note: (who: string, what: string) => void,
  onGap: (from: number) => void = () => undefined,
  bound: 'whoever writes' | 'whoever leads' = 'whoever writes',
  standing: () => readonly LeaderRecord[] = () => [],
): Referee {
  const running = new Map<object, string>();
  /** The highest entry of each key: what was written since the engine last lost something, and what of it was confirmed. */
  const written = new Map<string, number>();
  const board = new Map<string, number>();
  let hasForgotten = false;
  /** The last of each term. */
  const records = new Map<string, LeaderRecord>();
  let highestEntry = 0;
  let highestEpoch = 0;
  let latestTerm = '';
  let tenures = 0;
  let broken: string | undefined;
  let leaderlessSince: number | undefined = 0;

  function breakLaw(law: string): void {
    note('referee', law);
    broken ??= `${law}, at ${(schedule.now() / second).toFixed(6)} s`;
  }

  function isWhole(record: LeaderRecord): boolean {
    return [...board].every(([key, value]) => Number(record.board[key] ?? 0) >= value);
  }

  function checkBoard(record: LeaderRecord): void {
    if (hasForgotten && bound === 'whoever leads') return;
    for (const [key, value] of board)
      if (Number(record.board[key] ?? 0) < value)
        breakLaw(`${record.term} write ${record.write} has lost entry ${value} of ${key}`);
  }

  return {
    breakLaw,
    began(work, term, epoch) {
      note('referee', `${term} runs`);
      if (running.size > 0) breakLaw(`${term} runs while ${[...running.values()].join(', ')} runs`);
      running.set(work, term);
      if (leaderlessSince !== undefined) onGap(leaderlessSince);
      leaderlessSince = undefined;
      if (term === latestTerm) return;
      if (epoch <= highestEpoch) breakLaw(`${term} has epoch ${epoch} after epoch ${highestEpoch}`);
      tenures += 1;
      latestTerm = term;
      const record = records.get(term);
      if (record !== undefined && bound === 'whoever leads') checkBoard(record);
      highestEpoch = Math.max(highestEpoch, epoch);
    },
    ceased(work) {
      if (!running.has(work)) return;
      note('referee', `${running.get(work)} has ended`);
      running.delete(work);
      if (running.size === 0) leaderlessSince = schedule.now();
    },
    wrote(record) {
      records.set(record.term, record);
      // A late write of a term that has ended changes one of two records: then the other has to be whole.
      const isElsewhere = running.size === 0 && bound === 'whoever leads' && standing().some(isWhole);
      if ((bound === 'whoever writes' || record.term === latestTerm) && !isElsewhere) checkBoard(record);
      for (const [key, entry] of Object.entries(record.board)) {
        const value = Number(entry);
        highestEntry = Math.max(highestEntry, value);
        written.set(key, Math.max(written.get(key) ?? 0, value));
      }
    },
    confirmed(key, value) {
      note('referee', `entry ${value} of ${key} stands`);
      if (value > highestEntry) breakLaw(`entry ${value} of ${key} was confirmed and never written`);
      // A confirmation may have been on its way while the engine lost the entry.
      if ((written.get(key) ?? 0) < value) return;
      board.set(key, Math.max(board.get(key) ?? 0, value));
    },
    forgets() {
      hasForgotten = true;
      written.clear();
      board.clear();
    },
    isLed: () => running.size > 0,
    leaderlessSince: () => leaderlessSince,
    latestTerm: () => latestTerm,
    tenures: () => tenures,
    broken: () => broken,
  };
}
