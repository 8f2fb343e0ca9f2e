import { expect, test } from 'vitest';
import { profiles } from '../../src/core/leader/timing.ts';
import { planOf, planProblemsOf, problemsOf } from './plan-kit.ts';

/** A plan of one service of this name and with these keys. */
function groupOf(name: string, keys = ''): string | undefined {
  return planOf(`services: {${name}: {override: replace, command: x${keys}}}`).services.get(name)
    ?.leaderGroup;
}

test('a service whose name ends in -scheduler, in any case, is a singleton of the group "schedulers"', () => {
  expect(groupOf('beat-scheduler')).toBe('schedulers');
  expect(groupOf('Beat-SCHEDULER')).toBe('schedulers');
  expect(groupOf('scheduler')).toBeUndefined();
  expect(groupOf('beat-scheduler-2')).toBeUndefined();
  expect(groupOf('celery-worker')).toBeUndefined();
});

test('singleton: always and never decide against the name, leader-group names another group', () => {
  expect(groupOf('beat', ', singleton: always')).toBe('schedulers');
  expect(groupOf('beat', ', singleton: always, leader-group: beats')).toBe('beats');
  expect(groupOf('beat', ', leader-group: beats')).toBeUndefined();
  expect(groupOf('beat-scheduler', ', singleton: never')).toBeUndefined();
  expect(groupOf('beat-scheduler', ', singleton: auto, leader-group: beats')).toBe('beats');
  expect(problemsOf('services: {a: {override: replace, singleton: sometimes}}')).toEqual([
    'base.yaml:1:46: cannot use "singleton" of service "a": must be "auto", "always" or "never", not "sometimes"',
  ]);
});

test('a group that no layer defines has the defaults; without singletons there is none', () => {
  const { leader } = planOf('services: {a-scheduler: {override: replace, command: x}}');
  expect(leader.get('schedulers')).toEqual({
    group: 'schedulers',
    settings: {},
    timing: profiles.default,
    handicap: 0,
  });
  expect(planOf('services: {a-worker: {override: replace, command: x}}').leader.size).toBe(0);
});

test('layers of a group merge or replace as others do', () => {
  const base =
    'leader: {schedulers: {override: replace, backend: redis, profile: fast, redis: {prefix: "x:"}}}';
  const merged = planOf(
    base,
    'leader: {schedulers: {override: merge, lease-duration: 8s, redis: {dsn-env: R}}}',
  );
  expect(merged.leader.get('schedulers')).toMatchObject({
    settings: { backend: 'redis', redis: { prefix: 'x:', 'dsn-env': 'R' } },
    timing: { ...profiles.fast, lease: 8e9 },
  });
  const replaced = planOf(base, 'leader: {schedulers: {override: replace, backend: file}}');
  expect(replaced.leader.get('schedulers')).toMatchObject({
    settings: { backend: 'file' },
    timing: profiles.default,
  });
});

test('single timings override those of the profile', () => {
  const timing = planOf(
    'leader: {g: {override: replace, lease-duration: 20s, renew-period: 1500ms, request-timeout: 1s, lost-kill-delay: 2s, max-clock-drift: 0.5%}}',
  ).leader.get('g')?.timing;
  expect(timing).toEqual({
    ...profiles.default,
    lease: 20e9,
    renew: 1.5e9,
    timeout: 1e9,
    lostKillDelay: 2e9,
    drift: 0.005,
  });
});

test('timings that could run two are refused where they stand, with the sum', () => {
  expect(planProblemsOf('leader:\n  g:\n    override: replace\n    lease-duration: 5s\n')).toEqual([
    'l1.yaml:2:3: leader group "g": cannot use these leader timings: two tries of a renewal take 2.5s + 2 x 2s + 300ms = 6.8s, but a lease leaves 1.2s for them (5s less 1% - 500ms - 3s - 250ms); use a lease-duration of 10.657s or more, or shorten renew-period, request-timeout or lost-kill-delay',
  ]);
});

test('timings that leave two tries only are worth a warning', () => {
  const { warnings } = planOf('leader: {g: {override: replace, profile: fast}}');
  expect(warnings.map(({ message }) => message)).toEqual([
    'leader group "g": only two tries of a renewal fit in a lease: three would take 1s + 3 x 1s + 2 x 300ms = 4.6s of 4.39s',
  ]);
});

test.each([
  ['backend: zookeeper', '"backend" of leader group "g"'],
  ['max-clock-drift: 1', '"max-clock-drift" of leader group "g": must look like "1%"'],
  ['priority: 1', '"priority" of leader group "g": must be 0 or less, not 1'],
  ['file: {path: leader.lock}', '"path" of "file" of leader group "g": must be an absolute path'],
  ['on-store-failure: hold', 'key "on-store-failure" of leader group "g": there is no such key'],
])('%s is refused', (key, problem) => {
  expect(problemsOf(`leader: {g: {override: replace, ${key}}}`).join()).toContain(`cannot use ${problem}`);
});

test('a group is called neither by an action of "djsup leader" nor by what no engine would take', () => {
  expect(problemsOf('leader: {pause: {override: replace}}').join()).toContain(
    'this is a word of `djsup leader`',
  );
  expect(problemsOf('leader: {"a b": {override: replace}}').join()).toContain('a group has up to 63 letters');
});

test('a lower priority holds back 50 ms a step', () => {
  expect(planOf('leader: {g: {override: replace, priority: -3}}').leader.get('g')?.handicap).toBe(150);
});

test('a check may watch a group that services belong to', () => {
  const service = 'services: {a-scheduler: {override: replace, command: x}}\n';
  const probe = planOf(`${service}checks: {led: {override: replace, leader: {after: 2m}}}`).checks.get(
    'led',
  )?.probe;
  expect(probe).toEqual({ kind: 'leader', group: 'schedulers', after: 120_000 });
  expect(planProblemsOf(`${service}checks: {led: {override: replace, leader: {group: other}}}`)).toEqual([
    'l1.yaml:2:35: check "led" watches leader group "other", which no service belongs to',
  ]);
});

test('a move that cannot be is refused where it stands', () => {
  const refusals = (keys: string): string[] =>
    planProblemsOf(`leader:\n  schedulers: {override: replace, ${keys}}`);
  expect(refusals('backend: postgres, moved-from: {backend: redis}')).toEqual([]);
  expect(refusals('backend: postgres, moved-from: {name: old}')).toEqual([
    expect.stringMatching(/^l1.yaml:2:\d+: "moved-from" of leader group "schedulers": it needs "backend"/),
  ]);
  expect(refusals('backend: none, moved-from: {backend: redis}')).toEqual([
    expect.stringMatching(
      /^l1.yaml:2:\d+: .*no record can be held against backend "none".*stop all replicas/,
    ),
  ]);
  expect(refusals('backend: file, moved-from: {backend: file}')).toEqual([
    expect.stringMatching(/^l1.yaml:2:\d+: .*a guard can hold but one lock file/),
  ]);
  expect(problemsOf('leader: {s: {override: replace, moved-from: {backend: auto}}}')).toEqual([
    expect.stringMatching(/^base.yaml:1:\d+: cannot use "backend" of "moved-from" .* must be "kubernetes"/),
  ]);
});

test('two groups that would share one record are refused', () => {
  const both = (one: string, other: string, names = ['a', 'b']): readonly string[] =>
    planProblemsOf(
      `leader:\n  ${names[0]}: {override: replace${one}}\n  ${names[1]}: {override: replace${other}}\n`,
    );
  const refusal = (record: string, names = ['a', 'b']): readonly string[] => [
    `l1.yaml:3:3: leader groups "${names[0]}" and "${names[1]}" would share one record, ${record}: give each its own`,
  ];
  expect(both(', name: shop', ', name: shop')).toEqual(refusal('the one named "shop"'));
  expect(both(', file: {path: /l}', ', file: {path: /l}')).toEqual(refusal('the lock file "/l"'));
  expect(both(', kubernetes: {lease: l}', ', kubernetes: {lease: l}')).toEqual(refusal('the Lease "l"'));
  const alike = ['email-reports', 'email_reports'];
  expect(both('', '', alike)).toEqual(refusal('the one that is named "…-email-reports" by default', alike));
  expect(both(', kubernetes: {lease: l}', ', kubernetes: {lease: l, namespace: n}')).toEqual([]);
  expect(both(', name: shop', ', name: other')).toEqual([]);
  expect(both(', backend: none, name: shop', ', name: shop')).toEqual([]);
});
