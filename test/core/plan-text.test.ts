import { expect, test } from 'vitest';
import { compareNaturally } from '../../src/core/natural.ts';
import { layerOf, planOf } from './plan-kit.ts';

test('a plan is printed in the order and layout of Pebble', () => {
  const plan = planOf(`
checks:
  c: {exec: {working-dir: /, command: t}, period: 90s, level: alive, override: merge}
pairing: {mode: single}
workloads: {w: {user: u, environment: {A: b}, override: replace}}
log-targets: {t: {override: merge, location: 'http://x/', type: loki}}
services:
  web-10: {override: merge, command: x}
  web-2:
    kill-delay: 90s
    backoff-factor: 2.0
    on-check-failure: {c: restart}
    user-id: 0
    environment: {"y": no, B10: 1, B9: "", TEXT: "a\\nb\\n", D: 2020-01-01, E: 0o17}
    after: [web-10]
    override: replace
    command: sh -c 'echo hi' [ p ]
    startup: enabled
    summary: 'a: b'
`);
  expect(plan.text).toBe(`services:
    web-2:
        summary: 'a: b'
        startup: enabled
        override: replace
        command: sh -c 'echo hi' [ p ]
        after:
            - web-10
        environment:
            B9: ""
            B10: "1"
            D: "2020-01-01"
            E: "0o17"
            TEXT: |
                a
                b
            "y": "no"
        user-id: 0
        on-check-failure:
            c: restart
        backoff-factor: 2
        kill-delay: 1m30s
    web-10:
        override: merge
        command: x
checks:
    c:
        override: merge
        level: alive
        period: 1m30s
        threshold: 3
        exec:
            command: t
            working-dir: /
log-targets:
    t:
        type: loki
        location: http://x/
        services: []
        override: merge
workloads:
    w:
        override: replace
        environment:
            A: b
        user: u
pairing:
    mode: single
`);
});

test('text that needs quotes has single ones, also where it holds an apostrophe', () => {
  const environment = ['a: b', "sh -c 'a: b'", "'q'", ' lead', 'trail ', '#x', '- x', 'a: "b"'];
  const keys = Object.fromEntries(environment.map((text, index) => [`K${index}`, text]));
  const { text } = planOf(
    JSON.stringify({ services: { x: { override: 'merge', command: 'x', environment: keys } } }),
  );
  expect(text.match(/(?<=K\d: ).*/g)).toEqual([
    "'a: b'",
    "'sh -c ''a: b'''",
    "'''q'''",
    "' lead'",
    "'trail '",
    "'#x'",
    "'- x'",
    `'a: "b"'`,
  ]);
});

test('every kind of text survives printing and reading', () => {
  const texts = [
    '',
    ' ',
    ' a',
    'a ',
    '\n',
    '\n\na',
    'a\n',
    'a\n\n',
    'a\nb',
    ' a\n b',
    'a\n ',
    '\ta',
    'a\tb',
    'a: b',
    '# a',
    'a #b',
    '- a',
    '[a]',
    '{a}',
    '*a',
    '&a',
    '!a',
    '|',
    '>',
    '%a',
    '@a',
    '`a',
    '"',
    "'",
    `"'`,
    ':',
    '?',
    '? a',
    '-',
    '---',
    '...',
    '--- a\n...',
    'null',
    '~',
    'Yes',
    'on',
    'y',
    '=',
    '<<',
    '1',
    '1.0',
    '0x1f',
    '0o17',
    '017',
    '1_000',
    '1:30',
    '.inf',
    '.NaN',
    '1e3',
    '2020-01-01',
    'é',
    '😀',
    '\u0085',
    '\u2028',
    'a\u2028\nb',
    '\u00a0',
    '\ufeff',
    '\u0007',
    'a\r\nb',
    'word '.repeat(50),
    'a\\nb',
    `a\n${'b '.repeat(100)}\nc`,
  ];
  const environment = JSON.stringify(Object.fromEntries(texts.map((text, index) => [`K${index}`, text])));
  const plan = planOf(
    `{"services": {"x": {"override": "merge", "command": "x", "environment": ${environment}}}}`,
  );
  const again = layerOf(plan.text).values.services?.get('x')?.environment;
  expect([...(again ?? new Map()).values()]).toEqual(texts);
  // No character is left that a reader of YAML 1.1 takes for the end of a line.
  expect(plan.text).not.toMatch(/[\u0085\u2028\u2029\ufeff]/);
});

test('names sort as people count', () => {
  const names = ['a10', 'a9', 'a_b', 'aB', 'ab', 'a', 'web-10', 'web-2', 'A1_', 'A1B', 'a01', 'a1'];
  expect(names.toSorted(compareNaturally)).toEqual([
    'A1B',
    'A1_',
    'a',
    'a1',
    'a01',
    'a9',
    'a10',
    'a_b',
    'aB',
    'ab',
    'web-2',
    'web-10',
  ]);
});
