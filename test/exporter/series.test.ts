// What the exporter keeps, and for how long; where it does better than the original.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { createBench, mappingOf } from './kit.ts';

describe('better than the original', () => {
  test.each([
    ['a tag that a summary needs itself', 't:1|ms|#quantile:x', 'reserved_label'],
    ['a name of nothing', '#a=b:1|c', 'empty_metric_name'],
    ['a name that is only tags', '[a=b]:1|c', 'empty_metric_name'],
  ] as const)('%s costs the sample alone', (_what, packet, reason) => {
    const bench = createBench();
    bench.send(packet, 'ok:1|c');
    expect(bench.lines()).toEqual(['ok 1']);
    expect(bench.text()).toContain(`statsd_exporter_events_error_total{reason="${reason}"} 1\n`);
  });

  test('the bound of a histogram as a tag costs the sample alone', () => {
    const bench = createBench({ mapping: 'defaults: {observer_type: histogram}' });
    bench.send('t:1|ms|#le:x', 'ok:1|c');
    expect(bench.lines()).toEqual(['ok 1']);
  });

  test('tags under names that Prometheus keeps are left out', () => {
    const bench = createBench();
    bench.send('foo:1|c|#__name__:x', 'bar:1|c|#__x:y,a:b');
    expect(bench.lines()).toEqual(['bar{a="b"} 1', 'foo 1']);
    expect(bench.counters.tagErrors).toBe(2);
  });

  test.each([
    'go_goroutines:1|g',
    'statsd_exporter_lines_total:5|c',
    'process_open_fds:1|g',
    'promhttp_metric_handler_requests_in_flight:1|g',
  ])('a metric of the exporter itself cannot be sent: %s', (packet) => {
    const bench = createBench();
    bench.send(packet);
    expect(bench.lines()).toEqual([]);
    expect([...bench.counters.conflicts.values()]).toHaveLength(1);
  });

  test('brackets the wrong way round are part of the name', () => {
    const bench = createBench();
    bench.send('a]b[c=d]e:1|c');
    expect(bench.lines()).toEqual(['a_b_c_d_e 1']);
    expect(bench.counters.tagErrors).toBe(1);
  });

  test('summaries whose lines would be taken for each other are a conflict', () => {
    const bench = createBench();
    bench.send('m:1|ms', 'm_sum:1|ms', 'n_count:1|ms', 'n:1|ms');
    expect(bench.lines().filter((line) => line.startsWith('m_sum'))).toEqual(['m_sum 0.001']);
    expect(bench.counters.conflicts.size).toBe(2);
  });

  test('of two help texts the first stays', () => {
    const bench = createBench({
      mapping: `mappings:
- {match: a.*, name: one, help: first}
- {match: b.*, name: one, help: second, labels: {ll: $1}}`,
    });
    bench.send('a.x:1|c', 'b.x:1|c');
    expect(bench.text()).toContain('# HELP one first\n# TYPE one counter\none 1\none{ll="x"} 1\n');
  });

  test('a sampling rate of next to nothing is not counted out one by one', () => {
    const bench = createBench();
    bench.send('t:2|h|@0.000001', 'u:1|h|@1e-300');
    expect(bench.lines()).toContain('t_count 1e+06');
    expect(bench.lines()).toContain('t_sum 2e+06');
    expect(bench.lines()).not.toContain('u_count 1');
  });

  test('a short glob is found after a longer one that begins with the same star', () => {
    const bench = createBench({ mapping: 'mappings: [{match: "*.s", name: two}, {match: "*", name: one}]' });
    bench.send('a:1|c', 'a.s:1|c');
    expect(bench.lines()).toEqual(['one 1', 'two 1']);
  });

  test('a percent sign in a label is just that', () => {
    const bench = createBench({ mapping: 'mappings: [{match: a.*, name: n, labels: {ll: "50%_$1"}}]' });
    bench.send('a.b:1|c');
    expect(bench.lines()).toEqual(['n{ll="50%_b"} 1']);
  });
});

describe('a sample that stands for many observations', () => {
  test.each([
    ['one that stands for a few', [3, 7, 1, 20]],
    ['one that stands for most', [1, 400, 2]],
  ])('is kept as if each had come by itself: %s', (_what, weights) => {
    const at = createBench();
    const single = createBench();
    for (const [index, weight] of weights.entries()) {
      // A rate whose inverse has its whole part just there.
      at.send(`t:${(index * 7) % 5}.5|h|@${1 / (weight + 0.5)}`);
      for (let i = 0; i < weight; i += 1) single.send(`t:${(index * 7) % 5}.5|h`);
    }
    expect(at.lines()).toEqual(single.lines());
  });

  test('keeps quantiles within the error that is promised, however uneven the rates are', () => {
    const bench = createBench();
    const all: number[] = [];
    for (let i = 0; i < 2_000; i += 1) {
      const value = (i * 1_237) % 2_003;
      const weight = [1, 1, 30, 2, 900][i % 5] ?? 1;
      bench.send(`t:${value}|h|@${1 / (weight + 0.5)}`);
      for (let times = 0; times < weight; times += 1) all.push(value);
    }
    all.sort((a, b) => a - b);
    expect(bench.lines()).toContain(`t_count ${all.length}`);
    for (const [quantile, error] of [
      [0.5, 0.05],
      [0.9, 0.01],
      [0.99, 0.001],
    ] as const) {
      const line = bench.lines().find((one) => one.startsWith(`t{quantile="${quantile}"}`)) ?? '';
      const found = Number(line.split(' ')[1]);
      const slack = error * all.length + 900;
      expect(all.indexOf(found)).toBeLessThanOrEqual(quantile * all.length + slack);
      expect(all.lastIndexOf(found)).toBeGreaterThanOrEqual(quantile * all.length - slack);
    }
  });

  test('does not hide behind a smaller one', () => {
    const bench = createBench();
    bench.send('t:1|h', 't:5|h|@0.00001');
    expect(bench.lines().slice(0, 3)).toEqual([
      't{quantile="0.5"} 5',
      't{quantile="0.9"} 5',
      't{quantile="0.99"} 5',
    ]);
  });
});

describe('the limit on series', () => {
  const twenty = Array.from({ length: 20 }, (_, index) => `label${index}`);

  test('a series too many is counted and dropped, and the others go on', () => {
    const bench = createBench({ maxSeries: 3 });
    bench.send('a:1|c', 'b:1|c', 'c:1|c|#x:1', 'c:1|c|#x:2', 'd:1|c', 'a:1|c');
    expect(bench.lines()).toEqual(['a 2', 'b 1', 'c{x="1"} 1']);
    expect(bench.text()).toContain('events_error_total{reason="series_limit"} 2\n');
  });

  test('a series with very long labels counts as several', () => {
    const bench = createBench({ maxSeries: 10 });
    bench.send(`a:1|c|#x:${'y'.repeat(20_000)}`, 'b:1|c');
    expect(bench.lines()).toEqual(['b 1']);
  });

  test.each([
    ['a counter or a gauge 1', ['a:1|c', 'b:1|g', 'c:1|c'], 3],
    ['a histogram 2', ['a:1|h', 'b:1|h', 'c:1|c'], 5],
    ['a counter with twenty labels 3', [`c:1|c|#${twenty.map((name) => `${name}:x`).join(',')}`], 3],
    ['a summary 8', ['sum.a:1|h', 'sum.b:1|ms', 'c:1|c'], 17],
  ])('%s, no more and no less', (_what, packets, weight) => {
    const mapping =
      'defaults: {observer_type: histogram}\nmappings: [{match: sum.*, name: sum_$1, observer_type: summary}]';
    const enough = createBench({ mapping, maxSeries: weight });
    enough.send(...packets);
    expect(enough.counters.eventErrors.size).toBe(0);
    enough.send('more:1|c');
    expect(enough.counters.eventErrors.get('series_limit')).toBe(1);
    const short = createBench({ mapping, maxSeries: weight - 1 });
    short.send(...packets);
    expect(short.counters.eventErrors.get('series_limit')).toBe(1);
  });

  test('a series that has gone gives back what it took', () => {
    const bench = createBench({ maxSeries: 8, mapping: 'defaults: {ttl: 1s}' });
    for (let i = 0; i < 5; i += 1) {
      bench.send('t:1|ms');
      expect(bench.lines()).toContain('t_count 1');
      bench.pass(3_000);
      bench.send(...Array.from({ length: 8 }, (_, index) => `c${index}:1|c`));
      expect(bench.lines()).toHaveLength(8);
      bench.pass(3_000);
    }
    expect(bench.counters.eventErrors.size).toBe(0);
  });

  test('labels of series that have gone take no room, however long their names were', () => {
    const bench = createBench({ mapping: 'defaults: {ttl: 1s}', maxSeries: 100 });
    bench.send('a:1|c|#short:x');
    for (let i = 0; i < 3; i += 1) {
      bench.send(`a:1|c|#${'n'.repeat(60_000)}${i}:x`);
      bench.pass(3_000);
    }
    expect(bench.counters.eventErrors.size).toBe(0);
    expect(bench.text()).toContain('statsd_exporter_metrics_total{type="counter"} 1\n');
  });

  test('names of series that have gone take as much room as their text, apart from the living', () => {
    const long = 'n'.repeat(4_096);
    const bench = createBench({ maxSeries: 10, mapping: 'defaults: {ttl: 1s}' });
    for (const last of 'abc') {
      bench.send(`${last}${long}:1|c`);
      bench.pass(3_000);
    }
    // Each takes 5: of three the oldest was forgotten, and may come back as something else.
    bench.send(`a${long}:1|g`, `b${long}:1|g`, `c${long}:1|g`);
    expect(bench.lines().map((line) => line.charAt(0))).toEqual(['a']);
    expect(bench.counters.conflicts.size).toBe(2);
  });

  test('a series that has gone makes room', () => {
    const bench = createBench({ maxSeries: 1, mapping: 'defaults: {ttl: 1s}' });
    bench.send('a:1|c');
    bench.pass(3_000);
    bench.send('b:1|c');
    expect(bench.lines()).toEqual(['b 1']);
  });

  test('names that are made up for ever are forgotten, the oldest first', () => {
    const bench = createBench({ maxSeries: 5, mapping: 'defaults: {ttl: 1s}' });
    for (let i = 0; i < 20; i += 1) {
      bench.send(`n${i}:1|c`);
      bench.pass(3_000);
    }
    bench.send('n0:1|g', 'n19:1|g');
    expect(bench.lines()).toEqual(['n0 1']);
    expect(bench.counters.conflicts.size).toBe(1);
  });

  test('conflicts under ever new names are counted together', () => {
    const bench = createBench();
    for (let i = 0; i < 1_500; i += 1) bench.send(`n${i}:1|c`, `n${i}:1|g`);
    expect(bench.text()).toContain(
      'statsd_exporter_events_conflict_total{metric_name="",type="gauge"} 500\n',
    );
  });
});

describe('time to live', () => {
  test('a series that is not fed goes, and its name keeps its type', () => {
    const bench = createBench({
      mapping: 'defaults: {ttl: 1s}\nmappings: [{match: bazqux.*, name: bazqux_$1, ttl: 5s}]',
    });
    bench.send('foobar:200|g', 'bazqux.main:42|ms');
    bench.pass(2_600);
    expect(bench.lines()).toContain('bazqux_main_count 1');
    expect(bench.lines()).not.toContain('foobar 200');
    bench.send('foobar:1|c');
    expect(bench.lines()).not.toContain('foobar 1');
    bench.send('foobar:7|g');
    expect(bench.lines()).toContain('foobar 7');
  });

  test('a series that is fed stays', () => {
    const bench = createBench({ mapping: 'defaults: {ttl: 2s}' });
    for (let i = 0; i < 10; i += 1) {
      bench.send('a:1|c');
      bench.pass(1_500);
    }
    expect(bench.lines()).toEqual(['a 10']);
  });

  test('a summary without observations for its age has no quantiles any more, but sum and count', () => {
    const bench = createBench({ mapping: 'defaults: {summary_options: {max_age: 1s}}' });
    bench.send('t:5|ms');
    expect(bench.lines()).toContain('t{quantile="0.5"} 0.005');
    bench.pass(1_500);
    expect(bench.lines()).toEqual([
      't{quantile="0.5"} NaN',
      't{quantile="0.9"} NaN',
      't{quantile="0.99"} NaN',
      't_sum 0.005',
      't_count 1',
    ]);
    bench.pass(60_000);
    bench.send('t:7|ms');
    expect(bench.lines()).toContain('t{quantile="0.5"} 0.007');
  });

  test('the window of a summary slides', () => {
    const bench = createBench({ mapping: 'defaults: {summary_options: {max_age: 10s, age_buckets: 5}}' });
    bench.send('t:1|h');
    bench.pass(6_000);
    bench.send('t:9|h');
    expect(bench.lines()).toContain('t{quantile="0.5"} 1');
    bench.pass(6_000);
    expect(bench.lines()).toContain('t{quantile="0.5"} 9');
  });
});

describe('another mapping', () => {
  test('holds for samples from then on, also of lines that were seen before', () => {
    const bench = createBench({ mapping: 'mappings: [{match: a.*, name: old}]' });
    bench.send('a.b:1|c', 'a.b:1|c');
    bench.exporter.use(mappingOf('mappings: [{match: a.*, name: new}]'));
    bench.send('a.b:1|c');
    expect(bench.lines()).toEqual(['new 1', 'old 2']);
  });

  test('that makes a histogram of a summary is a conflict', () => {
    const bench = createBench();
    bench.send('t:1|ms');
    bench.exporter.use(mappingOf('defaults: {observer_type: histogram}'));
    bench.send('t:1|ms');
    expect(bench.lines()).toContain('t_count 1');
    expect(bench.counters.conflicts.size).toBe(1);
  });
});

test('a line that was seen before is taken as it was the first time', () => {
  const packets = [
    'a:1|c|@0.1|#x:y',
    'b:2.5|g',
    'c:3|ms',
    'd.e:1|h|@0.5',
    'c:1e2|ms',
    'b:-1|g',
    'a:1|c|@-1',
    'b:0.1|g',
  ];
  const once = createBench({ mapping: 'mappings: [{match: d.*, name: d_$1, scale: 3}]' });
  const twice = createBench({ mapping: 'mappings: [{match: d.*, name: d_$1, scale: 3}]' });
  for (let i = 0; i < 5; i += 1) {
    once.send(...packets);
    // A line feed in front makes no other line of it, but a mapping anew forgets what was seen.
    twice.exporter.use(mappingOf('mappings: [{match: d.*, name: d_$1, scale: 3}]'));
    twice.send(...packets);
  }
  expect(once.lines()).toEqual(twice.lines());
  expect(once.counters).toEqual(twice.counters);
});

describe('tags of a line with several values', () => {
  test('are those of all, and wrong ones are counted at each value', () => {
    const bench = createBench();
    bench.send('t:1:2:3|ms|#a:b,wrong,c:d');
    expect(bench.lines()).toContain('t_count{a="b",c="d"} 3');
    expect(bench.counters).toMatchObject({ samples: 3, tags: 3, tagErrors: 3 });
  });

  test('do not make a full datagram dear: read at each value they would take seconds', () => {
    const bench = createBench();
    const values = Array.from({ length: 15_000 }, () => '1').join(':');
    const tags = Array.from({ length: 5_000 }, (_, index) => `a${index % 10}:b`).join(',');
    const began = performance.now();
    bench.send(`t:${values}|ms|#${tags}`);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(bench.lines().at(-1)).toMatch(/^t_count\{a0="b",.*\} 15000$/);
  });

  test('are those of their line alone', () => {
    const bench = createBench();
    bench.send('c:1|c|#a:b\nc:1|c|#x:y\nc:1|c\nc:1|c|#a:b|#c:d\nc:1|c|#a:b');
    expect(bench.lines()).toEqual(['c 1', 'c{a="b"} 2', 'c{x="y"} 1', 'c{a="b",c="d"} 1']);
  });
});

test('a line with more labels than anybody has is no dearer: those above a hundred are counted and left out', () => {
  const bench = createBench();
  const tags = Array.from({ length: 2_000 }, (_, index) => `a${index}:b`).join(',');
  const values = Array.from({ length: 20_000 }, () => '1').join(':');
  const began = performance.now();
  bench.send(`t:${values}|ms|#${tags},a0:c`);
  expect(performance.now() - began).toBeLessThan(3_000);
  expect(bench.lines().at(-1)).toMatch(/^t_count\{a0="c",(?:a\d+="b",?){99}\} 20000$/);
  expect(bench.counters.tagErrors).toBe(20_000 * 1_900);
});

test('the mapping of a very long name is not remembered, and found all the same', () => {
  const bench = createBench({ mapping: 'mappings: [{match: a.*, name: b}]' });
  const long = `a.${'x'.repeat(5_000)}`;
  bench.send(`${long}:-1|g`, `${long}:-1|g`, 'a.x:-1|g');
  expect(bench.lines()).toEqual(['b -3']);
  expect(bench.text()).toContain('statsd_metric_mapper_cache_length 1\n');
});

test('a series keeps nothing of its line but its name and labels', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const bench = createBench({ mapping: 'mappings: [{match: mapped.*, name: mapped_$1}]' });
  const before = used();
  const padding = 'x'.repeat(60_000);
  for (let i = 0; i < 1_000; i += 1) {
    bench.send(
      `some_long_metric_${i}:1|c|T${padding}`,
      `mapped.some_long_metric_${i}:1|c|T${padding}`,
      `one:1|c|#some_long_label:some_long_value_${i}|c:some_long_container_${i}|T${padding}`,
      `one,some_long_label=some_long_value_${i},more=${padding},more=none:1|c`,
    );
  }
  expect(bench.lines()).toHaveLength(4_000);
  expect(used() - before).toBeLessThan(20_000_000);
});

test('pieces of the metrics are short even where names are long, for each reader may be slow', () => {
  const bench = createBench();
  for (let i = 0; i < 100; i += 1) bench.send(`${'n'.repeat(10_000)}${i}:1|c`);
  const lengths = [...bench.exporter.metrics()].map((piece) => piece.length);
  expect(Math.max(...lengths)).toBeLessThan(120_000);
});

test('metrics are given in pieces, so that packets can be taken in between', () => {
  const bench = createBench();
  for (let i = 0; i < 2_000; i += 1) bench.send(`n${i}:1|c`);
  const pieces = [...bench.exporter.metrics()];
  expect(pieces.length).toBeGreaterThan(3);
  expect(
    pieces
      .join('')
      .split('\n')
      .filter((line) => line.startsWith('n')),
  ).toHaveLength(2_000);
});

test('only the families that were asked for', () => {
  const bench = createBench();
  bench.send('a:1|c', 'b:1|c');
  expect([...bench.exporter.metrics(new Set(['a']))].join('')).toBe(
    '# HELP a Metric autogenerated by statsd_exporter.\n# TYPE a counter\na 1\n',
  );
});
