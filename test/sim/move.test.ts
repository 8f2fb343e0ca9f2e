// An election that moves from one engine to another by roll-outs, replica by replica, under the faults of every other story.
import { describe, expect, test } from 'vitest';
import { createTwin } from '../../src/core/leader/twin.ts';
import type { Register } from '../../src/core/leader/twin.ts';
import type { View } from '../../src/core/leader/record.ts';
import type { Outcome } from '../../src/core/leader/state.ts';
import { theMove, theWay } from './rules.ts';
import type { Way } from './rules.ts';
import { play } from './story.ts';

const seeds = Array.from({ length: 700 }, (_, seed) => seed);

test('while elections move from engine to engine, replica by replica, no two replicas work at once, epochs rise and the board is kept', () => {
  const stories = seeds.map((seed) => play(seed, theMove));
  expect(
    stories.flatMap(({ seed, broken }) => (broken === undefined ? [] : [`seed ${seed}: ${broken}`])),
  ).toEqual([]);
  const faults = stories
    .flatMap((story) => [...story.faults.values()])
    .reduce((sum, count) => sum + count, 0);
  expect(faults).toBeGreaterThan(100_000);
}, 240_000);

describe('planted faults are caught', () => {
  const planted: Readonly<Record<string, Way>> = {
    'the roll-out goes straight from one engine to the other': { ...theWay, isDirect: true },
    'one record that is free is enough': {
      ...theWay,
      twin: withViews((view) =>
        view.found.kind === 'record' && view.found.record.term.includes('+')
          ? { ...view, found: { kind: 'record', record: { ...view.found.record, state: 'released' } } }
          : view,
      ),
    },
    'the second record is missing, and nobody waits': {
      ...theWay,
      twin: withViews((view) =>
        view.found.kind === 'record' ? { ...view, found: { ...view.found, settles: false } } : view,
      ),
    },
  };

  test.each(Object.entries(planted))('%s', (_, way) => {
    const isCaught = (seed: number): boolean =>
      play(seed, { ...theMove, way }).broken?.includes(' runs while ') === true;
    expect(seeds.find(isCaught)).toBeDefined();
  });
});

function withViews(change: (view: View) => View): typeof createTwin {
  return (first, second): Register => {
    const twin = createTwin(first, second);
    const changed = (done: (outcome: Outcome) => void) => (outcome: Outcome) =>
      done(outcome.kind === 'failed' ? outcome : { ...outcome, view: change(outcome.view) });
    return {
      read: (done) => twin.read(changed(done)),
      write: (version, record, done) => twin.write(version, record, changed(done)),
    };
  };
}
