// One fault at a time in a world that is otherwise well: how long nobody leads for it.
// Law: never longer than the kind of fault allows, counted from the end of the work or of the fault, whichever is later.
import { profiles, second, waitOut } from '../../src/core/leader/timing.ts';
import { faults } from './nemesis.ts';
import type { Rules } from './rules.ts';
import { createRandom } from './schedule.ts';
import { createWorld, holder } from './world.ts';

export interface Gap {
  readonly fault: string;
  readonly seed: number;
  /** Real time without running work, ns. */
  readonly length: number;
  /** By how much it was too long, ns; 0: it was not. */
  readonly excess: number;
}

export interface Hush {
  readonly trace: readonly string[];
  readonly seed: number;
  readonly faults: number;
  readonly gaps: readonly Gap[];
  readonly broken: string | undefined;
}

const full = waitOut(profiles.default, profiles.default.lease) + second;

/** Longer than these nobody is without a leader; for all other kinds it is L(1+ρ) + 1 s. */
const bounds: Readonly<Record<string, number>> = {
  'step down': 0.1 * second,
  pause: 0.1 * second,
  'orderly restart': 0.1 * second,
  // To one that is not there, or to itself.
  transfer: 1.1 * second,
  'work crashes': 2.1 * second,
  'engine fails over': 0,
  'watch breaks': 0,
  'clock jumps': 0,
  // The supervisor gives up on it after 5 s, and lets the record age.
  'work does not go': 5 * second + full,
  // It is left alone as long as a record is, and then settled.
  'record is damaged': 2 * full,
};

const faultsPerHush = 20;

export function playHush(seed: number, rules: Rules, traceLength = 0): Hush {
  const gaps: Gap[] = [];
  let fault: { name: string; over: number } | undefined;
  let count = 0;
  const world = createWorld(seed, rules, { traceLength, isPlain: true, onGap: (from) => note(from) });
  const { schedule, engine, referee, replicas, scene } = world;
  engine.isCalm = true;
  const names = Object.keys(faults).filter((name) => name !== 'plan changes');
  const isBroken = (): boolean => referee.broken() !== undefined;
  schedule.runUntil(60 * second, isBroken);
  for (let turn = 0; turn < faultsPerHush && !isBroken(); turn += 1) {
    const random = createRandom(seed + (turn + 1) * 2 ** 32);
    schedule.runUntil(schedule.now() + random.between(0, 5 * second), isBroken);
    const name = random.pick(names);
    const term = referee.latestTerm();
    if (!referee.isLed()) referee.breakLaw(`nobody leads before the next fault, "${name}"`);
    fault = { name, over: schedule.now() };
    world.note('nemesis', name);
    const victim = holder(replicas, random);
    const over = faults[name]?.({ ...scene, random }, victim);
    if (name === 'work does not go') victim.feed({ kind: 'step-down', span: 0, waiter: 'somebody' });
    if (over === undefined) continue;
    count += 1;
    fault = { name, over };
    schedule.runUntil(over + 120 * second, isBroken);
    if (bounds[name] === 0 && referee.latestTerm() !== term) referee.breakLaw(`"${name}" moves the work`);
    fault = undefined;
    schedule.runUntil(schedule.now() + 30 * second, isBroken);
  }
  return { seed, faults: count, gaps, broken: referee.broken(), trace: world.trace };

  function note(from: number): void {
    const now = schedule.now();
    if (from === 0) return;
    if (fault === undefined) return referee.breakLaw('nobody led for a while although nothing was wrong');
    const excess = Math.max(0, now - Math.max(from, fault.over) - (bounds[fault.name] ?? full));
    gaps.push({ fault: fault.name, seed, length: now - from, excess });
    if (excess > 0)
      referee.breakLaw(`nobody led for ${((now - from) / second).toFixed(3)} s after "${fault.name}"`);
  }
}
