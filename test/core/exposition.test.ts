// Prometheus's text: what is written can be read back by a strict reader, which is shown to refuse what is wrong.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { familyText } from '../../src/core/exposition.ts';
import { Histogram } from '../../src/core/histogram.ts';
import type { Family } from '../../src/core/metric.ts';
import { readExposition } from '../support/prometheus.ts';

function textOf(points: Family['points'], more: Partial<Family> = {}): string {
  const family: Family = { name: 'a_total', type: 'counter', help: 'Some.', labels: ['service'], points };
  return [...familyText({ ...family, ...more })].join('');
}

test('any label value and any help comes back as it was', () => {
  const texts = fc.string({ unit: 'binary' }).filter((text) => !/[\ud800-\udfff]/u.test(text));
  fc.assert(
    fc.property(fc.uniqueArray(texts, { minLength: 1, maxLength: 4 }), texts, (values, help) => {
      const text = textOf(
        values.map((value, index) => [[value], index]),
        { help },
      );
      const read = readExposition(text).get('a_total');
      expect(read?.samples.map(({ labels }) => labels['service'])).toEqual(values);
      expect(read?.samples.map(({ value }) => value)).toEqual(values.map((_, index) => index));
    }),
  );
});

test('hundreds of series come in pieces under one head', () => {
  const points = Array.from({ length: 220 }, (_, index) => [[`s${index}`], index] as const);
  const pieces = [...familyText({ name: 'a_total', type: 'counter', help: '', labels: ['service'], points })];
  expect(pieces.length).toBeGreaterThan(3);
  expect(readExposition(pieces.join('')).get('a_total')?.samples).toHaveLength(220);
});

test('a histogram has growing buckets up to +Inf, its sum and its count', () => {
  const histogram = new Histogram([0.1, 1]);
  for (const value of [0.1, 0.5, 7]) histogram.observe(value, 1);
  const text = textOf([[['web'], histogram]], { name: 'a_seconds', type: 'histogram' });
  expect(text).toBe(`# HELP a_seconds Some.
# TYPE a_seconds histogram
a_seconds_bucket{service="web",le="0.1"} 1
a_seconds_bucket{service="web",le="1"} 2
a_seconds_bucket{service="web",le="+Inf"} 3
a_seconds_sum{service="web"} 7.6
a_seconds_count{service="web"} 3
`);
  expect(readExposition(text).get('a_seconds')?.samples).toHaveLength(5);
});

test('a summary has its quantiles, its sum and its count', () => {
  const summary = { quantiles: [[0.5, 0.001] as const, [0.99, 0.2] as const], sum: 3, count: 9 };
  const text = textOf([[[], summary]], { name: 'a_seconds', type: 'summary', labels: [] });
  expect(readExposition(text).get('a_seconds')?.samples).toEqual([
    { name: 'a_seconds', labels: { quantile: '0.5' }, value: 0.001 },
    { name: 'a_seconds', labels: { quantile: '0.99' }, value: 0.2 },
    { name: 'a_seconds_sum', labels: {}, value: 3 },
    { name: 'a_seconds_count', labels: {}, value: 9 },
  ]);
});

test('a family without series is not written', () => {
  expect(textOf([])).toBe('');
  expect(textOf([[['web'], undefined]])).toBe('');
});

describe('the strict reader refuses', () => {
  const head = '# HELP a_total Some.\n# TYPE a_total counter\n';
  test.each([
    [
      'HELP and TYPE repeated for each label set',
      `${head}a_total{b="1"} 1\n${head}a_total{b="2"} 1\n`,
      'a family twice',
    ],
    ['a TYPE without HELP', '# TYPE a_total counter\na_total 1\n', 'without its HELP'],
    ['an unknown type', '# HELP a_total Some.\n# TYPE a_total number\n', 'no TYPE line'],
    ['a sample twice', `${head}a_total 1\na_total 2\n`, 'a sample twice'],
    ['a sample of another family', `${head}b_total 1\n`, 'not of the family'],
    ['a label twice', `${head}a_total{b="1",b="2"} 1\n`, 'label "b" twice'],
    ['a quote that is not escaped', `${head}a_total{b="x"y"} 1\n`, 'labels that cannot be read'],
    ['a newline in a label', `${head}a_total{b="x\ny"} 1\n`, 'no sample'],
    ['no value', `${head}a_total \n`, 'no sample'],
    ['a value of JavaScript', `${head}a_total Infinity\n`, 'no value'],
    ['an empty line', `${head}a_total 1\n\n`, 'no sample'],
    ['a last line without its end', `${head}a_total 1`, 'has no end'],
    [
      'buckets that shrink',
      '# HELP h S.\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
      'buckets of h',
    ],
    [
      'buckets without +Inf',
      '# HELP h S.\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n',
      'is not its count',
    ],
  ])('%s', (_what, text, why) => {
    expect(() => readExposition(text)).toThrow(why);
  });
});
