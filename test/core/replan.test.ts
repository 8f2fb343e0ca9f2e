import { expect, test } from 'vitest';
import { replanSets, sameConfig } from '../../src/core/replan.ts';
import type { Plan } from '../../src/core/plan.ts';
import { planOf } from './plan-kit.ts';

function plan(services: Readonly<Record<string, object>>): Plan {
  const entries = Object.entries(services).map(([name, keys]) => [
    name,
    { override: 'merge', command: 'x', ...keys },
  ]);
  return planOf(JSON.stringify({ services: Object.fromEntries(entries) }));
}

type Fate = 'active' | 'inactive' | 'stopped by user';

/** What the daemon knows when services were last started from the plan `old`. */
function known(old: Plan, fates: Readonly<Record<string, Fate>>) {
  return new Map(
    Object.entries(fates).map(([name, fate]) => {
      const config = old.services.get(name);
      if (!config) throw new Error(`no service ${name}`);
      return [
        name,
        { config, active: fate === 'active', pending: false, stoppedByUser: fate === 'stopped by user' },
      ];
    }),
  );
}

const on = { startup: 'enabled' };

test('nothing differs: nothing is done', () => {
  const same = plan({ a: on, b: {} });
  expect(replanSets(same, known(same, { a: 'active', b: 'active' }))).toEqual({ stop: [], start: [] });
});

test('an active service that differs is restarted, enabled or not', () => {
  const old = plan({ a: on, b: {}, c: on });
  const next = plan({ a: { ...on, command: 'y' }, b: { environment: { A: '1' } }, c: on });
  expect(replanSets(next, known(old, { a: 'active', b: 'active', c: 'active' }))).toEqual({
    stop: ['a', 'b'],
    start: ['a', 'b'],
  });
});

test('a service that differs but is not active is started only where it is enabled', () => {
  const old = plan({ a: on, b: {} });
  const next = plan({ a: { ...on, command: 'y' }, b: { command: 'y' } });
  expect(replanSets(next, known(old, { a: 'inactive', b: 'inactive' }))).toEqual({ stop: [], start: ['a'] });
});

test('enabled services that were never started are started, with what they require', () => {
  const next = plan({ a: { ...on, requires: ['b'] }, b: { requires: ['c'] }, c: {}, d: {} });
  expect(replanSets(next, new Map())).toEqual({ stop: [], start: ['a', 'b', 'c'] });
});

test('what is required and active already is left alone', () => {
  const next = plan({ a: { ...on, requires: ['b'] }, b: {} });
  expect(replanSets(next, known(next, { b: 'active' }))).toEqual({ stop: [], start: ['a'] });
});

test('a service that the user has stopped stays stopped, even where another requires it', () => {
  const old = plan({ a: { ...on, requires: ['b'] }, b: on, c: on });
  const next = plan({
    a: { ...on, requires: ['b'] },
    b: { ...on, command: 'y' },
    c: { ...on, command: 'y' },
  });
  expect(replanSets(next, known(old, { b: 'stopped by user', c: 'stopped by user' }))).toEqual({
    stop: [],
    start: ['a'],
  });
});

test('an active dependant of a restarted service is restarted with it, an inactive one is not', () => {
  const links = { top: { requires: ['mid'] }, mid: { requires: ['base'] }, idle: { requires: ['base'] } };
  const old = plan({ ...links, base: {} });
  const next = plan({ ...links, base: { command: 'y' } });
  expect(
    replanSets(next, known(old, { top: 'active', mid: 'active', idle: 'inactive', base: 'active' })),
  ).toEqual({
    stop: ['base', 'mid', 'top'],
    start: ['base', 'mid', 'top'],
  });
});

test('services that the plan no longer has are not looked at', () => {
  const old = plan({ a: {}, b: {} });
  expect(replanSets(plan({ a: {} }), known(old, { a: 'active', b: 'active' }))).toEqual({
    stop: [],
    start: [],
  });
});

test('only summary and description may differ between configurations that run the same way', () => {
  const config = (keys: object) => {
    const found = plan({ a: keys }).services.get('a');
    if (!found) throw new Error('no service a');
    return found;
  };
  const one = config({ summary: 's', environment: { A: '1', B: '2' } });
  expect(sameConfig(one, config({ description: 'd', environment: { B: '2', A: '1' } }))).toBe(true);
  const others = [
    { environment: { A: '1' } },
    { environment: { A: '1', B: '' } },
    { environment: { A: '1', B: '2' }, 'kill-delay': '1s' },
    { environment: { A: '1', B: '2' }, command: 'x [ a ]' },
  ];
  for (const other of others) expect(sameConfig(one, config(other))).toBe(false);
});
