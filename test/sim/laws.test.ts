// The laws of leader election under a million simulated faults, with the product's own machine.
// `npm run simulate` plays as many more as one wants, and shows single stories.
import { expect, test } from 'vitest';
import { faultsIn, playMany } from './crew.ts';
import { playHush } from './gaps.ts';
import { faults } from './nemesis.ts';
import { theDesign } from './rules.ts';
import { play, shortest } from './story.ts';
import { mutants } from './mutants.ts';
import type { Rules } from './rules.ts';

const million = 1_000_000;

/** How to see a story again, with as few of its faults as do it. */
function again(seed: number, law: string, rules: Rules): string {
  const only = [...shortest(seed, rules)].join(',');
  return `seed ${seed} breaks a law: ${law}\nagain: npm run simulate -- --story ${seed} --only ${only}`;
}

test('no two replicas work at once in a million faults, epochs rise, the board is kept, and whoever leads then goes on', async () => {
  // In a thread of its own the code runs as it is, without what the test runner makes of it; one, for others want a core.
  const tally = await playMany({ first: 1, faults: million, workers: 1 });
  expect(tally.broken.map(({ seed, law }) => again(seed, law, theDesign))).toEqual([]);
  expect(faultsIn(tally)).toBeGreaterThanOrEqual(million);
  expect(tally.tenures).toBeGreaterThan(million / 5);
  // Each kind often enough to be worth the name.
  const rare = Object.keys(faults).filter((name) => (tally.faults.get(name) ?? 0) < 3_000);
  expect(rare).toEqual([]);
}, 240_000);

test('after a single fault nobody leads for no longer than its kind allows, and what moves nothing moves nothing', () => {
  const stories = Array.from({ length: 400 }, (_, seed) => playHush(seed, theDesign));
  expect(
    stories.flatMap(({ seed, broken }) => (broken === undefined ? [] : [`seed ${seed}: ${broken}`])),
  ).toEqual([]);
  const orderly = stories.flatMap(({ gaps }) => gaps).filter(({ fault }) => fault === 'orderly restart');
  expect(orderly.length).toBeGreaterThan(100);
}, 120_000);

test('a replica that hands over without a word to the others is too slow for these bounds', () => {
  const mute: Rules = {
    ...theDesign,
    step(policy, state, event, at) {
      const [next, effects] = theDesign.step(policy, state, event, at);
      return [next, effects.filter((effect) => effect.kind !== 'write' || effect.record.state === 'held')];
    },
  };
  const broken = Array.from({ length: 5 }, (_, seed) => playHush(seed, mute).broken);
  expect(broken.some((law) => law?.includes('nobody led for'))).toBe(true);
});

test('the same seed is the same story, and a broken law is shown with the few faults that it takes', () => {
  const rules = mutants['M4 the record is released before the work is gone'];
  if (rules === undefined) throw new Error('there is no such mutant');
  const story = play(2, rules);
  expect(play(2, rules)).toEqual(story);
  expect(story.broken).toMatch(/runs while/);
  const only = shortest(2, rules);
  expect(only.size).toBeLessThan(5);
  expect(play(2, rules, { only }).broken).toMatch(/runs while/);
});
