import { expect, test } from 'vitest';
import { combineLayers, emptyPlan } from '../../src/core/plan.ts';
import { formatProblem } from '../../src/core/problem.ts';
import { layersOf, planOf, planProblemsOf } from './plan-kit.ts';

const service = (keys: string, override = 'merge') => `services: {x: {override: ${override}, ${keys}}}`;
const check = (keys: string, override = 'merge') => `checks: {c: {override: ${override}, ${keys}}}`;

function serviceOf(...texts: string[]) {
  const found = planOf(...texts).services.get('x');
  if (!found) throw new Error('the plan has no service x');
  return found;
}

function checkOf(...texts: string[]) {
  const found = planOf(...texts).checks.get('c');
  if (!found) throw new Error('the plan has no check c');
  return found;
}

test('no layers make the empty plan', () => {
  expect(combineLayers([])).toEqual({ ok: true, value: emptyPlan });
  expect(planOf('{}', 'summary: x', 'pairing: {}')).toEqual(emptyPlan);
});

test('defaults are filled in', () => {
  expect(serviceOf(service('command: run'))).toEqual({
    name: 'x',
    summary: '',
    description: '',
    startup: 'disabled',
    type: 'service',
    command: { base: ['run'], defaults: undefined },
    after: [],
    before: [],
    requires: [],
    workload: undefined,
    environment: {},
    account: {},
    workingDir: undefined,
    onSuccess: 'restart',
    onFailure: 'restart',
    onCheckFailure: {},
    backoff: { delay: 500, factor: 2, limit: 30_000 },
    killDelay: 5000,
    killMode: 'main-first',
  });
  expect(checkOf(check('tcp: {port: 1}'))).toEqual({
    name: 'c',
    level: undefined,
    startup: 'enabled',
    period: 10_000,
    timeout: 3000,
    threshold: 3,
    startPeriod: 0,
    services: [],
    probe: { kind: 'tcp', host: 'localhost', port: 1 },
  });
});

test('the maps of a plan are sorted by name', () => {
  const plan = planOf(
    'services: {b: {override: merge, command: x}}',
    'services: {a: {override: merge, command: x}}',
  );
  expect([...plan.services.keys()]).toEqual(['a', 'b']);
});

test('merge lays keys over each other, an empty text clears nothing, a later text wins', () => {
  const merged = serviceOf(
    service('command: one, summary: s, startup: enabled, working-dir: /a'),
    service('command: two, summary: "", startup: "", working-dir: ~'),
  );
  expect(merged).toMatchObject({ summary: 's', startup: 'enabled', workingDir: '/a' });
  expect(merged.command.base).toEqual(['two']);
});

test('replace forgets what earlier layers said', () => {
  const replaced = serviceOf(
    service('command: one, summary: s, after: [x]'),
    service('command: two', 'replace'),
  );
  expect(replaced).toMatchObject({ summary: '', after: [] });
});

test('lists are appended and keep duplicates', () => {
  const base =
    'services: {x: {override: merge, command: x, requires: [y], after: [y]}, y: {override: merge, command: y}}';
  const merged = serviceOf(base, service('requires: [y], after: [x, y]'));
  expect(merged.requires).toEqual(['y', 'y']);
  expect(merged.after).toEqual(['y', 'x', 'y']);
});

test('maps merge key by key, and "" is a value there', () => {
  const merged = serviceOf(
    service('command: x, environment: {A: 1, B: 2, C: 3}'),
    service('environment: {B: "", C: ~, D: 4}'),
  );
  expect(merged.environment).toEqual({ A: '1', B: '', C: '', D: '4' });
});

test('an id of 0 is a value, a threshold or port of 0 is not', () => {
  expect(serviceOf(service('command: x, user-id: 5'), service('user-id: 0')).account).toEqual({ userId: 0 });
  expect(
    checkOf(check('threshold: 5, tcp: {port: 80}'), check('threshold: 0, tcp: {port: 0, host: h}')),
  ).toMatchObject({
    threshold: 5,
    probe: { host: 'h', port: 80 },
  });
});

test('durations and numbers win wherever they are given, zero included', () => {
  const merged = serviceOf(
    service('command: x, backoff-delay: 9s, backoff-factor: 3'),
    service('backoff-delay: 0s'),
  );
  expect(merged.backoff).toEqual({ delay: 0, factor: 3, limit: 30_000 });
});

test('parts of a probe merge key by key, two kinds of probe do not', () => {
  const probe = checkOf(
    check('http: {url: "http://a/", headers: {A: b}}'),
    check('http: {headers: {C: d}}'),
  ).probe;
  expect(probe).toEqual({ kind: 'http', url: 'http://a/', headers: { A: 'b', C: 'd' } });
  expect(planProblemsOf(check('tcp: {port: 1}'), check('http: {url: "http://a/"}'))).toEqual([
    'l2.yaml:1:10: plan must specify one of "http", "tcp", or "exec" for check "c", not "http" and "tcp"',
  ]);
});

test('the first override of an entry stays in the plan', () => {
  expect(planOf(service('command: x', 'replace'), service('summary: s')).text).toContain('override: replace');
  expect(planOf(service('command: x', 'merge')).text).toContain('override: merge');
});

test('a time-out is never longer than the period', () => {
  expect(checkOf(check('tcp: {port: 1}, period: 2s')).timeout).toBe(2000);
});

test('a workload gives its services account and environment, under their own', () => {
  const merged = serviceOf(
    'workloads: {w: {override: merge, environment: {A: 1, B: 1}, user: u}}',
    service('command: x, workload: w, environment: {B: 2}'),
  );
  expect(merged).toMatchObject({ workload: 'w', environment: { A: '1', B: '2' }, account: { user: 'u' } });
});

const web =
  'services: {x: {override: merge, command: x, environment: {A: 1, B: 1}, user: u, group: g, working-dir: /x}}';

test('an exec check runs in its context, with its own on top', () => {
  const inContext = (keys: string) =>
    checkOf(web, check(`exec: {command: "t 'a b'", service-context: x, ${keys}}`)).probe;
  expect(inContext('environment: {B: 2}')).toEqual({
    kind: 'exec',
    command: ['t', 'a b'],
    environment: { A: '1', B: '2' },
    account: { user: 'u', group: 'g' },
    workingDir: '/x',
  });
  expect(inContext('user-id: 5, working-dir: /y')).toMatchObject({
    account: { userId: 5 },
    workingDir: '/y',
  });
  expect(inContext('group: h')).toMatchObject({ account: { user: 'u', group: 'h' } });
});

test('a check is tied to its service, or its context, or to whoever acts on its failure', () => {
  const acting =
    'services: {b: {override: merge, command: b, on-check-failure: {c: restart}}, a: {override: merge, command: a, on-check-failure: {c: ignore}}}';
  const exec = 'exec: {command: t, service-context: x}';
  expect(checkOf(web, acting, check(`${exec}, service: a`)).services).toEqual(['a']);
  expect(checkOf(web, acting, check(exec)).services).toEqual(['x']);
  expect(checkOf(web, acting, check('tcp: {port: 1}')).services).toEqual(['a', 'b']);
  expect(checkOf(web, check('tcp: {port: 1}')).services).toEqual([]);
});

test.each([
  [service('startup: enabled'), '1:12: plan must define "command" for service "x"'],
  [service('command: x, requires: [y]'), '1:56: service "y" does not exist, service "x" requires it'],
  [service('command: x, workload: w'), 'names workload "w", which does not exist'],
  [
    `{workloads: {w: {override: merge}}, ${service('command: x, workload: w, user: u')}}`,
    'has a workload and a user or group of its own',
  ],
  [service('command: x, on-check-failure: {nope: restart}'), 'acts on check "nope", which does not exist'],
  ['workloads: {w: {override: merge, group: g}}', 'workload "w" has a group but no user'],
  [check('http: {headers: {A: b}}'), 'plan must set "url" for http check "c"'],
  [check('tcp: {host: h}'), 'plan must set "port" for tcp check "c"'],
  [check('exec: {user: u}'), 'plan must set "command" for exec check "c"'],
  [check('exec: {command: x, group: g}'), 'check "c" has a group but no user'],
  [check('level: alive'), 'plan must specify one of "http", "tcp", or "exec" for check "c"'],
  [check('tcp: {port: 1}, service: y'), 'check "c" names service "y", which does not exist'],
  [check('exec: {command: x, service-context: y}'), 'names service "y", which does not exist'],
  [
    'log-targets: {t: {override: merge, location: "http://x/"}}',
    'plan must define "type" for log target "t"',
  ],
  ['log-targets: {t: {override: merge, type: loki}}', 'plan must define "location" for log target "t"'],
  ['log-targets: {t: {override: merge, type: loki, location: x}}', 'must look like "http://host:port/path"'],
  [
    'log-targets: {t: {override: merge, type: syslog, location: "http://x:1"}}',
    'must look like "tcp://host:port"',
  ],
  [
    'log-targets: {t: {override: merge, type: syslog, location: "tcp://x:99999"}}',
    'must look like "tcp://host:port"',
  ],
  [
    'log-targets: {t: {override: merge, type: loki, location: "http://x/", services: [all, -nope]}}',
    '1:87: log target "t" names service "nope", which does not exist',
  ],
])('a plan is refused: %s', (text, message) => {
  expect(planProblemsOf(text).join('\n')).toContain(message);
});

test('syslog targets are addressed by name, IPv4 or IPv6', () => {
  for (const location of ['tcp://logs:514', 'udp://10.0.0.1:514', 'tcp://[::1]:6514']) {
    expect(
      planProblemsOf(`log-targets: {t: {override: merge, type: syslog, location: "${location}"}}`),
    ).toEqual([]);
  }
});

const chain = (links: Record<string, string>) =>
  `services: {${Object.entries(links)
    .map(([name, keys]) => `${name}: {override: merge, command: x, ${keys}}`)
    .join(', ')}}`;

test('services that come after each other in a circle are refused, by name', () => {
  const problems = planProblemsOf(
    chain({ q: 'after: [p]', p: 'after: [r]', r: 'after: [q]', s: 'after: [q]' }),
  );
  expect(problems).toEqual(['l1.yaml:1:91: services in before/after loop: p, q, r']);
  expect(planProblemsOf(chain({ a: 'before: [b]', b: 'before: [a]' })).join()).toContain('loop: a, b');
});

test('a service after itself is no loop, and a circle of requires is none either', () => {
  expect(planProblemsOf(chain({ a: 'after: [a], before: [a]' }))).toEqual([]);
  expect(planProblemsOf(chain({ a: 'requires: [b]', b: 'requires: [a]' }))).toEqual([]);
});

test('after and before may name services that do not exist: that is a warning', () => {
  const { warnings } = planOf(chain({ a: 'after: [nope], before: [never]' }));
  expect(warnings.map(formatProblem)).toEqual([
    'l1.yaml:1:53: service "a" starts after service "nope", which does not exist',
    'l1.yaml:1:69: service "a" starts before service "never", which does not exist',
  ]);
});

test('all problems of a plan are told at once, by place, each in the latest layer that says it', () => {
  const problems = planProblemsOf(
    'services: {x: {override: merge, requires: [y]}}',
    'services: {x: {override: merge, requires: [z]}, w: {override: merge}}',
  );
  expect(problems).toEqual([
    'l1.yaml:1:44: service "y" does not exist, service "x" requires it',
    'l2.yaml:1:12: plan must define "command" for service "x"',
    'l2.yaml:1:44: service "z" does not exist, service "x" requires it',
    'l2.yaml:1:49: plan must define "command" for service "w"',
  ]);
});

test('a long chain of services is no problem', () => {
  const links = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`s${i}`, `after: [s${i + 1}]`]));
  expect(planOf(chain(links)).services.size).toBe(3000);
});

test('combining changes no layer', () => {
  const layers = layersOf(service('command: x, environment: {A: 1}'), service('environment: {A: 2}'));
  const before = structuredClone(layers.map(({ values }) => values));
  combineLayers(layers);
  expect(layers.map(({ values }) => values)).toEqual(before);
});
