// What goes to StatsD of histograms and summaries: as many as were counted, and what can be told of them stays true.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from '../../src/core/histogram.ts';
import { observed, standingOf } from '../../src/core/observations.ts';
import type { Observation } from '../../src/core/observations.ts';

const bounds = [0.1, 1, 10];

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram(bounds);
  for (const value of values) histogram.observe(value, 1);
  return histogram;
}

function countOf(observations: readonly Observation[]): number {
  return observations.reduce((sum, [, times]) => sum + times, 0);
}

test('one value that has come since the last time goes as it was', () => {
  const histogram = histogramOf([5, 0.03]);
  const before = standingOf(histogram);
  histogram.observe(0.7, 1);
  const [[value, times] = [0, 0], ...more] = observed(histogram, before);
  expect([value.toFixed(9), times, more]).toEqual(['0.700000000', 1, []]);
});

test('nothing goes where nothing has come, and all of it where it has begun anew', () => {
  const histogram = histogramOf([5, 0.03]);
  expect(observed(histogram, standingOf(histogram))).toEqual([]);
  expect(countOf(observed(histogram, standingOf(histogramOf([5, 5, 5]))))).toBe(2);
});

test('law: of a histogram as many go as have come, with the same sum, also above all bounds', () => {
  const values = fc.array(fc.double({ min: 0, max: 1_000, noNaN: true }), { maxLength: 50 });
  fc.assert(
    fc.property(values, values, (first, second) => {
      const observations = observed(histogramOf([...first, ...second]), standingOf(histogramOf(first)));
      expect(countOf(observations)).toBe(second.length);
      const sum = observations.reduce((total, [value, times]) => total + value * times, 0);
      expect(sum).toBeCloseTo(
        second.reduce((total, value) => total + value, 0),
        6,
      );
    }),
  );
});

test('law: the quantiles of a summary come out again', () => {
  const quantiles = [
    [0.5, 1],
    [0.9, 2],
    [0.99, 30],
  ] as const;
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 10_000 }), (count) => {
      const observations = observed({ quantiles, sum: count, count }, undefined);
      expect(countOf(observations)).toBe(count);
      const all = observations.flatMap(([value, times]) => Array.from({ length: times }, () => value));
      for (const [quantile, value] of quantiles) expect(all[Math.ceil(quantile * count) - 1]).toBe(value);
    }),
  );
});
