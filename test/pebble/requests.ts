// Requests that Pebble and djsup are both asked, in this order, of the same layers.

export const layers = {
  '001-base.yaml': `
services:
  a: {override: replace, command: sleep 1000, startup: enabled}
  b: {override: replace, command: sleep 1001, requires: [a], summary: hi}
  c: {override: replace, command: sleep 1002, requires: [b], after: [b]}
  fail: {override: replace, command: "sh -c 'echo oops; exit 3'", on-failure: ignore}
  loud: {override: replace, command: "sh -c 'echo \\"<a&b>\\" é; echo err >&2; sleep 1000'"}
checks:
  one: {override: replace, exec: {command: 'true'}, level: alive, period: 1000s}
  off: {override: replace, tcp: {port: 1}, startup: disabled}
`,
};

/** Paths that are asked with GET: the whole reply must be the same. */
export const gets: readonly string[] = [
  '/v1/health',
  '/v1/health?level=alive',
  '/v1/health?level=zip',
  '/v1/health?names=nope',
  '/v1/services',
  '/v1/services?names=a,b',
  '/v1/services?names=a&names=%20b%20,,',
  '/v1/services?names=nope',
  '/v1/services/a',
  '/v1/changes',
  '/v1/changes?select=all',
  '/v1/changes?select=all&for=a',
  '/v1/changes?select=zip',
  '/v1/changes/2',
  '/v1/changes/999',
  '/v1/changes/2/wait',
  '/v1/changes/1/wait?timeout=50ms',
  '/v1/changes/1/wait?timeout=-1s',
  '/v1/changes/999/wait',
  '/v1/plan',
  '/v1/plan?format=yaml',
  '/v1/plan?format=json',
  '/v1/checks',
  '/v1/checks?level=alive',
  '/v1/checks?level=zip',
  '/v1/checks?names=one,off',
  '/v1/logs?services=a',
  '/v1/logs?services=loud&n=-1',
  '/v1/logs?services=loud&n=0',
  '/v1/logs?services=loud&n=1',
  '/v1/logs?n=-2',
  '/v1/logs?n=x',
  '/v1/logs?follow=x',
  '/v1/logs?services=nope',
  '/',
  '/v1',
  '/v1/',
  '/v1/services/',
  '/v1//services',
  '/v1/../v1/services',
  '/v1/./services?names=a',
  '//v1/services',
  '/v1/zip',
  '/v1/changes/',
  '/v1/changes/a%2Fb',
  '/v1/signals',
];

/** Methods that no route has. */
export const methods: readonly string[] = ['HEAD', 'DELETE', 'PUT', 'OPTIONS', 'PATCH'];

type Post = readonly [path: string, body: string];

const bodies: readonly string[] = [
  '',
  'x',
  '{',
  'null',
  '{}',
  '{"action":"start"}',
  '{"action":"start","NAMES":null}',
  '{"action":"zip"}',
  '{"action":"zip","NAMES":["a"]} junk',
  '{"ACTION":"zip","NAMES":["a"]}',
  '{"action":"","NAMES":[]}',
  '{"action":"start","NAMES":["zz"]}',
  '{"action":"stop","NAMES":["zz"]}',
  '{"action":"start","action":"zip","NAMES":["a"]}',
];

const post = (path: string, ...given: readonly string[]): readonly Post[] =>
  given.map((body): Post => [path, body]);

/** Bodies that are posted: the whole reply must be the same. */
export const posts: readonly Post[] = [
  ...post('/v1/services', ...bodies.map((body) => body.replaceAll('NAMES', 'services'))),
  ...post(
    '/v1/services',
    '{"action":"autostart","services":["a"]}',
    '{"action":"restart","services":["zz"]}',
  ),
  ...post('/v1/checks', ...bodies.map((body) => body.replaceAll('NAMES', 'checks'))),
  ...post(
    '/v1/checks',
    '{"action":"start","checks":["one"]}',
    '{"action":"start","checks":["off","zz","x"]}',
  ),
  ...post('/v1/checks/refresh', '', '{}', '{"name":"zz"}', '{"name":"one"}'),
  ...post('/v1/checks', '{"action":"stop","checks":["one","off"]}', '{"action":"start","checks":["one"]}'),
  ...post('/v1/signals', '', '{}', '{"signal":"SIGHUP"}', '{"signal":"SIGFOO","services":["a"]}'),
  ...post('/v1/signals', '{"signal":"HUP","services":["a"]}', '{"signal":"SIGURG","services":["a"]}'),
  ...post('/v1/signals', '{"signal":"SIGHUP","services":["b","zz"]}', '{"signal":"sigurg","services":["a"]}'),
  ...post('/v1/changes/2', '', '{}', '{"action":"zip"}', '{"action":"abort"}'),
  ...post('/v1/changes/999', '{"action":"abort"}'),
  ...post(
    '/v1/layers',
    '',
    '{}',
    '{"action":"add"}',
    '{"action":"add","label":"x"}',
    '{"action":"zip","label":"x"}',
  ),
  ...post(
    '/v1/layers',
    '{"action":"add","label":"x","format":"yaml"}',
    '{"action":"add","label":"x","format":"yaml"}',
  ),
  ...post('/v1/plan', '{}'),
  ...post('/v1/health', '{}'),
  ...post('/v1/zip', '{}'),
];

const custom = (rest: string): string => `{"action":"add","type":"custom",${rest}}`;

/** Bodies that are posted to /v1/notices: the whole reply must be the same. */
export const noticePosts: readonly string[] = [
  '',
  '{}',
  '{"action":"zip"}',
  '{"action":"add"}',
  '{"action":"add","type":"zip","key":"a.b/c"}',
  '{"action":"add","type":"warning","key":"a.b/c"}',
  ...[
    '',
    'a',
    'a.b',
    'a/b',
    'A.b/c',
    'a.b/c_d',
    'a.b/',
    '-a.b/c',
    'a-b.c/d-',
    'a..b/c',
    'a.b/c.d',
    'a.b/c//d',
  ].map((key) => custom(`"key":"${key}"`)),
  custom('"key":"a.b/c"'),
  custom('"key":"a-1.b-2.c/d-3/4","data":{"x":"y","<":"é"}'),
  custom('"key":"a.b/c","data":{},"repeat-after":"1h"'),
  custom('"key":"a.b/c","data":null,"repeat-after":""'),
  custom('"key":"a.b/c","data":{"k":"v"},"repeat-after":"1h"'),
  custom(`"key":"a.b/${'c'.repeat(252)}"`),
  custom(`"key":"a.b/${'c'.repeat(253)}"`),
  custom(`"key":"a.b/d","data":{"k":"${'v'.repeat(4088)}"}`),
  custom(`"key":"a.b/d","data":{"k":"${'v'.repeat(4089)}"}`),
];

/** Paths below /v1/notices that are asked with GET: the whole reply must be the same. */
export const noticeGets: readonly string[] = [
  '',
  '?types=custom',
  '?types=change-update,zip',
  '?types=zip',
  '?types=zip&timeout=5s',
  '?types=&keys=1',
  '?keys=a.b/c,1',
  '?keys=a.b/c&keys=1',
  '?keys=zip.zip/zip',
  '?keys=zip.zip/zip&timeout=50ms',
  '?keys=zip.zip/zip&timeout=-1s',
  '?timeout=1h',
  '?users=all',
  '?users=zip',
  '?users=all&user-id=1',
  '?user-id=0&types=custom',
  '?user-id=5&types=custom',
  '?user-id=-1',
  '?user-id=99999999999',
  '?user-id=1&user-id=2',
  '?after=2020-01-01T00:00:00Z&types=custom',
  '?after=2120-01-01T00:00:00Z',
  '/1',
  '/999',
];

/** Bodies of the wrong type: refused alike, in words of our own. */
export const wrongTypes: readonly Post[] = [
  ...post('/v1/services', '[]', '"x"', '1', '{"action":1}', '{"action":"start","services":"a"}'),
  ...post('/v1/services', '{"action":"start","services":[1]}'),
  ...post('/v1/checks/refresh', '{"name":1}'),
  ...post('/v1/notices', custom('"key":"a.b/c","data":1'), custom('"key":"a.b/c","data":{"a":1}')),
  ...post('/v1/notices', custom('"key":"a.b/c","repeat-after":"zip"'), custom('"key":1')),
  ...post('/v1/layers', '{"action":"add","label":"y","format":"yaml","layer":1}'),
  ...post('/v1/layers', '{"action":"add","label":"y","format":"yaml","combine":"yes"}'),
];
