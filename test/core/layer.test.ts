import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { layerJsonSchema } from '../../src/core/layer-schema.ts';
import { parseLayer } from '../../src/core/layer.ts';
import { layerOf, problemsOf } from './plan-kit.ts';

function servicesOf(text: string) {
  return layerOf(text).values.services;
}

const full = `
summary: s
description: d
services:
  web:
    override: replace
    summary: Web
    description: The site
    startup: enabled
    command: gunicorn -k [ sync ]
    after: [db]
    before: [proxy]
    requires: [db]
    environment: {A: 1, B: true, C: yes, D: 1.0, E: ~, F: '', G: 0x1F, H: 2020-01-01}
    user-id: 0
    user: root
    group-id: 0
    group: root
    working-dir: /srv
    on-success: failure-shutdown
    on-failure: success-shutdown
    on-check-failure: {up: restart}
    backoff-delay: 90s
    backoff-factor: 1.5
    backoff-limit: 1h
    kill-delay: 30s
    kill-mode: group
checks:
  up:
    override: merge
    level: alive
    startup: disabled
    period: 1s
    timeout: 500ms
    threshold: 5
    start-period: 20s
    service: web
    http: {url: "http://localhost:8000/", headers: {Host: example.org}}
  port: {override: merge, tcp: {port: 80, host: db}}
  run:
    override: merge
    exec:
      command: test -f x
      service-context: web
      environment: {X: y}
      user-id: 1
      user: u
      group-id: 2
      group: g
      working-dir: /
log-targets:
  loki: {override: merge, type: loki, location: "http://x/", services: [all, -web], labels: {env: $X}}
workloads:
  w: {override: merge, environment: {A: b}, user-id: 1, user: u, group-id: 2, group: g}
pairing: {mode: single}
`;

test('every key of the format is read', () => {
  const { values } = layerOf(full);
  expect(values.services?.get('web')).toEqual({
    override: 'replace',
    summary: 'Web',
    description: 'The site',
    startup: 'enabled',
    command: 'gunicorn -k [ sync ]',
    after: ['db'],
    before: ['proxy'],
    requires: ['db'],
    environment: new Map(
      Object.entries({ A: '1', B: 'true', C: 'yes', D: '1.0', E: '', F: '', G: '0x1F', H: '2020-01-01' }),
    ),
    'user-id': 0,
    user: 'root',
    'group-id': 0,
    group: 'root',
    'working-dir': '/srv',
    'on-success': 'failure-shutdown',
    'on-failure': 'success-shutdown',
    'on-check-failure': new Map([['up', 'restart']]),
    'backoff-delay': 90_000,
    'backoff-factor': 1.5,
    'backoff-limit': 3_600_000,
    'kill-delay': 30_000,
    'kill-mode': 'group',
  });
  expect(values.checks?.get('run')?.exec?.environment).toEqual(new Map([['X', 'y']]));
  expect(values['log-targets']?.get('loki')?.services).toEqual(['all', '-web']);
  expect(values.pairing).toEqual({ mode: 'single' });
});

test.each(['', '# nothing', 'null', '{}', 'services:', 'services: {}', '--- {}'])(
  '%j is an empty layer',
  (text) => {
    expect(layerOf(text).values.services).toBeUndefined();
  },
);

test('every problem of a file is told, each with its line and column', () => {
  const text = `servics: {}
services:
  web:
    override: merge
    comand: x
    startup: zork
    after: db
    kill-delay: -5s
    environment: [A]
  nothing:
  -x: {override: up}
checks: {c: {override: merge, period: 5, http: {url: localhost, port: 1}}}
pairing: {mode: zz}
`;
  expect(problemsOf(text)).toEqual([
    'base.yaml:1:1: cannot use section "servics" of the layer: there is no such section, did you mean "services"?',
    'base.yaml:5:5: cannot use key "comand" of service "web": there is no such key, did you mean "command"?',
    'base.yaml:6:14: cannot use "startup" of service "web": must be "enabled" or "disabled", not "zork"',
    'base.yaml:7:12: cannot use "after" of service "web": must be a list, not text',
    'base.yaml:8:17: cannot use "kill-delay" of service "web": must not be negative, not -5s',
    'base.yaml:9:18: cannot use "environment" of service "web": must be a map, not a list',
    'base.yaml:10:3: cannot use service "nothing": it is empty; give it "override" and what it needs, or leave it out',
    'base.yaml:11:3: cannot use "-x" as service name: a service name must not start with "-"',
    'base.yaml:11:18: cannot use "override" of service "-x": must be "merge" or "replace", not "up"',
    'base.yaml:12:39: cannot use "period" of check "c": invalid duration "5", write a number with a unit, like "500ms" or "1m30s"',
    'base.yaml:12:54: cannot use "url" of "http" of check "c": must look like "http://host:port/path", not "localhost"',
    'base.yaml:12:65: cannot use key "port" of "http" of check "c": there is no such key',
    'base.yaml:13:17: cannot use "mode" of "pairing" of the layer: must be "disabled", "single" or "multiple", not "zz"',
  ]);
});

const inService = (line: string) => `services: {x: {override: merge, ${line}}}`;
const inCheck = (line: string) => `checks: {c: {override: merge, ${line}}}`;

const refused: readonly (readonly [text: string, message: string])[] = [
  ['a: {', 'read the YAML'],
  ['a: 1\n b: 2', 'read the YAML'],
  ['a: !zip 1', 'unresolved tag'],
  ['a: b: c', 'put a value that holds ": " in quotes'],
  ['a:\n\tb: c', 'use spaces'],
  [
    'summary: a\x01b',
    '1:11: cannot read the YAML: character U+0001 is not allowed here, write it as "\\u0001"',
  ],
  ['summary: caf\ufffd', '1:13: cannot read the YAML: this is not UTF-8 text'],
  ['--- {}\n--- {}', 'this starts a second'],
  ['['.repeat(50_000), 'nested too deeply'],
  [`summary: ${'x'.repeat(1024 * 1024)}`, 'larger than 1 MiB'],
  ['[]', 'must be a map, not a list'],
  ['services: [x]', 'must be a map, not a list'],
  ['services: {? [a] : {}}', 'must be text, not a list'],
  ['services: {"": {override: merge}}', 'must not be empty'],
  ['services: {pebble: {override: merge}}', 'reserved'],
  ['services: {"a\\nb": {override: merge}}', 'control characters'],
  ['services: {x: {override: merge}, x: {override: merge}}', 'line 1 has it already'],
  ['services: {x: {}}', 'it needs "override: merge" or "override: replace"'],
  ['services: {x: {override: }}', 'must be "merge" or "replace", not empty'],
  ['services: {x: *y}', 'no anchor "&y" comes before it'],
  ['services: &a {<<: *a}', 'merges deep'],
  [inService('<<: 1'), 'must be a map, not a number'],
  [inService("command: a 'b"), "the closing ' is missing"],
  [inService('command: "a ]"'), 'stands outside'],
  [inService('command: [a]'), 'must be text, not a list'],
  [
    inService('on-success: success-shutdown'),
    'must be "restart", "shutdown", "failure-shutdown" or "ignore"',
  ],
  [inService('on-failure: zip'), 'must be "restart", "shutdown", "success-shutdown" or "ignore"'],
  [inService('on-check-failure: {c: zip}'), 'must be "restart"'],
  [inService('backoff-factor: 0.5'), 'must be 1 or more, not 0.5'],
  [inService('backoff-factor: .nan'), 'must be a finite number'],
  [inService('backoff-factor: "2"'), 'must be a number, not text'],
  [inService('backoff-delay: 5'), 'invalid duration'],
  [inService('kill-delay: -1s'), 'must not be negative'],
  [inService('kill-mode: zip'), 'must be "main-first" or "group"'],
  [inService('user-id: -1'), 'must be 0 or more'],
  [inService('user-id: 1.5'), 'must be a whole number'],
  [inService('user-id: 010'), 'must not start with 0'],
  [inService('after: [""]'), 'must not be empty'],
  [inService('environment: {"A=B": c}'), 'must not hold "="'],
  [inService('environment: {A: "\\0"}'), 'NUL'],
  [inService('environment: {A: [b]}'), 'must be text, not a list'],
  ['checks: {"": {override: merge}}', 'must not be empty'],
  ['checks: {c: }', 'it is empty'],
  [inCheck('level: zip'), 'must be "alive" or "ready"'],
  [inCheck('startup: zip'), 'must be "enabled" or "disabled"'],
  [inCheck('period: 0s'), 'must be longer than zero'],
  [inCheck('period: -1s'), 'must not be negative'],
  [inCheck('timeout: 0s'), 'must be longer than zero'],
  [inCheck('start-period: -1s'), 'must not be negative'],
  [inCheck('threshold: -1'), 'must be 1 or more'],
  [inCheck('tcp: {port: 70000}'), 'must be 65535 or less'],
  [inCheck('tcp: {port: "80"}'), 'must be a number, not text'],
  [inCheck('exec: {command: "a \'b"}'), "the closing ' is missing"],
  [inCheck('http: {url: "ftp://x/"}'), 'must look like'],
  [inCheck('http: {url: "http://x/", headers: {"a b": c}}'), 'not the name of an HTTP header'],
  [inCheck('http: {url: "http://x/", headers: {a: "b\\nc"}}'), 'Latin-1'],
  ['log-targets: {t: }', 'it is empty'],
  ['log-targets: {t: {override: merge, type: zip}}', 'must be "loki", "opentelemetry" or "syslog"'],
  ['log-targets: {t: {override: merge, labels: {pebble_x: y}}}', 'reserved'],
  ['workloads: {w: }', 'it is empty'],
  ['workloads: {"": {override: merge}}', 'must not be empty'],
  ['pairing: {mode: zip}', 'must be "disabled", "single" or "multiple"'],
  ['{services: {constructor: {override: merge, toString: x}}}', 'there is no such key'],
];

test.each(refused.map(([text, message]) => [message, text] as const))(
  'a layer is refused because of: %s',
  (message, text) => {
    expect(problemsOf(text).join('\n')).toContain(message);
  },
);

test('a character that is written as an escape is not taken for a broken file', () => {
  expect(layerOf('summary: "\\ufffd\\u0001"').values.summary).toBe('\ufffd\x01');
});

test('of a file that is no text only the first spot is told, of other characters each line', () => {
  expect(problemsOf('a: \ufffd\nb: \ufffd\x01\n]')).toHaveLength(1);
  expect(problemsOf('a: \x01\x02\nb: \x03\n')).toHaveLength(2);
});

test('labels that begin with "pebble-" are reserved', () => {
  expect(problemsOf('{}', 'pebble-x')).toEqual([
    'pebble-x.yaml: cannot use label "pebble-x": the prefix "pebble-" is reserved',
  ]);
});

test('anchors, aliases and merge keys work, and a key of its own comes before a merged one', () => {
  const services = servicesOf(`services:
  a: &a {override: merge, command: x, environment: &e {A: 1, B: 2}}
  b: *a
  c: {<<: *a, command: y, environment: {<<: [{B: 3}, *e], C: 4}}
`);
  expect(services?.get('b')).toEqual(services?.get('a'));
  expect(services?.get('c')?.command).toBe('y');
  expect(services?.get('c')?.environment).toEqual(new Map(Object.entries({ C: '4', B: '3', A: '1' })));
});

test('aliases that would grow without bound are refused in good time', () => {
  const levels = Array.from(
    { length: 18 },
    (_, i) => `  l${i + 1}: &l${i + 1} {<<: [*l${i}, *l${i}, *l${i}]}`,
  );
  const laughs = `services:\n  l0: &l0 {override: merge, command: x}\n${levels.join('\n')}\n`;
  expect(problemsOf(laughs).join('\n')).toContain('more than 100000 values');
  const wide = Array.from({ length: 400 }, (_, i) => `A${i}: x`).join(', ');
  const many = Array.from({ length: 400 }, (_, i) => `  s${i}: {override: merge, environment: *e}`).join(
    '\n',
  );
  const broad = `services:\n  s: {override: merge, environment: &e {${wide}}}\n${many}\n`;
  expect(problemsOf(broad).join('\n')).toContain('more than 100000 values');
});

test('a key named like a part of every object is a key like any other', () => {
  const services = servicesOf(inService('environment: {__proto__: a, constructor: b}'));
  expect([...(services?.get('x')?.environment ?? [])]).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
});

test('parsing never throws on arbitrary text', () => {
  const piece = fc.constantFrom(
    'services',
    ':',
    ' ',
    '\n',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '&a',
    '*a',
    '<<',
    '"',
    "'",
    '|',
    '%',
    '?',
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: piece })), (text) => {
      expect(parseLayer({ text, file: 'f', label: 'l', order: 0, origin: 'o' })).toHaveProperty('ok');
    }),
  );
});

test('parsing never throws on arbitrary values written as YAML', () => {
  const key = fc.constantFrom(
    'services',
    'checks',
    'x',
    'override',
    'environment',
    'http',
    'threshold',
    'after',
    '__proto__',
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('merge', 'x', '', null, 1, -0.5, true),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), tree), (value) => {
      const parsed = parseLayer({ text: stringify(value), file: 'f', label: 'l', order: 0, origin: 'o' });
      expect(parsed).toHaveProperty('ok');
    }),
  );
});

test('the JSON Schema describes every key', () => {
  const missing: string[] = [];
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { properties, additionalProperties } = schema as Record<string, unknown>;
    for (const [key, one] of Object.entries(properties ?? {})) {
      if (!(one as { description?: string }).description) missing.push(`${path}/${key}`);
      walk(one, `${path}/${key}`);
    }
    walk(additionalProperties, `${path}/*`);
  };
  const schema = layerJsonSchema();
  walk(schema, '');
  expect(missing).toEqual([]);
  expect(JSON.stringify(schema)).toContain('"kill-mode"');
  walk({ properties: { planted: {} } }, '');
  expect(missing).toEqual(['/planted']);
});
