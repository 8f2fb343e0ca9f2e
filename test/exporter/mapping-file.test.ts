import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/core/problem.ts';
import { readMapping } from '../../src/exporter/mapping-file.ts';
import { root } from '../support/rig.ts';
import { createBench } from './kit.ts';

function problems(text: string): readonly string[] {
  const mapping = readMapping(text, 'm.yaml');
  return mapping.ok ? [] : mapping.failure.map(formatProblem);
}

const rule = (line: string): string => `mappings:\n- match: a.*\n  name: q1\n  ${line}\n`;

describe('accepted', () => {
  test.each([
    '',
    '{}',
    'mappings:',
    'mappings: []',
    'defaults:',
    'defaults: {ttl: 1}',
    'defaults: {match_type: regex}',
    'defaults: {summary_options: {}, histogram_options: {}}',
    'mappings:\n- match: ""\n  match_type: regex\n  name: a',
    'mappings:\n- &x\n  match: a\n  name: b\n- <<: *x\n  match: c',
    ...['*', 'a', 'a.*.b', 'a-b', 'a--b', 'a-', 'a.1', '_a', '*.*', 'A.b_-c'].map(
      (match) => `mappings: [{match: "${match}", name: n}]`,
    ),
    ...['n', '$1', '$\u007b1}', 'x$1y', '_', '$10'].map(
      (name) => `mappings: [{match: a.*, name: "${name}"}]`,
    ),
    rule('labels: {kk: 1, _k: true, nn: null}'),
    rule('ttl: 1.5h'),
    rule('scale: -1'),
    rule('honor_labels: yes'),
    rule('help: 1'),
    rule('summary_options: {max_age: 1m, age_buckets: 3, buf_cap: 1000}'),
    rule('histogram_options: {buckets: [0.1, .inf]}'),
    rule('summary_options: null'),
  ])('%j', (text) => {
    expect(problems(text)).toEqual([]);
  });
});

describe('refused, with the place and the name of what is wrong', () => {
  test.each<readonly [string, string]>([
    ['[]', 'm.yaml:1:1: cannot use the mapping file'],
    ['foo: 1', 'm.yaml:1:1: cannot use key "foo"'],
    ['mappings: {}', 'm.yaml:1:11: cannot use "mappings"'],
    ['mappings:\n- name: a', 'm.yaml:2:3: cannot use match ""'],
    ['mappings:\n- match: a\n  action: drop', 'm.yaml:2:3: cannot use a mapping: it has no "name"'],
    ['mappings:\n- match: a\n  name: a\n  name: b', 'm.yaml:4:3: cannot use key "name"'],
    [
      'mappings:\n- match: a\n  name: n\n  match_type: regex\n- match: (\n  name: n\n  match_type: regex',
      'm.yaml:5:10: cannot use match "("',
    ],
    ['mappings: [{match: (?=a), name: n, match_type: regex}]', 'looks around'],
    ['defaults: {timer_type: summary}', 'cannot use key "timer_type"'],
    ['defaults: {observer_type: x}', 'cannot use observer_type "x"'],
    ...['a*', '-a', 'a.-b', '1a.*', 'a..b', 'a.', 'bad!!x.*', 'a b', 'a:b', 'a.é'].map(
      (match) => [`mappings: [{match: "${match}", name: n}]`, `cannot use match "${match}"`] as const,
    ),
    ...['0n', 'n-o', 'n:o', '$a', 'x.y', '$', 'n$'].map(
      (name) => [`mappings: [{match: a.*, name: "${name}"}]`, `cannot use name "${name}"`] as const,
    ),
    [rule('labels: {k: v}'), 'm.yaml:4:12: cannot use label "k"'],
    [rule('labels: {1k: v}'), 'label "1k"'],
    [rule('labels: {__name: v}'), 'label "__name"'],
    [rule('labels: []'), 'cannot use "labels"'],
    [rule('labels: {aa: a, aa: b}'), 'key "aa"'],
    [rule('action: x'), 'action "x"'],
    [rule('match_type: x'), 'match_type "x"'],
    [rule('match_metric_type: timer'), 'match_metric_type "timer"'],
    [rule('ttl: 1x'), 'cannot use "ttl"'],
    [rule('scale: x'), 'cannot use "scale"'],
    [rule('honor_labels: 1'), 'cannot use "honor_labels"'],
    [rule('help: [a]'), 'cannot use "help"'],
    [rule('buckets: [1,2]'), 'cannot use key "buckets"'],
    [rule('histogram_options: {buckets: [2, 1]}'), 'bucket 1: buckets must rise'],
    [rule('histogram_options: {foo: 1}'), 'cannot use key "foo"'],
    [rule('summary_options: {max_age: -1m}'), 'cannot use "max_age"'],
    [rule('summary_options: {age_buckets: -1}'), 'cannot use "age_buckets"'],
    [rule('summary_options: {quantiles: [{quantile: 2}]}'), 'cannot use "quantile"'],
    [rule('observer_type: histogram\n  summary_options: {}'), 'the "observer_type" is histogram'],
    [rule('observer_type: summary\n  histogram_options: {}'), 'the "observer_type" is summary'],
  ])('%j', (text, problem) => {
    expect(problems(text).join('\n')).toContain(problem);
  });

  test('all that is wrong is told at once', () => {
    expect(problems('mappings:\n- {match: 1a, name: 0n, foo: 1}\n- {match: a}')).toHaveLength(4);
  });
});

test("the shipped mapping gives Gunicorn's metrics their Django names, kinds, labels and units", () => {
  const bench = createBench({ mapping: readFileSync(join(root, 'layers/statsd-mapping.yaml'), 'utf8') });
  bench.send(
    'gunicorn.request.duration:123.456|ms',
    'gunicorn.requests:1|c|@1.0',
    'gunicorn.request.status.200:1|c|@1.0',
    'gunicorn.request.status.404:1|c|@1.0',
    'gunicorn.workers:2|g',
    'my_counter:1|c',
  );
  expect(bench.lines()).toEqual([
    'django_request_duration{quantile="0.5"} 0.123456',
    'django_request_duration{quantile="0.9"} 0.123456',
    'django_request_duration{quantile="0.99"} 0.123456',
    'django_request_duration_sum 0.123456',
    'django_request_duration_count 1',
    'django_requests 1',
    'django_response_code{status="200"} 1',
    'django_response_code{status="404"} 1',
    'gunicorn_workers 2',
    'my_counter 1',
  ]);
});
