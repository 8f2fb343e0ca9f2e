// The nemesis: all kinds of faults, and how one of them, or a pair, is let loose on a world. Law: an orderly hand-over is
// never one of a pair, and no two have the engine in hand at once.
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

/** A kind that cannot be played here, and why. */
export interface LeftOut {
  readonly kind: string;
  readonly why: string;
}

export function leftOut(world: World, wanted: readonly string[] | undefined): readonly LeftOut[] {
  return faultKinds
    .filter(({ name }) => wanted === undefined || wanted.includes(name))
    .flatMap((kind) => {
      const why = kind.missing(world);
      return why === undefined ? [] : [{ kind: kind.name, why }];
    });
}

/** Those that can, in the order of `wanted`. */
export function possible(world: World, wanted: readonly string[] | undefined): readonly FaultKind[] {
  const all = faultKinds.filter((kind) => kind.missing(world) === undefined);
  return wanted === undefined ? all : wanted.flatMap((name) => all.filter((kind) => kind.name === name));
}

/** Lets it loose while `leader` leads; resolves when all of it is over. */
export async function strike(world: World, kind: FaultKind, leader: Replica, random: Random): Promise<Fault> {
  const parts = (kind === pair ? pickTwo(world, random) : [kind]).map((part) => ({
    kind: part,
    victim: random.chance(0.8) ? leader : random.pick(world.replicas),
    span: random.chance(0.3) ? random.between(100, 1500) : random.between(1500, 4000),
    delay: kind === pair ? random.between(0, 500) : 0,
  }));
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

function pickTwo(world: World, random: Random): readonly FaultKind[] {
  const all = possible(world, undefined).filter((kind) => kind !== pair && !kind.isOrderly);
  const first = random.pick(all);
  const others = all.filter((kind) => kind !== first && !(kind.isOfEngine && first.isOfEngine));
  return [first, random.pick(others)];
}
