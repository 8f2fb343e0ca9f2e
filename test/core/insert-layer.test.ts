import { expect, test } from 'vitest';
import { argumentsLayer, checkWorkloadsUnchanged, insertLayer } from '../../src/core/insert-layer.ts';
import type { Layer } from '../../src/core/layer.ts';
import { combineLayers } from '../../src/core/plan.ts';
import { layerOf, planOf } from './plan-kit.ts';

function stack(...layers: readonly (readonly [label: string, order: number])[]): Layer[] {
  return layers.map(([label, order]) => layerOf('{}', label, order));
}

function insert(layers: readonly Layer[], label: string, { combine = false, inner = false } = {}): unknown {
  const result = insertLayer(layers, layerOf('{}', label, 0), { combine, inner });
  return result.ok ? result.value.map((one) => [one.label, one.order]) : result.failure;
}

test('a new label goes to the end and takes the next thousand', () => {
  expect(insert([], 'a')).toEqual([['a', 1000]]);
  expect(insert(stack(['a', 1000], ['b/x', 5003]), 'c')).toEqual([
    ['a', 1000],
    ['b/x', 5003],
    ['c', 6000],
  ]);
});

test('the first file of a sub-directory counts one more', () => {
  expect(insert(stack(['a', 1000]), 'd/x')).toEqual([
    ['a', 1000],
    ['d/x', 2001],
  ]);
});

test('a further file of a sub-directory goes right behind the last one', () => {
  expect(insert(stack(['a', 1000], ['d/x', 2001]), 'd/y')).toEqual([
    ['a', 1000],
    ['d/x', 2001],
    ['d/y', 2002],
  ]);
  const inTheMiddle = stack(['d/x', 2001], ['b', 3000]);
  expect(insert(inTheMiddle, 'd/y', { inner: true })).toEqual([
    ['d/x', 2001],
    ['d/y', 2002],
    ['b', 3000],
  ]);
  expect(insert(inTheMiddle, 'd/y')).toEqual({
    kind: 'internal',
    message: `cannot insert sub-directory layer without 'inner' attribute set`,
  });
});

test('a plain label is no part of a sub-directory of the same name', () => {
  expect(insert(stack(['foo/bar', 1001], ['b', 2000]), 'foo')).toEqual([
    ['foo/bar', 1001],
    ['b', 2000],
    ['foo', 3000],
  ]);
  expect(insert(stack(['foo', 1000], ['b', 2000]), 'foo/bar')).toEqual([
    ['foo', 1000],
    ['b', 2000],
    ['foo/bar', 3001],
  ]);
});

test('a label that is there is refused, or combined with where it stands', () => {
  const layers = [
    layerOf('{summary: one, services: {x: {override: merge, command: a, environment: {A: 1}}}}', 'a', 1000),
    layerOf('services: {x: {override: merge, command: b}}', 'b', 2000),
  ];
  const layer = layerOf('services: {x: {override: merge, command: c, environment: {B: 2}}}', 'a', 0);
  expect(insertLayer(layers, layer, { combine: false, inner: false })).toEqual({
    ok: false,
    failure: { kind: 'bad-request', message: 'layer "a" already exists' },
  });
  const combined = insertLayer(layers, { ...layer, origin: 'api' }, { combine: true, inner: false });
  if (!combined.ok) throw new Error(combined.failure.message);
  const [first] = combined.value;
  expect(first).toMatchObject({ label: 'a', order: 1000, origin: 'a.yaml, api' });
  expect(first?.values.summary).toBeUndefined();
  const plan = combineLayers(combined.value);
  expect(plan.ok && plan.value.services.get('x')).toMatchObject({
    command: { base: ['b'] },
    environment: { A: '1', B: '2' },
  });
});

test('combining again and again with the same origin does not lengthen it', () => {
  let layers: readonly Layer[] = stack(['a', 1000]);
  for (let turn = 0; turn < 3; turn += 1) {
    const next = insertLayer(
      layers,
      { ...layerOf('{}', 'a', 0), origin: 'api' },
      { combine: true, inner: false },
    );
    if (next.ok) layers = next.value;
  }
  expect(layers[0]?.origin).toBe('a.yaml, api');
});

test('places of a replaced entry are forgotten', () => {
  const base = layerOf('services: {x: {override: merge, command: a, summary: s}}', 'a');
  const top = layerOf('services: {x: {override: replace, command: b}}', 'a');
  const combined = insertLayer([base], top, { combine: true, inner: false });
  const keys = combined.ok ? [...(combined.value[0]?.places.keys() ?? [])] : [];
  expect(keys).not.toContain('services\0x\0summary');
  expect(keys).toContain('services\0x\0command');
});

test('workloads cannot change', () => {
  const one = planOf('workloads: {w: {override: merge, user: u, environment: {A: 1, B: 2}}}');
  const same = planOf('workloads: {w: {override: replace, environment: {B: 2, A: 1}, user: u}}');
  expect(checkWorkloadsUnchanged(one, same)).toEqual({ ok: true, value: undefined });
  const message = 'cannot change immutable section "workloads"';
  for (const other of [planOf(), planOf('workloads: {w: {override: merge, user: v}}')]) {
    expect(checkWorkloadsUnchanged(one, other)).toEqual({
      ok: false,
      failure: { kind: 'bad-request', message },
    });
  }
});

const django =
  'services: {django: {override: merge, command: "gunicorn -k [ sync ]", summary: s}, x: {override: merge, command: "run [ a ]"}, y: {override: merge, command: run}}';

function withArguments(args: Record<string, string[]>) {
  const base = layerOf(django);
  const layer = argumentsLayer(planOf(django), new Map(Object.entries(args)));
  if (!layer.ok) return layer.failure;
  const layers = insertLayer([base], layer.value, { combine: false, inner: false });
  const plan = combineLayers(layers.ok ? layers.value : []);
  return plan.ok ? plan.value : plan.failure;
}

test('arguments become a layer of their own, laid over the commands', () => {
  expect(withArguments({ django: ['gevent'], y: ["it's", '['] })).toMatchObject({
    services: new Map([
      [
        'django',
        expect.objectContaining({
          command: { base: ['gunicorn', '-k'], defaults: ['gevent'] },
          summary: 's',
        }),
      ],
      ['x', expect.objectContaining({ command: { base: ['run'], defaults: ['a'] } })],
      ['y', expect.objectContaining({ command: { base: ['run'], defaults: ["it's", '['] } })],
    ]),
  });
  const layer = argumentsLayer(planOf(django), new Map());
  expect(layer.ok && layer.value).toMatchObject({ label: 'pebble-service-args', origin: 'command line' });
});

test('no arguments empty the default ones, unless an option waits for a value', () => {
  expect(withArguments({ x: [] })).toMatchObject({
    services: expect.objectContaining({}),
    text: expect.stringContaining('command: run [ ]'),
  });
  expect(withArguments({ django: [] })).toEqual({
    kind: 'bad-request',
    message:
      'cannot run service "django" without arguments: they follow "-k", which needs a value; give --args django at least one',
  });
});

test('arguments for a service that is not in the plan are refused', () => {
  expect(withArguments({ nope: ['a'] })).toEqual({
    kind: 'bad-request',
    message: 'service "nope" not found in plan',
  });
});
