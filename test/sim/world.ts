// Several replicas, one engine and a referee, as one seed has them: how many, with which timings, how far from the engine.
import { millisecond, profiles, second } from '../../src/core/leader/timing.ts';
import type { Timing } from '../../src/core/leader/timing.ts';
import { createEngine } from './engine.ts';
import { createMovingEngine } from './moving-engine.ts';
import type { Engine } from './engine.ts';
import type { Scene } from './nemesis.ts';
import { createReferee } from './referee.ts';
import type { Referee } from './referee.ts';
import { createReplica } from './replica.ts';
import type { Replica } from './replica.ts';
import type { Rules } from './rules.ts';
import { createClock, createRandom, createSchedule } from './schedule.ts';
import type { Random, Schedule } from './schedule.ts';

export interface World {
  readonly schedule: Schedule;
  readonly engine: Engine;
  readonly referee: Referee;
  readonly replicas: readonly Replica[];
  readonly scene: Omit<Scene, 'random'>;
  /** The longest lease that anybody may write. */
  readonly longest: number;
  /** How the leases compare with the default's. */
  readonly pace: number;
  /** The last lines of what happened, if that was asked for. */
  readonly trace: readonly string[];
  note(who: string, what: string): void;
  /** The faults are over. */
  end(): void;
  /** An entry for the board, asked of whoever holds the record. */
  publish(random: Random): void;
}

interface Options {
  readonly traceLength?: number;
  /** The default profile for all, all near the engine, and a watch that shows what is written. */
  readonly isPlain?: boolean;
  readonly onGap?: (from: number) => void;
}

export function createWorld(seed: number, rules: Rules, options: Options = {}): World {
  const { traceLength = 0, isPlain = false } = options;
  const random = createRandom(seed);
  const schedule = createSchedule();
  const trace: string[] = [];
  const referee = createReferee(
    schedule,
    note,
    options.onGap,
    rules.way === undefined ? 'whoever writes' : 'whoever leads',
    () =>
      engines
        .flatMap((one) => one.view().found)
        .flatMap((found) => (found.kind === 'record' ? found.record : [])),
  );
  const engines: Engine[] = [];
  const newEngine = (name = ''): Engine => {
    const made = createEngine(schedule, random, referee, name);
    engines.push(made);
    return made;
  };
  const engine: Engine =
    rules.way === undefined ? newEngine() : createMovingEngine(rules.way, random, newEngine);

  const timings: readonly [Timing, ...Timing[]] = isPlain ? [profiles.default] : chooseTimings(random);
  const ends = {
    kill: Math.min(...timings.map(({ kill }) => kill)),
    lostKillDelay: Math.min(...timings.map(({ lostKillDelay }) => lostKillDelay)),
  };
  const longest = Math.max(...timings.map(({ lease }) => lease));
  const pace = longest / profiles.default.lease;
  const isInit = random.chance(0.7);
  const hasWatch = isPlain || random.chance(0.5);
  const near = 3 * millisecond;
  const replicas = Array.from({ length: random.between(2, 5) }, (_, index) =>
    createReplica({
      name: `r${index + 1}`,
      rules,
      schedule,
      random,
      engine,
      referee,
      ends,
      isInit,
      hasWatch,
      timing: random.pick(timings),
      // Near, or so far that some answers come just in time.
      distance: isPlain || random.chance(0.7) ? near : timings[0].timeout / 2,
      poll: (hasWatch ? 30 : 3) * pace * second,
      newClock: () => createClock(schedule, random.between(0, 1000 * second), rate(random, rules.drift)),
      trace: traceLength > 0 ? note : undefined,
    }),
  );
  let entries = 0;
  let isOver = false;
  return {
    schedule,
    engine,
    referee,
    replicas,
    scene: { schedule, engine, replicas, isInit, timings, isOver: () => isOver },
    longest,
    pace,
    trace,
    note,
    end: () => void (isOver = true),
    publish,
  };

  function note(who: string, what: string): void {
    if (traceLength === 0 || referee.broken() !== undefined) return;
    trace.push(`${(schedule.now() / second).toFixed(6)} ${who} ${what}`);
    if (trace.length > traceLength) trace.shift();
  }

  function publish(chance: Random): void {
    entries += 1;
    const key = chance.pick(['a', 'b', 'c']);
    const value = String(entries);
    holder(replicas, chance).feed({ kind: 'publish', key, value, waiter: `${key}=${value}` });
  }
}

/** Whoever holds the record, or thinks so, if anybody does. */
export function holder(replicas: readonly Replica[], random: Random): Replica {
  const holders = replicas.filter((replica) => {
    const role = replica.state()?.role;
    return role !== undefined && 'tenure' in role;
  });
  return random.pick(holders.length > 0 ? holders : replicas);
}

/** Mostly one for all; sometimes the plan is just being changed. */
function chooseTimings(random: Random): readonly [Timing, ...Timing[]] {
  const { fast, default: usual, tolerant } = profiles;
  return random.pick<readonly [Timing, ...Timing[]]>([
    [usual],
    [usual],
    [usual],
    [fast],
    [fast],
    [tolerant],
    [usual, fast],
    [usual, tolerant],
  ]);
}

/** The extremes are where it hurts. */
function rate(random: Random, drift: number): number {
  const off = random.chance(0.6) ? random.pick([-1, 1]) : random.next() * 2 - 1;
  return 1 + off * drift * 0.999;
}
