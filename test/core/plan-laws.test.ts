// The laws of the plan: combining is associative and pure, and a printed plan reads back as itself.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isEqual } from '../../src/core/equal.ts';
import { insertLayer } from '../../src/core/insert-layer.ts';
import type { LayerValues } from '../../src/core/layer-schema.ts';
import type { Layer } from '../../src/core/layer.ts';
import { mergeLayers, mergeValues } from '../../src/core/merge.ts';
import { combineLayers } from '../../src/core/plan.ts';
import { layerOf } from './plan-kit.ts';

const name = fc.constantFrom('a', 'b', 'web-2', 'web-10', 'yes', '__proto__');
const text = fc.oneof(
  fc.constantFrom('', 'no', '1.0', 'x: y', 'a\n b\n', '~', ' '),
  fc.string({ unit: 'grapheme' }),
);
const words = fc.constantFrom('run', 'run -k [ sync ]', "sh -c 'a  b'");
const names = fc.array(name, { maxLength: 2 });
const override = fc.constantFrom('merge' as const, 'replace' as const);
const environment = fc.dictionary(fc.constantFrom('A', 'B', '__proto__'), text, { maxKeys: 3 });
const duration = fc.constantFrom('1s', '90s', '1.5ms');
const account = { 'user-id': fc.nat(3), user: fc.constantFrom('u', '') };

const service = fc.record(
  {
    override,
    summary: text,
    startup: fc.constantFrom('enabled', 'disabled', ''),
    command: words,
    after: names,
    requires: names,
    environment,
    ...account,
    'on-failure': fc.constantFrom('restart', 'ignore'),
    'backoff-delay': duration,
    'backoff-factor': fc.double({ min: 1, max: 9, noNaN: true }),
  },
  { requiredKeys: ['override'] },
);
const check = fc.record(
  {
    override,
    level: fc.constantFrom('alive', 'ready'),
    period: duration,
    threshold: fc.nat(5),
    http: fc.record({
      url: fc.constantFrom('http://a/', 'http://b/'),
      headers: fc.dictionary(fc.constantFrom('A', 'B'), fc.constantFrom('', 'x')),
    }),
  },
  { requiredKeys: ['override'] },
);
const layerText = fc
  .record(
    {
      summary: text,
      description: text,
      services: fc.dictionary(name, service, { maxKeys: 3 }),
      checks: fc.dictionary(name, check, { maxKeys: 2 }),
      workloads: fc.dictionary(
        name,
        fc.record({ override, environment, ...account }, { requiredKeys: ['override'] }),
      ),
      pairing: fc.record({ mode: fc.constantFrom('single', 'multiple') }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  )
  // A layer that holds U+FFFD itself is taken for one that is not UTF-8.
  .map((layer) => JSON.stringify(layer).replaceAll('\ufffd', '\\ufffd'));
const layer = layerText.map((written) => layerOf(written));

type Merge = (base: LayerValues, top: LayerValues) => LayerValues;

/** Maps as records, so that the order of keys does not count. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries: [string, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, one]) => [key, plain(one)]));
}

function isAssociative(merge: Merge) {
  return fc.property(layer, layer, layer, ({ values: a }, { values: b }, { values: c }) =>
    isEqual(plain(merge(merge(a, b), c)), plain(merge(a, merge(b, c)))),
  );
}

test('combining is associative', () => {
  expect(fc.check(isAssociative(mergeValues))).toMatchObject({ failed: false });
});

test('the law of association notices a merge whose outcome tells how it was bracketed', () => {
  const planted: Merge = (base, top) => ({
    ...mergeValues(base, top),
    summary: `(${base.summary ?? ''} ${top.summary ?? ''})`,
  });
  expect(fc.check(isAssociative(planted)).failed).toBe(true);
});

test('combining, inserting and merging change no layer', () => {
  fc.assert(
    fc.property(layer, layer, fc.boolean(), (a, b, combine) => {
      const before = structuredClone([a, b]);
      combineLayers([a, b]);
      mergeLayers(a, b);
      insertLayer([a], b, { combine, inner: true });
      expect([a, b]).toEqual(before);
    }),
  );
});

/** What makes any layer a whole plan: every service runs, every check probes, and every name exists. */
const ground = layerOf(
  JSON.stringify({
    services: Object.fromEntries(
      ['a', 'b', 'web-2', 'web-10', 'yes'].map((one) => [one, { override: 'merge', command: 'base' }]),
    ),
  }),
  'ground',
  1,
);

test('a printed plan reads back, over itself and alone, as the same plan', () => {
  let plans = 0;
  fc.assert(
    fc.property(fc.array(layer, { minLength: 1, maxLength: 3 }), (layers) => {
      const combined = combineLayers([ground, ...layers]);
      if (!combined.ok) return;
      plans += 1;
      const again = combineLayers([layerOf(combined.value.text)]);
      expect(again.ok && { ...again.value, warnings: [] }).toEqual({ ...combined.value, warnings: [] });
      const replacing = layerOf(
        combined.value.text.replaceAll('override: merge', 'override: replace'),
        'again',
      );
      const over = combineLayers([ground, ...layers, replacing]);
      expect(over.ok && over.value.services).toEqual(combined.value.services);
    }),
    { numRuns: 300 },
  );
  expect(plans).toBeGreaterThan(20);
});

test('a layer combined into the one of its label is the same as laid over it', () => {
  fc.assert(
    fc.property(layer, layer, (a, b) => {
      const inserted = insertLayer([ground, a], { ...b, label: a.label }, { combine: true, inner: false });
      const textOf = (layers: readonly Layer[]) => {
        const combined = combineLayers(layers);
        return combined.ok ? combined.value.text : combined.failure.map((problem) => problem.message);
      };
      expect(inserted.ok && textOf(inserted.value)).toEqual(textOf([ground, a, b]));
    }),
  );
});
