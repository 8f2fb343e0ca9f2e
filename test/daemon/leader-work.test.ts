// The proof that a term's work is gone, with its guards shown failing.
import { expect, test } from 'vitest';
import { createWork } from '../../src/daemon/leader-work.ts';

function story() {
  const active = new Set<string>();
  const sweeps: { service: string; grace: number; done: (left: number) => void }[] = [];
  const told: string[] = [];
  const work = createWork({
    isActive: (service) => active.has(service),
    stop: (services, how) => void told.push(`stop ${how} ${services.join('+')}`),
    kill: (service) => void told.push(`kill ${service}`),
    feed: (service, killAt) => void told.push(`feed ${service} ${killAt}`),
    sweep: (service, grace, done) => void sweeps.push({ service, grace, done }),
    killDelay: () => 2_000,
    drained: (term) => void told.push(`drained ${term}`),
    undying: (term) => void told.push(`undying ${term}`),
  });
  const start = (service: string): void => {
    work.enter(service);
    active.add(service);
  };
  const end = (service: string): void => {
    active.delete(service);
    work.ended();
  };
  return { active, sweeps, told, work, start, end };
}

test('without any work it is drained at once', () => {
  const { work, told } = story();
  work.stop('t1', 'graceful');
  expect(told).toEqual(['drained t1']);
});

test('drained is told after the last exit and a sweep that began after it', () => {
  const { work, told, sweeps, start, end } = story();
  start('a');
  start('b');
  work.stop('t1', 'graceful');
  expect(told).toEqual(['stop graceful a+b']);
  end('a');
  expect(sweeps.map(({ service, grace }) => [service, grace])).toEqual([['a', 2_000]]);
  sweeps[0]?.done(0);
  expect(told).toHaveLength(1);
  end('b');
  expect(told).toHaveLength(1);
  sweeps[1]?.done(0);
  expect(told).toEqual(['stop graceful a+b', 'drained t1']);
});

test('planted fault: what counts the exit alone would have told it too early', () => {
  const { work, told, sweeps, start, end } = story();
  start('a');
  work.stop('t1', 'graceful');
  end('a');
  expect(told).not.toContain('drained t1');
  sweeps[0]?.done(1);
  expect(told.at(-1)).toBe('undying t1');
  expect(sweeps).toHaveLength(2);
  sweeps[1]?.done(0);
  expect(told.at(-1)).toBe('drained t1');
});

test('a service that ended long before the stop is looked for all the same', () => {
  const { work, told, sweeps, start, end } = story();
  start('a');
  end('a');
  expect(sweeps).toEqual([]);
  work.stop('t1', 'graceful');
  expect(told).toEqual([]);
  sweeps[0]?.done(0);
  expect(told).toEqual(['drained t1']);
});

test('kill goes to all that is active, and a sweep that waits is overtaken by one that does not', () => {
  const { work, told, sweeps, start, end } = story();
  start('a');
  start('b');
  work.stop('t1', 'graceful');
  end('a');
  work.stop('t1', 'kill');
  expect(told).toEqual(['stop graceful a+b', 'kill b']);
  expect(sweeps.map(({ service, grace }) => [service, grace])).toEqual([
    ['a', 2_000],
    ['a', 0],
  ]);
  end('b');
  expect(sweeps.at(-1)).toMatchObject({ service: 'b', grace: 0 });
  for (const { done } of sweeps.slice(1)) done(0);
  expect(told.at(-1)).toBe('drained t1');
});

test('feed reaches all that was let in, and what has become another group’s is let go', () => {
  const { work, told, sweeps, start, end } = story();
  start('a');
  start('b');
  work.feed(7);
  expect(told).toEqual(['feed a 7', 'feed b 7']);
  end('a');
  work.forget('a');
  work.stop('t1', 'graceful');
  end('b');
  sweeps[0]?.done(0);
  expect(sweeps).toHaveLength(1);
  expect(told.at(-1)).toBe('drained t1');
});
