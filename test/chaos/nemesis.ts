// The nemesis: all kinds of faults, and how one of them, or a pair, is let loose on a world. Laws: an orderly hand-over is never
// one of a pair, no two have the engine in hand at once, and no replica loses both of its watchers, djsup and guard: nothing
// is promised then. "ONE+OTHER" is a pair by name, on one victim, whatever these laws say.
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicNow } from '../../src/host/clock.ts';
import type { Random } from '../sim/schedule.ts';
import type { Fault } from './check.ts';
import { sudden } from './fault-kind.ts';
import type { FaultKind, Scene } from './fault-kind.ts';
import { engineFaultKinds } from './faults/engine.ts';
import { machineFaults } from './faults/machine.ts';
import { networkFaults } from './faults/network.ts';
import { processFaults } from './faults/processes.ts';
import type { Replica } from './replica.ts';

/** Two kinds at once, each with a victim and a length of its own. */
const pair: FaultKind = sudden('pair', () => Promise.resolve());

export const faultKinds: readonly FaultKind[] = [
  ...processFaults,
  ...networkFaults,
  ...engineFaultKinds,
  ...machineFaults,
  pair,
];

type World = Pick<Scene, 'engine' | 'replicas'>;

/** What keeps djsup, or the guard, from watching over the scheduler of its replica for a while. */
const blinding: Readonly<Record<'djsup' | 'guard', ReadonlySet<string>>> = {
  djsup: new Set(['stop djsup', 'freeze']),
  guard: new Set(['stop guard', 'kill guard']),
};

function named(name: string): readonly FaultKind[] {
  return name.split('+').flatMap((part) => faultKinds.find((kind) => kind.name === part) ?? []);
}

/** Names of no kind. */
export function unknownKinds(names: readonly string[]): readonly string[] {
  return names.filter((name) => named(name).length !== name.split('+').length);
}

/** A pair by its name, else the kind itself. */
function together(name: string, world: World): FaultKind | undefined {
  const parts = named(name);
  const why = parts.map((part) => part.missing(world)).find((reason) => reason !== undefined);
  if (parts.length === 1) return parts[0];
  return { ...sudden(name, () => Promise.resolve()), missing: () => why };
}

/** A kind that cannot be played here, and why. */
export interface LeftOut {
  readonly kind: string;
  readonly why: string;
}

export function leftOut(world: World, wanted: readonly string[] | undefined): readonly LeftOut[] {
  return asked(world, wanted).flatMap((kind) => {
    const why = kind.missing(world);
    return why === undefined ? [] : [{ kind: kind.name, why }];
  });
}

/** Those that can, in the order of `wanted`. */
export function possible(world: World, wanted: readonly string[] | undefined): readonly FaultKind[] {
  return asked(world, wanted).filter((kind) => kind.missing(world) === undefined);
}

function asked(world: World, wanted: readonly string[] | undefined): readonly FaultKind[] {
  return wanted?.flatMap((name) => together(name, world) ?? []) ?? faultKinds;
}

/** Lets it loose while `leader` leads; resolves when all of it is over. */
export async function strike(world: World, kind: FaultKind, leader: Replica, random: Random): Promise<Fault> {
  const parts = (kind === pair ? pickTwo(world, random) : named(kind.name)).map((part, _index, all) => ({
    kind: part,
    victim: (all.length > 1 && kind !== pair) || random.chance(0.8) ? leader : random.pick(world.replicas),
    span: random.chance(0.3) ? random.between(100, 1500) : random.between(1500, 4000),
    delay: all.length > 1 ? random.between(0, 500) : 0,
  }));
  const [one, other] = parts;
  if (kind === pair && one !== undefined && other !== undefined && isBlind(one.kind, other.kind))
    // Whom the one befalls, the other does not.
    other.victim = random.pick(world.replicas.filter((replica) => replica !== one.victim));
  const at = monotonicNow() / 1000;
  const ends = await Promise.allSettled(
    parts.map(async ({ kind: { inflict }, victim, span, delay }) => {
      await sleep(delay);
      await inflict({ ...world, victim, span });
    }),
  );
  const until = monotonicNow() / 1000;
  const words = parts.map(({ kind: { name, isGeneral }, victim }) =>
    isGeneral ? name : `${name} ${victim.name}`,
  );
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined)
    throw new Error(`${words.join(', ')}: ${String(failed.reason)}`, { cause: failed.reason });
  const [only] = parts;
  return {
    kind: kind.name,
    replica: parts.length > 1 || only === undefined || only.kind.isGeneral ? undefined : only.victim.name,
    parts: words,
    at,
    until,
    hitLeader: parts.some((part) => part.kind.isGeneral || part.victim === leader),
  };
}

/** Together they would leave a replica without a watcher. */
function isBlind(one: FaultKind, other: FaultKind): boolean {
  const { djsup, guard } = blinding;
  return (djsup.has(one.name) && guard.has(other.name)) || (guard.has(one.name) && djsup.has(other.name));
}

function pickTwo(world: World, random: Random): readonly FaultKind[] {
  const all = possible(world, undefined).filter((kind) => kind !== pair && !kind.isOrderly);
  const first = random.pick(all);
  const others = all.filter((kind) => kind !== first && !(kind.isOfEngine && first.isOfEngine));
  return [first, random.pick(others)];
}
