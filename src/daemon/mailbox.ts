// One turn at a time, one alarm. Law: an exception in a turn is a bug that is logged with the turn's name; the loop goes on.
import type { Clock, Log } from '../ports.ts';

/** Something with machines in it that want to be woken at a time. */
export interface Keeper {
  /** The earliest instant at which `tick` has something to do, monotonic ms. */
  deadline(): number | undefined;
  tick(): void;
}

export interface Mailbox {
  /** Runs `turn` after the turn that runs now, or at once when none does. */
  post(name: string, turn: () => void): void;
  /** Runs `turn` now and all that it posted, and returns what it returned. Never from within a turn. */
  call<T>(name: string, turn: () => T): T;
  /** No alarm rings any more. */
  close(): void;
}

export function createMailbox(clock: Clock, log: Log, keepers: () => readonly Keeper[]): Mailbox {
  const queue: { name: string; turn: () => void }[] = [];
  let busy = false;
  let closed = false;
  let cancelAlarm: (() => void) | undefined;
  let alarmAt = Infinity;

  function run(name: string, turn: () => void): void {
    try {
      turn();
    } catch (error) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log.write('error', `bug in turn "${name}": ${what}`);
    }
  }

  function drain(): void {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) run(next.name, next.turn);
  }

  function settle(): void {
    drain();
    busy = false;
    arm();
  }

  function arm(): void {
    const instants = keepers().map((keeper) => keeper.deadline() ?? Infinity);
    const next = Math.min(Infinity, ...instants);
    if (next === alarmAt && cancelAlarm !== undefined) return;
    cancelAlarm?.();
    cancelAlarm = undefined;
    alarmAt = next;
    if (closed || next === Infinity) return;
    cancelAlarm = clock.alarm(next, () => {
      cancelAlarm = undefined;
      busy = true;
      for (const keeper of keepers()) run('tick', () => keeper.tick());
      settle();
    });
  }

  return {
    post(name, turn) {
      queue.push({ name, turn });
      if (busy) return;
      busy = true;
      settle();
    },
    call(name, turn) {
      if (busy) throw new Error(`call "${name}" from within a turn`);
      busy = true;
      try {
        return turn();
      } finally {
        settle();
      }
    },
    close() {
      closed = true;
      cancelAlarm?.();
    },
  };
}
