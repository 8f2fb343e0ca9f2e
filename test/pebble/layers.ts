// Layers that Pebble and djsup are both given.
import * as fc from 'fast-check';
import type { LayerFiles } from './pair.ts';

/** What the layers are added to. */
export const base = {
  '001-base.yaml': `
services:
  svc: {override: replace, command: sleep 1000}
checks:
  chk: {override: replace, exec: {command: 'true'}, startup: disabled}
log-targets:
  log: {override: replace, type: loki, location: "http://localhost:1/", services: [all]}
workloads:
  load: {override: replace, environment: {A: b}}
`,
};

const service = (rest: string) => `services: {x: {override: replace, command: run, ${rest}}}`;
const check = (rest: string) => `checks: {c: {override: replace, startup: disabled, ${rest}}}`;
const target = (rest: string) => `log-targets: {t: {override: replace, ${rest}}}`;

/** Taken by both, or refused by both. */
export const alike: readonly string[] = [
  '',
  'null',
  '{}',
  '# nothing',
  '[]',
  'a',
  '1',
  'bar: 1',
  'services: []',
  'services: null',
  'summary: 1',
  'summary: [a]',
  'services: {x: null}',
  'services: {"": {override: replace, command: x}}',
  'services: {pebble: {override: replace, command: x}}',
  'services: {-x: {override: replace, command: x}}',
  'services: {all: {override: replace, command: x}}',
  'services: {x: {command: x}}',
  'services: {x: {override: zip, command: x}}',
  'services: {x: {override: merge}}',
  'services: {svc: {override: replace}}',
  'services: {svc: {override: merge, zork: 1}}',
  service('command2: y'),
  ...[
    "a 'b",
    'a \\',
    'a [ b [ c ] ]',
    'a [ b ] c',
    '[ b ]',
    'a ]',
    'a [ b',
    'a [ ]',
    '',
    'a #b',
    'a b#c',
  ].map((command) => JSON.stringify({ services: { x: { override: 'replace', command } } })),
  ...['on-success', 'on-failure'].flatMap((key) =>
    ['restart', 'shutdown', 'success-shutdown', 'failure-shutdown', 'ignore', 'zip', ''].map((action) =>
      service(`${key}: "${action}"`),
    ),
  ),
  ...['restart', 'success-shutdown', 'failure-shutdown', 'zip'].map((action) =>
    service(`on-check-failure: {chk: ${action}}`),
  ),
  ...['0.5', '1', '0', 'zz', '.inf', '1e3', 'null'].map((factor) => service(`backoff-factor: ${factor}`)),
  ...['5', '"5"', '0', '0s', '1.5s', '[1s]', '1h2m3.5s', '""', 'null', '1d'].map((time) =>
    service(`backoff-limit: ${time}`),
  ),
  service('kill-delay: 0s'),
  service('after: y'),
  service('after: [nope], before: [nope]'),
  service('requires: [nope]'),
  service('after: [x], requires: [x]'),
  service('after: [svc], before: [svc]'),
  service('environment: {A: 1, B: true, C: null, D: 1.0, E: yes, F: 0x10, G: 2020-01-01, H: ~}'),
  service('environment: [A=1]'),
  service('environment: {A: b, A: c}'),
  service('user-id: 0x10'),
  service('user-id: zip'),
  service('workload: load'),
  service('workload: nope'),
  service('workload: load, user: root'),
  check('http: {}'),
  check('http: {url: "http://x", zz: 1}'),
  check('tcp: {port: 0}'),
  check('tcp: {port: 80, host: ""}'),
  check('exec: {command: ""}'),
  check('exec: {command: "a \'b"}'),
  check('exec: {command: x, service-context: nope}'),
  check('exec: {command: x, group: root}'),
  check('exec: {command: x}, http: {url: "http://x"}'),
  check('level: zip, tcp: {port: 1}'),
  check('period: 0s, tcp: {port: 1}'),
  check('timeout: 0s, tcp: {port: 1}'),
  check('threshold: 0, tcp: {port: 1}'),
  'checks: {c: null}',
  'checks: {chk: {override: merge, http: {url: "http://x"}}}',
  target('type: loki'),
  target('location: "http://x"'),
  target('type: zip, location: "http://x"'),
  target('type: loki, location: "http://x", services: [nope]'),
  target('type: loki, location: "http://x", services: [-all, svc]'),
  target('type: loki, location: "http://x", labels: {pebble_x: y}'),
  'workloads: {load: {override: merge, environment: {A: c}}}',
  'workloads: {load: {override: replace, environment: {A: b}}}',
  'workloads: {load: null}',
  'workloads: {w: {}}',
  'pairing: {mode: zz}',
  'a: b: c',
  'services:\n\tx: 1',
  'services: {svc: {override: merge}, svc: {override: merge}}',
  '*foo',
  'summary: a\u0001b',
  'services: {1: {override: replace, command: x}, true: {override: replace, command: x}}',
];

/** Taken by Pebble, refused by djsup: nobody means them. */
export const stricter: readonly string[] = [
  'services: {svc: {override: merge, startup: zork}}',
  'services: {x: {override: replace, command: " "}}',
  service('on-check-failure: {nope: restart}'),
  service('kill-delay: -3s'),
  service('environment: {A=B: x}'),
  service('user-id: -1'),
  service('user-id: 1.5'),
  check('http: {url: nope}'),
  check('tcp: {port: 70000}'),
  check('period: -1s, tcp: {port: 1}'),
  check('threshold: -1, tcp: {port: 1}'),
  target('type: syslog, location: nope'),
  '--- {}\n--- {}',
];

const word = fc.constantFrom(
  'a',
  '',
  'x y',
  "it's",
  '0',
  'yes',
  '- x',
  'a: b',
  "sh -c 'a: b'",
  ' lead',
  'b\n',
  '"',
);
const command = fc.constantFrom('sleep 1', 'a b [ c d ]', "sh -c 'echo a: b'", 'a [ ]', 'a #b');
const duration = fc.constantFrom('1s', '90s', '1.5s', '2h');
const variables = fc.dictionary(fc.constantFrom('A', 'B9', 'B10', 'c'), word, { maxKeys: 2 });
const override = fc.constantFrom('merge', 'replace');
const serviceNames = ['s1', 's2', 's10', 'web-2'] as const;
const entry = (model: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc.record({ override, ...model }, { requiredKeys: ['override'] });
const oneService = entry({
  summary: word,
  startup: fc.constantFrom('enabled', 'disabled', ''),
  command,
  requires: fc.array(fc.constantFrom(...serviceNames), { maxLength: 2 }),
  environment: variables,
  'working-dir': fc.constantFrom('/x', ''),
  'on-success': fc.constantFrom('restart', 'ignore'),
  'backoff-delay': duration,
  'backoff-factor': fc.constantFrom(1, 1.5, 3.25),
  'kill-delay': duration,
});
// Without a threshold: combining with a layer of the same label makes Pebble forget the one of an earlier layer.
const oneCheck = entry({
  startup: fc.constant('disabled'),
  level: fc.constantFrom('alive', 'ready', ''),
  period: duration.filter((text) => text !== '1s' && text !== '1.5s'),
  http: fc.record({
    url: fc.constant('http://x/'),
    headers: fc.dictionary(fc.constantFrom('A', 'B'), fc.constantFrom('x', '')),
  }),
});
const sections = {
  services: fc.dictionary(fc.constantFrom(...serviceNames), oneService, { maxKeys: 3 }),
  checks: fc.dictionary(fc.constantFrom('c1', 'c2'), oneCheck, { maxKeys: 2 }),
};
/** Layers to add, valid ones, that merge and replace each other's keys. */
export const additions = fc.record({
  // Not "foo" beside "foo/bar", which Pebble takes for a part of that sub-directory.
  label: fc.constantFrom('foo/bar', 'foo/baz', 'zip/x', 'base', 'other', 'third'),
  combine: fc.boolean(),
  inner: fc.boolean(),
  layer: fc.record(sections, { requiredKeys: [] }),
});

const one = (name: string) => `services: {${name}: {override: replace, command: "${name}"}}`;
/** Files below `layers/`, which both read alike or refuse alike. */
export const directories: readonly LayerFiles[] = [
  { '001-foo.yml': 'x', README: 'x', '001-abc.yaml': one('a') },
  { '000-foo.yaml': one('a') },
  ...['01-foo', '0001-foo', '001-fo', '001-Foo', '001-foo_bar', '001-foo-', '001-1foo', '001foo', 'foo'].map(
    (name) => ({ [`${name}.yaml`]: one('a') }),
  ),
  { '001-foo.d': one('a') },
  { '010-foo.d/002-two.yaml': one('b'), '010-foo.d/001-one.yaml': one('a'), '009-bar.yaml': one('c') },
  { '001-foo.d/001-bar.d/001-baz.yaml': one('a') },
  { '001-foo.d/bad.yaml': one('a') },
  { '001-foo.yaml': one('a'), '001-bar.yaml': one('b') },
  { '001-foo.yaml': one('a'), '002-foo.d/001-abc.yaml': one('b') },
  { '001-pebble-x.yaml': one('a') },
  { '001-foo.yaml': 'bar: 1' },
  { '002-foo.yaml': 'services: {a: {override: merge, command: y}}', '001-bar.yaml': one('a') },
  {},
];
