// One seed is one story: a nemesis torments a world, then lets it be, and the referee watches to the end.
// Laws, besides the referee's own: once the faults are over exactly one leads within L(1+ρ) + 1 s, and goes on leading.
import { second, waitOut } from '../../src/core/leader/timing.ts';
import { changesHistory, faults } from './nemesis.ts';
import type { Rules } from './rules.ts';
import { createRandom } from './schedule.ts';
import type { Random } from './schedule.ts';
import { createWorld, holder } from './world.ts';
import type { World } from './world.ts';

export interface Story {
  readonly seed: number;
  /** How many faults there were, by kind. */
  readonly faults: ReadonlyMap<string, number>;
  /** How often work was started in a new term. */
  readonly tenures: number;
  /** The law that was broken first, and when. */
  readonly broken: string | undefined;
  readonly trace: readonly string[];
}

const turnsPerStory = 200;
/** After so many the nemesis turns to other kinds. */
const turnsPerMenu = 25;
/** What is on its way arrives within this, or counts as lost. */
const messagesArrive = 10 * second;

export interface Telling {
  readonly traceLength?: number;
  /** In these turns alone something goes wrong; in all, if undefined. */
  readonly only?: ReadonlySet<number> | undefined;
}

export function play(seed: number, rules: Rules, { traceLength = 0, only }: Telling = {}): Story {
  const world = createWorld(seed, rules, { traceLength });
  const { schedule, referee, replicas, scene, longest, pace } = world;
  const counts = new Map<string, number>();
  const isBroken = (): boolean => referee.broken() !== undefined;
  const isBrokenOrLed = (): boolean => referee.broken() !== undefined || referee.isLed();
  let menu: readonly string[] = [];
  for (let turn = 0; turn < turnsPerStory && !isBroken(); turn += 1) {
    // A turn's chance is its own, so that the others stay much the same where it is left out.
    const random = createRandom(seed + (turn + 1) * 2 ** 32);
    if (turn % turnsPerMenu === 0) menu = chooseFaults(random, scene.timings.length > 1);
    // Half of the faults wait for somebody to lead, so that they find something to spoil.
    if (random.chance(0.5)) schedule.runUntil(schedule.now() + 2 * longest, isBrokenOrLed);
    schedule.runUntil(schedule.now() + pause(random, pace), isBroken);
    if (isBroken()) break;
    if (random.chance(0.3)) world.publish(random);
    const name = random.pick(menu);
    const victim = random.chance(0.7) ? holder(replicas, random) : random.pick(replicas);
    if (only?.has(turn) === false) continue;
    world.note('nemesis', `turn ${turn}: ${name}, ${victim.name}`);
    if (faults[name]?.({ ...scene, random }, victim) === undefined) continue;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  if (!isBroken()) recover(world);
  return { seed, faults: counts, tenures: referee.tenures(), broken: referee.broken(), trace: world.trace };
}

function recover(world: World): void {
  const { schedule, engine, referee, replicas, scene, longest } = world;
  const isBroken = (): boolean => referee.broken() !== undefined;
  world.note('nemesis', 'the faults are over');
  world.end();
  for (const replica of replicas) replica.heal();
  engine.isDown = false;
  engine.slow = undefined;
  engine.isCalm = true;
  schedule.runUntil(schedule.now() + messagesArrive, isBroken);
  for (const replica of replicas) {
    replica.heal();
    const role = replica.state()?.role;
    const isEnding =
      role === undefined ||
      role.kind === 'off' ||
      role.kind === 'demoting' ||
      ('wish' in role && role.wish.next.kind === 'end');
    if (isEnding) replica.crash();
    if (isEnding) replica.boot('same');
    for (const kind of ['resume', 'reconfigured', 'hint'] as const)
      replica.feed(kind === 'resume' ? { kind, waiter: 'somebody' } : { kind });
  }
  // What cannot be read is left alone for as long as a record is, before it is written over and settled; so is one of two records.
  const { found } = engine.view();
  const waits = found.kind === 'unreadable' || (found.kind === 'record' && found.settles === true) ? 2 : 1;
  // Who settles by one of two records has let others first.
  const lets = found.kind === 'record' && found.settles === true ? 2 * second : 0;
  const longestWait = Math.max(...scene.timings.map((timing) => waitOut(timing, longest)));
  const bound = waits * (longestWait + second) + lets;
  schedule.runUntil(schedule.now() + bound, isBroken);
  if (isBroken()) return;
  if (!referee.isLed()) return referee.breakLaw('nobody leads although the faults are over');
  const term = referee.latestTerm();
  schedule.runUntil(schedule.now() + 2 * longest, isBroken);
  if (!referee.isLed() || referee.latestTerm() !== term)
    referee.breakLaw(`${term} does not go on although nothing is wrong`);
}

/**
 * A few kinds at a time, so that each pair of kinds meets often. While leases of different lengths are about, the record is
 * not lost: nobody could know how long the lease of a lost record was.
 */
function chooseFaults(random: Random, isMixed: boolean): readonly string[] {
  const all = Object.keys(faults).filter((name) =>
    isMixed ? !changesHistory.has(name) : name !== 'plan changes',
  );
  return Array.from({ length: random.between(2, 9) }, () => random.pick(all));
}

function pause(random: Random, pace: number): number {
  const longest = random.pick([0.1, 0.5, 2, 8]);
  return Math.floor(random.next() * longest * pace * second);
}

/** The fewest turns with which the story still breaks a law, as far as leaving out turns one by one finds them. */
export function shortest(seed: number, rules: Rules): ReadonlySet<number> {
  let kept = Array.from({ length: turnsPerStory }, (_, turn) => turn);
  const breaks = (turns: readonly number[]): boolean =>
    play(seed, rules, { only: new Set(turns) }).broken !== undefined;
  for (let size = turnsPerStory / 2; size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < kept.length;) {
      const fewer = kept.toSpliced(from, size);
      if (breaks(fewer)) kept = fewer;
      else from += size;
    }
  }
  return new Set(kept);
}
