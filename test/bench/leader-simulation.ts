// The leader election under as many simulated faults as one has patience for:
//   npm run simulate -- [--faults 100000000] [--seed 1000000] [--workers 2]
//   npm run simulate -- --story SEED [--only TURN,TURN]      what happened in one story, to its end
// With --move elections move from engine to engine meanwhile, by roll-outs.
// Exit code 1 where a law was broken, with the seed, the end of its story and the shortest way to see it again.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { faultsIn, playMany } from '../sim/crew.ts';
import type { Tally } from '../sim/crew.ts';
import { theDesign, theMove } from '../sim/rules.ts';
import { play, shortest } from '../sim/story.ts';
import type { Story } from '../sim/story.ts';

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '100000000' },
    seed: { type: 'string', default: '1000000' },
    workers: { type: 'string', default: String(availableParallelism()) },
    story: { type: 'string' },
    only: { type: 'string' },
    move: { type: 'boolean', default: false },
  },
});

const rules = values.move ? theMove : theDesign;
const moving = values.move ? ' --move' : '';

if (values.story === undefined) await playAll();
else {
  const only = values.only === undefined ? undefined : new Set(values.only.split(',').map(Number));
  tell(play(Number(values.story), rules, { traceLength: Infinity, only }));
}

async function playAll(): Promise<void> {
  const startedAt = performance.now();
  let toldAt = startedAt;
  print(`${values.faults} faults, seeds from ${values.seed} on, ${values.workers} workers`);
  const goal = {
    first: Number(values.seed),
    faults: Number(values.faults),
    workers: Number(values.workers),
    isMoving: values.move,
  };
  const tally = await playMany(goal, (sofar) => {
    if (performance.now() - toldAt < 5_000) return;
    toldAt = performance.now();
    print(progress(sofar, toldAt - startedAt));
  });
  print(progress(tally, performance.now() - startedAt));
  for (const [name, count] of [...tally.faults].toSorted(([a], [b]) => a.localeCompare(b)))
    print(`${name.padEnd(32)} ${count}`);
  for (const { seed, law } of tally.broken.slice(0, 3)) {
    print(`\nseed ${seed} breaks a law: ${law}`);
    const only = shortest(seed, rules);
    tell(play(seed, rules, { traceLength: 60, only }));
    print(`again: npm run simulate --${moving} --story ${seed} --only ${[...only].join(',')}`);
  }
  if (tally.broken.length > 0) process.exitCode = 1;
}

function progress(tally: Tally, milliseconds: number): string {
  const faults = faultsIn(tally);
  const rate = Math.round(faults / (milliseconds / 1000));
  return (
    `${faults} faults, ${tally.tenures} tenures, ${tally.broken.length} stories with a broken law, ` +
    `${(milliseconds / 1000).toFixed(0)} s, ${rate} faults/s`
  );
}

function tell({ trace, broken }: Story): void {
  print([...trace, broken ?? 'no law was broken'].join('\n'));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
