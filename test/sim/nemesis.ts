// What goes wrong, one fault at a time.
import { millisecond, second } from '../../src/core/leader/timing.ts';
import type { Timing } from '../../src/core/leader/timing.ts';
import type { Engine } from './engine.ts';
import type { Replica } from './replica.ts';
import type { Random, Schedule } from './schedule.ts';

export interface Scene {
  readonly schedule: Schedule;
  /** This fault's own chance. */
  readonly random: Random;
  readonly engine: Engine;
  readonly replicas: readonly Replica[];
  readonly isInit: boolean;
  readonly timings: readonly Timing[];
  /** The nemesis has had its time: what it still had in mind does not happen. */
  isOver(): boolean;
}

/** When the fault itself is over, real time; undefined: there was nothing to spoil, and it counts for nothing. */
export type Fault = (scene: Scene, victim: Replica) => number | undefined;

export const faults: Readonly<Record<string, Fault>> = {
  'supervisor hangs': (scene, victim) => hang(scene, victim, false),
  'supervisor hangs before it acts': (scene, victim) => hang(scene, victim, true),
  'sandbox freezes': (scene, victim) => {
    if (victim.state() === undefined) return undefined;
    const length = span(scene, 0.2, 40);
    victim.freeze(length);
    return scene.schedule.now() + length;
  },
  'container crashes': (scene, victim) => crash(scene, victim, 'same'),
  'node is lost': (scene, victim) => crash(scene, victim, 'new'),
  'supervisor is killed': (scene, victim) => {
    // The death of PID 1 is that of everything.
    if (scene.isInit) return crash(scene, victim, 'same');
    if (!victim.killSupervisor()) return undefined;
    scene.schedule.after(span(scene, 0.02, 5), () => bootIfDown(victim, 'same'));
    return scene.schedule.now();
  },
  'guard is killed': ({ schedule }, victim) => (victim.work().killGuard() ? schedule.now() : undefined),
  'work crashes': ({ schedule }, victim) => (victim.work().crashChild() ? schedule.now() : undefined),
  'work does not go': ({ schedule }, victim) => (victim.work().stick() ? schedule.now() : undefined),
  'replica is cut off': (scene, { line }) =>
    passing(
      scene,
      [0.5, 40],
      () => Object.assign(line, { requestsLost: true, repliesLost: true }),
      () => Object.assign(line, { requestsLost: false, repliesLost: false }),
    ),
  'requests are lost': (scene, { line }) =>
    passing(
      scene,
      [0.5, 40],
      () => (line.requestsLost = true),
      () => (line.requestsLost = false),
    ),
  'replies are lost': (scene, { line }) =>
    passing(
      scene,
      [0.5, 40],
      () => (line.repliesLost = true),
      () => (line.repliesLost = false),
    ),
  'right to write is revoked': (scene, { line }) =>
    passing(
      scene,
      [1, 20],
      () => (line.mayWrite = false),
      () => (line.mayWrite = true),
    ),
  'engine is down': (scene) =>
    passing(
      scene,
      [0.5, 40],
      () => (scene.engine.isDown = true),
      () => (scene.engine.isDown = false),
    ),
  'engine is slow': (scene) =>
    passing(
      scene,
      [1, 15],
      () => (scene.engine.slow = scene.random.pick(['requests', 'replies', 'both'] as const)),
      () => (scene.engine.slow = undefined),
    ),
  'record is deleted': ({ engine, schedule }) => (engine.remove() ? schedule.now() : undefined),
  'record is damaged': ({ engine, schedule }) => (engine.damage() ? schedule.now() : undefined),
  'engine fails over': ({ engine, schedule }) => {
    engine.failOver(0);
    return schedule.now();
  },
  'engine goes back in time': ({ engine, random, schedule }) => {
    engine.failOver(random.between(1, 12));
    return schedule.now();
  },
  'step down': ({ random, schedule }, victim) => {
    const length = random.chance(0.5) ? 0 : 5 * second;
    return asked(schedule, victim, () =>
      victim.feed({ kind: 'step-down', span: length, waiter: 'somebody' }),
    );
  },
  transfer: ({ random, replicas, schedule }, victim) => {
    const to = random.pick(replicas).name;
    return asked(schedule, victim, () => victim.feed({ kind: 'transfer', to, waiter: 'somebody' }));
  },
  pause: (scene, victim) => {
    const { schedule } = scene;
    return asked(schedule, victim, () => {
      victim.feed({ kind: 'pause', span: undefined, waiter: 'somebody' });
      schedule.after(span(scene, 1, 30), () => victim.feed({ kind: 'resume', waiter: 'somebody' }));
    });
  },
  'orderly restart': (scene, victim) => asked(scene.schedule, victim, () => restart(scene, victim)),
  deploy: (scene) => {
    for (const [index, replica] of scene.replicas.entries())
      scene.schedule.after(index * span(scene, 0, 5), () => restart(scene, replica));
    return scene.schedule.now() + (5 * scene.replicas.length + 40) * second;
  },
  'plan changes': ({ random, schedule, timings }, victim) => {
    const timing = random.pick(timings);
    return victim.replan(timing) ? schedule.now() : undefined;
  },
  'clock jumps': ({ schedule }, victim) => asked(schedule, victim, () => victim.feed({ kind: 'clock-jump' })),
  'watch breaks': ({ schedule }, victim) => asked(schedule, victim, () => victim.feed({ kind: 'hint' })),
};

/** After these, what stands in the record is not what was written last. */
export const changesHistory: ReadonlySet<string> = new Set([
  'record is deleted',
  'record is damaged',
  'engine goes back in time',
]);

/** Between so many seconds; short ones are more frequent. */
function span({ random }: Pick<Scene, 'random'>, from: number, to: number): number {
  const share = random.next() ** 2;
  return Math.floor((from + share * (to - from)) * second);
}

function passing(
  scene: Scene,
  [from, to]: readonly [number, number],
  begin: () => void,
  end: () => void,
): number {
  const length = span(scene, from, to);
  begin();
  scene.schedule.after(length, end);
  return scene.schedule.now() + length;
}

/** Only of somebody who is there. */
function asked(schedule: Schedule, victim: Replica, action: () => void): number | undefined {
  if (victim.state() === undefined) return undefined;
  action();
  return schedule.now();
}

function hang(scene: Scene, victim: Replica, midStep: boolean): number | undefined {
  if (victim.state() === undefined) return undefined;
  const length = span(scene, 0.2, 40);
  victim.hang(length, midStep);
  return scene.schedule.now() + length;
}

function crash(scene: Scene, victim: Replica, sandbox: 'same' | 'new'): number | undefined {
  if (victim.state() === undefined) return undefined;
  const role = victim.state()?.role;
  victim.crash();
  scene.schedule.after(span(scene, 0.05, 20), () => bootIfDown(victim, sandbox));
  // Sometimes whoever runs the containers vouches for it that all of this one is gone.
  if (role !== undefined && 'tenure' in role && scene.random.chance(0.3)) {
    const { term } = role.tenure;
    for (const replica of scene.replicas)
      scene.schedule.after(span(scene, 0.1, 2), () => replica.feed({ kind: 'holder-gone', term }));
  }
  return scene.schedule.now();
}

function bootIfDown(victim: Replica, sandbox: 'same' | 'new'): void {
  if (victim.state() === undefined) victim.boot(sandbox);
}

/** What a container runtime does: SIGTERM, 30 s, SIGKILL; then the next one. */
function restart(scene: Scene, victim: Replica): void {
  if (victim.state() === undefined || scene.isOver()) return;
  const { schedule } = scene;
  const sandbox = scene.random.chance(0.5) ? 'same' : 'new';
  const pause = span(scene, 0.1, 10);
  const killAt = schedule.now() + 30 * second;
  const life = victim.life();
  victim.feed({ kind: 'shutdown', waiter: 'runtime' });
  const look = (): void => {
    if (victim.life() !== life) return;
    if (victim.state()?.role.kind !== 'off' && schedule.now() < killAt)
      return schedule.after(100 * millisecond, look);
    victim.crash();
    schedule.after(pause, () => bootIfDown(victim, sandbox));
  };
  look();
}
