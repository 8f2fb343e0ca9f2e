// What can befall a world of replicas (facts: the kinds of leader elections' known failures), each as a stretch of time: it
// begins, lasts, and is put right again.
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/rig.ts';
import type { ChaosEngine } from './engines.ts';
import type { Replica } from './replica.ts';

export interface Scene {
  readonly engine: ChaosEngine;
  readonly replicas: readonly Replica[];
  /** Whom it befalls. */
  readonly victim: Replica;
  /** How long it lasts where it has a length, ms. */
  readonly span: number;
}

export interface FaultKind {
  readonly name: string;
  /** What the leader does by itself: "orderly" faults are hand-overs, and are measured as such. */
  readonly isOrderly: boolean;
  /** It befalls all replicas at once. */
  readonly isGeneral: boolean;
  /** Whether this world has what it takes. */
  readonly isPossible: (scene: Pick<Scene, 'engine' | 'replicas'>) => boolean;
  readonly inflict: (scene: Scene) => Promise<void>;
}

const always = (): boolean => true;
const hasNetwork = ({ engine }: Pick<Scene, 'engine'>): boolean => engine.port !== undefined;

function sudden(
  name: string,
  inflict: FaultKind['inflict'],
  isPossible: FaultKind['isPossible'] = always,
): FaultKind {
  return { name, isOrderly: false, isGeneral: false, isPossible, inflict };
}

function killing(who: 'guard' | 'child'): FaultKind {
  return sudden(`kill ${who}`, ({ victim }) =>
    untilGone(victim, who, () => Promise.resolve(victim.signal(who, 'SIGKILL'))),
  );
}

/** Until the process is not there any more that was there before, if there was one. */
async function untilGone(victim: Replica, who: 'guard' | 'child', act: () => Promise<void>): Promise<void> {
  const before = victim.pid(who);
  await act();
  if (before !== undefined) await until(`the ${who} has gone`, () => victim.pid(who) !== before);
}

/**
 * `begin` makes the victim let go; over once another child runs, where the victim had one: what is measured is a hand-over, not how
 * busy what comes next keeps two cores.
 */
async function handingOver({ victim, replicas }: Scene, begin: () => Promise<void>): Promise<void> {
  const former = victim.pid('child');
  await begin();
  if (former === undefined) return;
  const isNew = (pid: number | undefined): boolean => pid !== undefined && pid !== former;
  await until('another child runs', () => replicas.some((replica) => isNew(replica.pid('child'))));
}

/** A signal that stops, and after the span one that lets go on. */
function stopping(who: 'djsup' | 'guard' | 'child'): FaultKind {
  return sudden(`stop ${who}`, async ({ victim, span }) => {
    victim.signal(who, 'SIGSTOP');
    await sleep(span);
    victim.signal(who, 'SIGCONT');
  });
}

function linking(name: string, mode: Parameters<Replica['link']['set']>[0], all = false): FaultKind {
  const inflict: FaultKind['inflict'] = async ({ victim, replicas, span }) => {
    const links = all ? replicas.map(({ link }) => link) : [victim.link];
    for (const link of links) link.set(mode);
    await sleep(span);
    for (const link of links) link.set('pass');
  };
  return { ...sudden(name, inflict, hasNetwork), isGeneral: all };
}

export const faultKinds: readonly FaultKind[] = [
  {
    name: 'SIGTERM djsup',
    isOrderly: true,
    isGeneral: false,
    isPossible: always,
    async inflict(scene) {
      const { victim } = scene;
      await handingOver(scene, () => {
        victim.signal('djsup', 'SIGTERM');
        return victim.ended();
      });
      await victim.start();
    },
  },
  {
    name: 'step down',
    isOrderly: true,
    isGeneral: false,
    isPossible: always,
    inflict: (scene) => handingOver(scene, () => scene.victim.act('step-down')),
  },
  sudden('kill djsup', async ({ victim }) => {
    victim.signal('djsup', 'SIGKILL');
    await victim.start();
  }),
  sudden('crash', async ({ victim, span }) => {
    victim.signal('djsup', 'SIGKILL');
    await sleep(span);
    await victim.start();
  }),
  killing('guard'),
  killing('child'),
  stopping('djsup'),
  stopping('guard'),
  stopping('child'),
  sudden(
    'freeze',
    async ({ victim, span }) => {
      victim.freeze(true);
      await sleep(span);
      victim.freeze(false);
    },
    ({ replicas }) => replicas.every(({ noFreezer }) => noFreezer === undefined),
  ),
  sudden(
    'partition',
    async ({ victim, span }) => {
      victim.link.plug(false);
      await sleep(span);
      victim.link.plug(true);
    },
    hasNetwork,
  ),
  linking('hold', 'hold'),
  linking('hold replies', 'hold-replies'),
  linking('slow', 'slow'),
  linking('reset', 'refuse'),
  linking('hold all', 'hold', true),
  ...(['restart', 'wipe'] as const).map((what): FaultKind => {
    const name = what === 'restart' ? 'restart engine' : 'delete record';
    const inflict = ({ engine }: Scene): Promise<void> => engine[what]?.() ?? Promise.resolve();
    return { ...sudden(name, inflict, ({ engine }) => engine[what] !== undefined), isGeneral: true };
  }),
];
