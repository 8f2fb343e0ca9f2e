// A replica's guard and the work under it: the guard starts nothing from its deadline on and kills everything at it; the
// work ends when it is asked, in its own time or not at all, and within X of a SIGKILL.
import { millisecond, second } from '../../src/core/leader/timing.ts';
import type { Timing } from '../../src/core/leader/timing.ts';
import type { Referee } from './referee.ts';
import type { Rules } from './rules.ts';
import type { Clock, Random, Schedule } from './schedule.ts';

export interface WorkEvents {
  drained(term: string): void;
  guardGone(term: string): void;
  undying(term: string): void;
}

export interface Work {
  start(term: string, epoch: number, killAt: number): void;
  feed(term: string, killAt: number): void;
  stop(term: string, how: 'graceful' | 'fast' | 'kill'): void;
  /** The supervisor has gone: its guard kills at once. */
  orphan(): void;
  /** Everything of the sandbox is gone this instant. */
  vanish(): void;
  /** These three tell whether there was anything to spoil. */
  crashChild(): boolean;
  killGuard(): boolean;
  /** The next SIGKILL is confirmed late: uninterruptible sleep. */
  stick(): boolean;
  unstick(): void;
  freeze(): void;
  thaw(): void;
}

interface Deps {
  readonly schedule: Schedule;
  readonly random: Random;
  readonly clock: Clock;
  readonly timing: Pick<Timing, 'kill' | 'lostKillDelay'>;
  readonly referee: Pick<Referee, 'began' | 'ceased'>;
  readonly events: WorkEvents;
  /** The door that is asked before each start: does the term still lead? */
  readonly mayRun: (term: string) => boolean;
  /** The supervisor does something, once it does not hang. */
  readonly whenAwake: (action: () => void) => void;
  readonly guard: Rules['guard'];
}

/** The service's own kill-delay. */
const killDelay = 5 * second;

export function createWork(deps: Deps): Work {
  const { schedule, random, clock, timing, guard, referee, events } = deps;
  const me = {};
  let term: string | undefined;
  let epoch = 0;
  let killAt = 0;
  let isAlive = false;
  let isWanted = false;
  let isStopping = false;
  let isFrozen = false;
  let isStuck = false;
  /** The guard has sent SIGKILL or is gone itself; that is told once the child has gone, of whatever. */
  let isGuardGone = false;
  /** Rises with each child and each term, so that what was meant for an earlier one misses. */
  let life = 0;
  let guardAlarm = Infinity;
  const onThaw: (() => void)[] = [];

  /** At that time, or when it can run again. */
  function later(delay: number, action: () => void): void {
    const mine = life;
    schedule.after(delay, () => {
      if (isFrozen) onThaw.push(() => mine === life && action());
      else if (mine === life) action();
    });
  }

  function fork(): void {
    // The guard refuses where its deadline has passed: the order may have been a long time on its way.
    if (!isWanted || isAlive) return;
    if (guard === 'whole' && clock.now() >= killAt) {
      isWanted = false;
      return events.guardGone(term ?? '');
    }
    life += 1;
    isAlive = true;
    referee.began(me, term ?? '', epoch);
    armGuard();
  }

  function armGuard(): void {
    if (guard === 'none' || guardAlarm <= killAt) return;
    guardAlarm = killAt;
    const mine = life;
    schedule.at(clock.realOf(killAt), () => {
      if (mine !== life || guardAlarm === Infinity) return;
      guardAlarm = Infinity;
      if (!isAlive || isFrozen) return;
      if (clock.now() < killAt) return armGuard();
      guardKills();
    });
  }

  function guardKills(): void {
    isWanted = false;
    isGuardGone = true;
    kill();
  }

  /** SIGKILL is sent. */
  function kill(): void {
    later(random.between(0, Math.floor(timing.kill * 0.95)), gone);
  }

  function gone(): void {
    if (!isAlive) return;
    life += 1;
    isAlive = false;
    guardAlarm = Infinity;
    referee.ceased(me);
    if (isStopping) drained();
    if (isGuardGone) events.guardGone(term ?? '');
    isGuardGone = false;
  }

  function drained(): void {
    const mine = term ?? '';
    const soon = random.between(millisecond, 5 * millisecond);
    if (!isStuck) return schedule.after(soon, () => events.drained(mine));
    isStuck = false;
    schedule.after(5 * second, () => events.undying(mine));
    schedule.after(random.between(5 * second, 60 * second), () => events.drained(mine));
  }

  return {
    start(forTerm, forEpoch, until) {
      term = forTerm;
      epoch = forEpoch;
      killAt = until;
      isWanted = true;
      isStopping = false;
      later(random.between(0.5 * millisecond, 3 * millisecond), fork);
    },
    feed(forTerm, until) {
      if (forTerm !== term) return;
      killAt = until;
      if (isAlive) armGuard();
    },
    stop(forTerm, how) {
      if (forTerm !== term) return;
      isWanted = false;
      isStopping = true;
      if (!isAlive) {
        life += 1;
        return drained();
      }
      if (how === 'kill') return kill();
      const isStubborn = random.chance(0.2);
      if (!isStubborn) later(random.between(0, how === 'fast' ? timing.lostKillDelay : killDelay), gone);
      if (how === 'graceful') later(killDelay, kill);
    },
    orphan() {
      isWanted = false;
      if (isAlive) later(random.between(0, 5 * millisecond), gone);
    },
    vanish() {
      isWanted = false;
      isStopping = false;
      gone();
      life += 1;
    },
    crashChild() {
      if (!isAlive || isFrozen) return false;
      const mine = term;
      gone();
      later(random.between(0.5 * second, 2 * second), () =>
        deps.whenAwake(() => {
          if (term === mine && mine !== undefined && deps.mayRun(mine)) fork();
        }),
      );
      return true;
    },
    killGuard() {
      if (!isAlive || isFrozen || guard === 'none') return false;
      isWanted = false;
      isGuardGone = true;
      gone();
      return true;
    },
    stick() {
      if (!isAlive || isStuck) return false;
      isStuck = true;
      return true;
    },
    unstick() {
      isStuck = false;
    },
    freeze() {
      if (isFrozen) return;
      isFrozen = true;
      if (isAlive) referee.ceased(me);
    },
    thaw() {
      if (!isFrozen) return;
      isFrozen = false;
      // The kernel's timer rang meanwhile: SIGKILL is pending before the first instruction (measured: 0.3 ms).
      const isDue = isAlive && guard !== 'none' && clock.now() >= killAt;
      if (isDue) {
        isWanted = false;
        isGuardGone = true;
        gone();
      } else if (isAlive) {
        referee.began(me, term ?? '', epoch);
        guardAlarm = Infinity;
        armGuard();
      }
      for (const action of onThaw.splice(0)) action();
    },
  };
}
