// What befalls the processes of one replica: they are told to end, killed, stopped or frozen.
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/rig.ts';
import { sudden } from '../fault-kind.ts';
import type { FaultKind, Scene } from '../fault-kind.ts';
import type { Replica } from '../replica.ts';

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

export const processFaults: readonly FaultKind[] = [
  {
    ...sudden('SIGTERM djsup', async (scene) => {
      const { victim } = scene;
      await handingOver(scene, () => {
        victim.signal('djsup', 'SIGTERM');
        return victim.ended();
      });
      await victim.start();
    }),
    isOrderly: true,
    isMeasured: true,
  },
  {
    ...sudden('step down', (scene) => handingOver(scene, () => scene.victim.act('step-down'))),
    isOrderly: true,
    isMeasured: true,
  },
  sudden('kill djsup', async ({ victim }) => {
    victim.signal('djsup', 'SIGKILL');
    await victim.start();
  }),
  {
    ...sudden('crash', async ({ victim, span }) => {
      victim.signal('djsup', 'SIGKILL');
      await sleep(span);
      await victim.start();
    }),
    isMeasured: true,
  },
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
    ({ replicas }) => replicas.find(({ noFreezer }) => noFreezer !== undefined)?.noFreezer,
  ),
];
