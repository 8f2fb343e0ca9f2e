// A simulation that misses a planted fault proves nothing: each mutant of the design has to break a law.
import { expect, test } from 'vitest';
import { mutants } from './mutants.ts';
import { play } from './story.ts';

/** Some take a thousand stories to be seen; the design has to stand five times as many. */
const patience = 3_000;

test.each(Object.entries(mutants))(
  '%s: caught',
  (_name, rules) => {
    let seed = 0;
    while (seed < patience && play(seed, rules).broken === undefined) seed += 1;
    expect(seed).toBeLessThan(patience);
  },
  120_000,
);
