// What befalls the machine: all its cores are busy, or the clock on the wall of one replica is set.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { clockDelay } from '../fake-clock.ts';
import { sudden } from '../fault-kind.ts';
import type { FaultKind } from '../fault-kind.ts';

/** Ends by itself soon after its time, whatever becomes of who has started it. */
const loop =
  'import sys, time\nend = time.monotonic() + float(sys.argv[1])\nwhile time.monotonic() < end: pass';

async function load(seconds: number): Promise<void> {
  const loops = Array.from({ length: availableParallelism() }, () =>
    spawn('python3', ['-c', loop, String(seconds + 1)], { stdio: 'ignore' }),
  );
  const ended = loops.map(
    (child) => new Promise((resolve) => child.once('error', resolve).once('exit', resolve)),
  );
  const kill = (): void => {
    for (const child of loops) child.kill('SIGKILL');
  };
  process.once('exit', kill);
  await sleep(seconds * 1000);
  process.off('exit', kill);
  kill();
  await Promise.all(ended);
}

/** From two hours back to two and a half forward, by how long it lasts, s. */
function stepOf(span: number): number {
  return Math.round((span - 1800) * 4);
}

export const machineFaults: readonly FaultKind[] = [
  { ...sudden('load', ({ span }) => load(span / 1000)), isGeneral: true },
  sudden(
    'clock step',
    async ({ victim, span }) => {
      victim.setClock(stepOf(span));
      await sleep(clockDelay + span);
      victim.setClock(0);
    },
    ({ replicas }) => replicas.find(({ noClock }) => noClock !== undefined)?.noClock,
  ),
];
