// Tasks in a plan: what they are given, what is refused of them, and who waits for them.
import { describe, expect, test } from 'vitest';
import { startSteps } from '../../src/core/order.ts';
import { mostTasks } from '../../src/core/release-board.ts';
import { planOf, planProblemsOf } from './plan-kit.ts';

const task = (keys: string): string => `services: {t: {override: replace, command: t, ${keys}}}`;

describe('a task', () => {
  test('ends after its success, and is tried again after a failure', () => {
    expect(planOf(task('type: task')).services.get('t')).toMatchObject({
      type: 'task',
      once: undefined,
      leaderGroup: undefined,
      onSuccess: 'ignore',
      onFailure: 'restart',
    });
  });

  test('that is done once for a release has a leader group of its own, unless another is named', () => {
    const plan = planOf(task('type: task, once: release'));
    expect(plan.services.get('t')).toMatchObject({ once: 'release', leaderGroup: 'releases' });
    expect([...plan.leader.keys()]).toEqual(['releases']);
    const named = planOf(task('type: task, once: release, leader-group: mine'));
    expect(named.services.get('t')?.leaderGroup).toBe('mine');
    const suffixed = planOf(task('type: task, once: release').replace('{t:', '{t-scheduler:'));
    expect(suffixed.services.get('t-scheduler')?.leaderGroup).toBe('releases');
  });

  test.each([
    ['once: release', 'service "t" has "once" but is no task, add "type: task"'],
    [
      'type: task, on-success: restart',
      'task "t" ends once it has succeeded, "on-success" cannot be "restart"',
    ],
    [
      'type: task, once: release, singleton: never',
      'task "t" is for one replica by its "once", leave "singleton" out',
    ],
    ['service-context: u', 'the service-context of service "t" names service "u", which does not exist'],
    ['service-context: t', 'the service-context of service "t" must not have one itself'],
  ])('with %s is refused', (keys, message) => {
    expect(planProblemsOf(task(keys))).toEqual([expect.stringContaining(message)]);
  });

  test('is refused where there are more of them than certainly fit the record of their group', () => {
    const tasks = (count: number, keys = '') =>
      `services:\n${Array.from({ length: count }, (_, number) => `  t${number}: {override: replace, command: t, type: task, once: release${keys}}\n`).join('')}`;
    expect(planOf(tasks(mostTasks)).services.size).toBe(28);
    expect(planProblemsOf(tasks(29))).toEqual([
      expect.stringMatching(
        /^l1\.yaml:\d+:\d+: leader group "releases" has 29 tasks with "once", and its record has room for 28: give some of them another "leader-group"$/,
      ),
    ]);
    expect(planProblemsOf(tasks(30, ', leader-group: mine'))).toEqual([
      expect.stringContaining('leader group "mine" has 30 tasks'),
    ]);
    const other = '\n  other: {override: replace, command: t, type: task, once: release, leader-group: mine}';
    expect(planOf(tasks(mostTasks) + other).services.size).toBe(29);
  });

  test('cannot act on checks', () => {
    const text = `${task('type: task, on-check-failure: {c: restart}')}\nchecks: {c: {override: replace, tcp: {port: 1}}}`;
    expect(planProblemsOf(text)).toEqual([expect.stringContaining('task "t" cannot act on checks')]);
  });

  test('has the environment, account and directory of its context, and its own on top', () => {
    const plan = planOf(`
services:
  web: {override: replace, command: w, user: web, group: www, working-dir: /srv, environment: {A: web, B: web}}
  plain: {override: replace, command: t, type: task, service-context: web, environment: {B: own}}
  other: {override: replace, command: t, service-context: web, user-id: 7, working-dir: /tmp}
`);
    expect(plan.services.get('plain')).toMatchObject({
      environment: { A: 'web', B: 'own' },
      account: { user: 'web', group: 'www' },
      workingDir: '/srv',
    });
    expect(plan.services.get('other')).toMatchObject({ account: { userId: 7 }, workingDir: '/tmp' });
    expect(plan.services.get('other')?.account).toEqual({ userId: 7 });
  });
});

test('whatever comes after a task needs it done; what comes after a service only follows it', () => {
  const plan = planOf(`
services:
  t: {override: replace, command: t, type: task, before: [a]}
  s: {override: replace, command: s, before: [a]}
  a: {override: replace, command: a}
  b: {override: replace, command: b, after: [t, s]}
`);
  const steps = startSteps(plan, ['a', 'b', 's', 't']).filter(({ name }) => name === 'a' || name === 'b');
  for (const step of steps) expect(step).toMatchObject({ needs: ['t'], follows: ['s'] });
});
