import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { startClosure, startSteps, stopClosure, stopSteps } from '../../src/core/order.ts';
import type { Step } from '../../src/core/order.ts';
import { combineLayers } from '../../src/core/plan.ts';
import type { Plan } from '../../src/core/plan.ts';
import { layerOf, planOf } from './plan-kit.ts';

type Links = Partial<Record<'requires' | 'after' | 'before', readonly string[]>>;

function textOf(links: Readonly<Record<string, Links>>): string {
  const services = Object.entries(links).map(([name, keys]) => [
    name,
    { override: 'merge', command: 'x', ...keys },
  ]);
  return JSON.stringify({ services: Object.fromEntries(services) });
}

function plan(links: Readonly<Record<string, Links>>): Plan {
  return planOf(textOf(links));
}

/** `name lane | needs | follows`, a line a step. */
function shown(steps: readonly Step[]): string[] {
  return steps.map(
    (step) => `${step.name} ${step.lane} | ${step.needs.join(' ')} | ${step.follows.join(' ')}`,
  );
}

test('a start takes along what is required, a stop what requires', () => {
  const links = plan({ a: { requires: ['b'] }, b: { requires: ['c'] }, c: {}, d: { after: ['c'] } });
  expect(startClosure(links, ['a'])).toEqual({ ok: true, value: ['a', 'b', 'c'] });
  expect(stopClosure(links, ['c', 'c'])).toEqual({ ok: true, value: ['a', 'b', 'c'] });
  expect(stopClosure(links, ['a'])).toEqual({ ok: true, value: ['a'] });
  expect(startClosure(links, [])).toEqual({ ok: true, value: [] });
});

test('an unknown service is refused by name', () => {
  const failure = { kind: 'bad-request', message: 'service "nope" does not exist' };
  expect(startClosure(plan({ a: {} }), ['a', 'nope'])).toEqual({ ok: false, failure });
  expect(stopClosure(plan({ a: {} }), ['nope'])).toEqual({ ok: false, failure });
});

test('strangers share neither a lane nor a wait', () => {
  const links = plan({ a: {}, b: {}, c: { requires: ['a'] }, d: {} });
  expect(shown(startSteps(links, ['d', 'c', 'b', 'a']))).toEqual([
    'a 1 |  | ',
    'b 2 |  | ',
    'c 1 | a | ',
    'd 3 |  | ',
  ]);
});

test('after orders without holding, and joins no lanes', () => {
  const links = plan({ a: { after: ['b'] }, b: {}, c: { before: ['b'] } });
  expect(shown(startSteps(links, ['a', 'b', 'c']))).toEqual(['c 1 |  | ', 'b 2 |  | c', 'a 3 |  | b']);
  expect(shown(startSteps(links, ['a', 'c']))).toEqual(['a 1 |  | ', 'c 2 |  | ']);
});

test('what is required comes first and holds, also where after says the same', () => {
  const links = plan({ a: { requires: ['b'], after: ['b'] }, b: {} });
  expect(shown(startSteps(links, ['a', 'b']))).toEqual(['b 1 |  | ', 'a 1 | b | ']);
});

test('before and after overrule the order of requires', () => {
  const links = plan({ a: { requires: ['b'], before: ['b'] }, b: {} });
  expect(shown(startSteps(links, ['a', 'b']))).toEqual(['a 1 |  | ', 'b 1 |  | a']);
  const far = plan({ a: { requires: ['c'], before: ['b'] }, b: { before: ['c'] }, c: {} });
  expect(shown(startSteps(far, ['a', 'b', 'c']))).toEqual(['a 1 |  | ', 'b 2 |  | a', 'c 1 |  | b']);
});

test('a circle of requires has no order, save where before/after give one', () => {
  const links = plan({ a: { requires: ['b'] }, b: { requires: ['a'] }, c: { requires: ['a'] } });
  expect(shown(startSteps(links, ['a', 'b', 'c']))).toEqual(['a 1 |  | ', 'b 1 |  | ', 'c 1 | a | ']);
  const ordered = plan({ a: { requires: ['b'], after: ['b'] }, b: { requires: ['a'] } });
  expect(shown(startSteps(ordered, ['a', 'b']))).toEqual(['b 1 |  | ', 'a 1 | b | ']);
});

test('a stop goes the other way round and holds nothing', () => {
  const links = plan({ a: { requires: ['b'] }, b: { after: ['c'] }, c: {} });
  expect(shown(stopSteps(links, ['a', 'b', 'c']))).toEqual(['a 1 |  | ', 'b 1 |  | a', 'c 2 |  | b']);
});

test('a diamond waits for both sides', () => {
  const links = plan({
    top: { requires: ['l', 'r'] },
    l: { requires: ['base'] },
    r: { requires: ['base'] },
    base: {},
  });
  expect(shown(startSteps(links, ['top', 'l', 'r', 'base']))).toEqual([
    'base 1 |  | ',
    'l 1 | base | ',
    'r 1 | base | ',
    'top 1 | l r | ',
  ]);
});

test('names that the plan no longer has are steps that wait for nothing', () => {
  expect(shown(stopSteps(plan({ a: {} }), ['gone', 'a', 'gone']))).toEqual(['a 1 |  | ', 'gone 2 |  | ']);
});

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const some = fc.subarray(names, { maxLength: 3 });
const anyPlan = fc
  .tuple(...names.map(() => fc.record({ requires: some, after: some, before: some }, { requiredKeys: [] })))
  .map((links) =>
    combineLayers([layerOf(textOf(Object.fromEntries(names.map((name, i) => [name, links[i] ?? {}]))))]),
  )
  .filter((combined) => combined.ok)
  .map((combined) => combined.value);

/** Every step waits only for steps that stand before it, so following the list never gets stuck. */
function neverStuck(steps: readonly Step[]): boolean {
  const done = new Set<string>();
  for (const step of steps) {
    if (![...step.needs, ...step.follows].every((name) => done.has(name))) return false;
    done.add(step.name);
  }
  return true;
}

test('steps are complete, never stuck, and the same whatever the order of asking', () => {
  fc.assert(
    fc.property(anyPlan, fc.shuffledSubarray(names), (links, asked) => {
      for (const stepsOf of [startSteps, stopSteps]) {
        const steps = stepsOf(links, asked);
        expect(steps.map((step) => step.name).toSorted()).toEqual(asked.toSorted());
        expect(neverStuck(steps)).toBe(true);
        expect(stepsOf(links, asked.toSorted())).toEqual(steps);
      }
    }),
  );
});

test('the law of getting on notices steps that wait for each other', () => {
  const step = (name: string, follows: string[]): Step => ({ name, lane: 1, needs: [], follows });
  expect(neverStuck([step('a', ['b']), step('b', ['a'])])).toBe(false);
});

test('before and after are kept, and a service waits for none that it does not name or that does not name it', () => {
  fc.assert(
    fc.property(anyPlan, (links) => {
      for (const step of startSteps(links, names)) {
        const service = links.services.get(step.name);
        const named = (key: 'after' | 'before', of: string) => links.services.get(of)?.[key] ?? [];
        const earlier = names.filter(
          (other) =>
            other !== step.name &&
            (named('after', step.name).includes(other) || named('before', other).includes(step.name)),
        );
        const waits = [...step.needs, ...step.follows];
        expect(waits).toEqual(expect.arrayContaining(earlier));
        for (const other of waits)
          expect(earlier.includes(other) || service?.requires.includes(other)).toBe(true);
        for (const other of step.needs) expect(service?.requires).toContain(other);
      }
    }),
  );
});

test('services share a lane exactly where a chain of requires links them', () => {
  fc.assert(
    fc.property(anyPlan, (links) => {
      const lanes = new Map(startSteps(links, names).map((step) => [step.name, step.lane]));
      const linked = (name: string): Set<string> => {
        const found = new Set([name]);
        for (const one of found) {
          for (const other of names) {
            const requires = (from: string, to: string) => links.services.get(from)?.requires.includes(to);
            if (requires(one, other) || requires(other, one)) found.add(other);
          }
        }
        return found;
      };
      for (const a of names)
        for (const b of names) expect(lanes.get(a) === lanes.get(b)).toBe(linked(a).has(b));
    }),
    { numRuns: 50 },
  );
});
