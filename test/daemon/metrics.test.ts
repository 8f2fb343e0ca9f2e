// What djsup counts, as a scrape shows it and as it goes to StatsD; and what it says of processes killed for want of memory.
import { describe, expect, test, vi } from 'vitest';
import { familyText } from '../../src/core/exposition.ts';
import { Histogram } from '../../src/core/histogram.ts';
import { metricTable, shownStates } from '../../src/core/metric-table.ts';
import type { Family } from '../../src/core/metric.ts';
import { createPusher } from '../../src/daemon/push.ts';
import { createTallies } from '../../src/daemon/tallies.ts';
import { readExposition, valueOf } from '../support/prometheus.ts';
import { layer, world } from '../support/world.ts';

const plan = `
services:
  web: {override: replace, command: sleep 1, on-check-failure: {alive: restart}}
  idle: {override: replace, command: sleep 1}
checks:
  alive: {override: replace, tcp: {port: 1}, period: 10s, threshold: 1}
`;

type World = ReturnType<typeof world>;

async function scrape(w: World): Promise<string> {
  return [...(await w.face.metrics())].flatMap((family) => [...familyText(family)]).join('');
}

/** Of service "web", without those at 0. */
async function exitsOf(w: World): Promise<Readonly<Record<string, number>>> {
  const family = readExposition(await scrape(w)).get('djsup_service_exits_total');
  const web = family?.samples.filter(({ labels, value }) => labels['service'] === 'web' && value > 0) ?? [];
  return Object.fromEntries(web.map(({ labels, value }) => [labels['cause'] ?? '', value]));
}

describe('a scrape', () => {
  test('is valid text, each family once, all of the table but what is not known', async () => {
    const w = world({ plan });
    w.up('web');
    w.vitals.usages.set('web', {
      processes: 3,
      threads: 5,
      cpuSeconds: 1,
      memoryBytes: 1000,
      openFiles: 9,
    });
    w.face.requested('/v1/services', 'GET', 200, 0.01);
    const families = readExposition(await scrape(w));
    // The plan has no leader group.
    const known = metricTable.filter(({ name }) => !name.startsWith('djsup_leader_'));
    const missing = known.filter(({ name }) => !families.has(name)).map(({ name }) => name);
    expect(missing).toEqual(['djsup_oom_kills_total', 'djsup_statsd_lost_datagrams_total']);
    expect(families.size).toBe(known.length - 2);
  });

  test('labels are those of the table', async () => {
    const w = world({ plan });
    w.up('web');
    const families = readExposition(await scrape(w));
    const extra: Readonly<Record<string, readonly string[]>> = { histogram: ['le'], summary: ['quantile'] };
    const told = metricTable.filter(({ name }) => families.has(name));
    const wanted = told.map(({ name, labels, type }) => [name, ...labels, ...(extra[type] ?? [])]);
    const found = told.map(({ name }) => [
      name,
      ...Object.keys(families.get(name)?.samples[0]?.labels ?? {}),
    ]);
    expect(found).toEqual(wanted);
  });

  test("shows each service in one state, and Pebble's series only of those that were ever started", async () => {
    const w = world({ plan });
    w.up('web');
    const text = await scrape(w);
    const states = readExposition(text).get('djsup_service_state')?.samples ?? [];
    expect(states).toHaveLength(2 * shownStates.length);
    expect(states.filter(({ value }) => value === 1).map(({ labels }) => labels)).toEqual([
      { service: 'idle', state: 'idle' },
      { service: 'web', state: 'running' },
    ]);
    expect(valueOf(text, 'pebble_service_active', { service: 'web' })).toBe(1);
    expect(valueOf(text, 'pebble_service_start_count', { service: 'web' })).toBe(1);
    expect(valueOf(text, 'pebble_service_active', { service: 'idle' })).toBeUndefined();
    expect(valueOf(text, 'djsup_service_starts_total', { service: 'idle' })).toBe(0);
  });

  test('tells how long starts and stops take, and the pause before a restart', async () => {
    const w = world({ plan });
    w.up('web');
    w.act('stop', 'web');
    w.act('start', 'web');
    w.spawner.latest('web').exit(1);
    const text = await scrape(w);
    expect(valueOf(text, 'djsup_service_start_seconds_count', { service: 'web' })).toBe(1);
    expect(valueOf(text, 'djsup_service_start_seconds_sum', { service: 'web' })).toBe(1);
    expect(valueOf(text, 'djsup_service_stop_seconds_count', { service: 'web' })).toBe(1);
    expect(valueOf(text, 'djsup_service_backoff_seconds', { service: 'web' })).toBe(0.5);
    w.pass(1_000);
    const later = await scrape(w);
    expect(valueOf(later, 'djsup_service_backoff_seconds', { service: 'web' })).toBe(0);
    expect(valueOf(later, 'djsup_service_restarts_total', { service: 'web' })).toBe(1);
    expect(valueOf(later, 'pebble_service_start_count', { service: 'web' })).toBe(3);
  });

  test('counts what checks find, what services print, and requests by route', async () => {
    const w = world({ plan });
    w.up('web');
    w.pass(10_000);
    await w.listen();
    w.prober.outcome = { up: false, error: 'refused', details: '' };
    w.pass(10_000);
    await w.listen();
    w.spawner.latest('web').print('one\ntwo\nthr');
    w.face.requested('/v1/services', 'GET', 200, 0.002);
    const text = await scrape(w);
    expect(valueOf(text, 'djsup_check_successes_total', { check: 'alive' })).toBe(1);
    expect(valueOf(text, 'pebble_check_failure_count', { check: 'alive' })).toBe(1);
    expect(valueOf(text, 'djsup_check_up', { check: 'alive' })).toBe(0);
    expect(valueOf(text, 'djsup_log_lines_total', { service: 'web' })).toBe(2);
    expect(valueOf(text, 'djsup_log_bytes_total', { service: 'web' })).toBe(11);
    expect(valueOf(text, 'djsup_log_dropped_lines_total', { reader: 'stderr' })).toBe(2);
    const route = { route: '/v1/services', method: 'GET', status: '200' };
    expect(valueOf(text, 'djsup_api_request_duration_seconds_count', route)).toBe(1);
    expect(
      valueOf(text, 'djsup_api_request_duration_seconds_bucket', { ...route, le: '0.0025' }),
    ).toBeUndefined();
    expect(valueOf(text, 'djsup_api_request_duration_seconds_bucket', { ...route, le: '0.005' })).toBe(1);
  });

  test('drops the series of what the plan no longer has', async () => {
    const w = world({ plan });
    w.up('web');
    expect(await scrape(w)).toContain('"web"');
    w.supervisor.load([layer('services: {other: {override: replace, command: sleep 1}}')]);
    expect(await scrape(w)).not.toMatch(/"web"|"alive"/);
  });

  test('reads /proc once for many that ask within a second', async () => {
    const w = world({ plan });
    w.up('web');
    await Promise.all([scrape(w), scrape(w), scrape(w)]);
    expect(w.vitals.asked).toHaveLength(1);
    expect(w.vitals.asked[0]?.get('web')).toBe(w.spawner.latest('web').child.pid);
    w.pass(1_000);
    await scrape(w);
    expect(w.vitals.asked).toHaveLength(2);
  });

  test('adds up the CPU time of one run after the other, and never goes back', async () => {
    const w = world({ plan });
    w.up('web');
    const seconds = async (cpuSeconds: number): Promise<number | undefined> => {
      const usage = { processes: 1, threads: 1, cpuSeconds, memoryBytes: undefined, openFiles: undefined };
      w.vitals.usages.set('web', usage);
      w.pass(1_000);
      return valueOf(await scrape(w), 'djsup_service_cpu_seconds_total', { service: 'web' });
    };
    expect(await seconds(3)).toBe(3);
    expect(await seconds(2)).toBe(3);
    expect(await seconds(2.5)).toBe(3.5);
    w.act('restart', 'web');
    w.pass(3_000);
    expect(await seconds(1)).toBe(4.5);
  });
});

describe('an exit is counted under its cause', () => {
  test('by itself and by a signal from elsewhere', async () => {
    const w = world({ plan });
    w.up('web');
    w.spawner.latest('web').exit(7);
    w.pass(3_000);
    w.spawner.latest('web').exit(137);
    expect(await exitsOf(w)).toEqual({ code: 1, signal: 1 });
  });

  test('stopped on request, killed after its kill-delay too', async () => {
    const w = world({ plan });
    w.up('web');
    w.spawner.stubborn.add('web');
    w.act('stop', 'web');
    w.pass(6_000);
    expect(await exitsOf(w)).toEqual({ stop: 1 });
    expect(valueOf(await scrape(w), 'djsup_service_kills_total', { service: 'web' })).toBe(1);
  });

  test('stopped for a new plan', async () => {
    const w = world({ plan });
    w.up('web');
    w.supervisor.load([layer(plan.replace('sleep 1', 'sleep 2'))]);
    w.act('replan');
    w.pass(3_000);
    expect(await exitsOf(w)).toEqual({ plan: 1 });
  });

  test('restarted after a failed check', async () => {
    const w = world({ plan });
    w.up('web');
    w.prober.outcome = { up: false, error: 'refused', details: '' };
    for (let second = 0; second < 12; second += 1) {
      w.pass(1_000);
      await w.listen();
    }
    expect(await exitsOf(w)).toEqual({ check: 1 });
  });
});

describe('out of memory', () => {
  function eater(): World {
    const w = world({ plan });
    w.memory.counted = 4;
    w.up('web');
    return w;
  }

  test('a SIGKILL with a rise of the counter is told as such in log, change, services and metric', async () => {
    const w = eater();
    w.memory.counted = 5;
    w.spawner.latest('web').exit(137);
    const words = 'signal SIGKILL, out of memory (cgroup limit 64 MiB)';
    expect(w.log.find(`stopped unexpectedly with ${words}`)).toHaveLength(1);
    expect(w.service('web')).toMatchObject({ lastExit: words, reason: `exited with ${words}` });
    expect(await exitsOf(w)).toEqual({ oom: 1 });
    expect(valueOf(await scrape(w), 'djsup_oom_kills_total')).toBe(5);
    const recovery = w.face.changes('all', 'web').find(({ kind }) => kind === 'recover-service');
    expect(recovery?.tasks[0]?.log.join('\n')).toContain(words);
  });

  test('it is in the error of a start that it ended', () => {
    const w = world({ plan });
    w.memory.counted = 0;
    const id = w.act('start', 'web');
    w.memory.counted = 1;
    w.spawner.latest('web').exit(137);
    expect(w.change(id).err).toContain('signal SIGKILL, out of memory (cgroup limit 64 MiB)');
  });

  test('planted fault: the same SIGKILL without a rise is not called that', async () => {
    const w = eater();
    w.spawner.latest('web').exit(137);
    expect(w.service('web').lastExit).toBe('signal SIGKILL');
    expect(await exitsOf(w)).toEqual({ signal: 1 });
  });

  test('a SIGKILL that djsup sent is not called that, whatever the counter says', () => {
    const w = eater();
    w.memory.counted = 5;
    expect(w.face.signalServices('SIGKILL', ['web']).ok).toBe(true);
    w.settle();
    expect(w.service('web').lastExit).toBe('signal SIGKILL');
  });

  test('a worker that was killed is told within seconds, once, and its service goes on', async () => {
    const w = eater();
    w.memory.counted = 6;
    w.pass(15_000);
    const told = 'warn out of memory (cgroup limit 64 MiB): the kernel has killed 2 processes';
    expect(w.log.find(told)).toHaveLength(1);
    expect(w.service('web').state).toBe('running');
    expect(await exitsOf(w)).toEqual({});
    expect(valueOf(await scrape(w), 'djsup_oom_kills_total')).toBe(6);
    w.pass(60_000);
    expect(w.log.find('out of memory')).toHaveLength(1);
  });

  test('a SIGKILL from elsewhere, five seconds after the death of a worker, is not taken for one of the kernel', async () => {
    const w = eater();
    w.memory.counted = 5;
    w.pass(5_000);
    w.spawner.latest('web').exit(137);
    expect(await exitsOf(w)).toEqual({ signal: 1 });
    w.pass(5_000);
    expect(w.log.find('out of memory')).toHaveLength(1);
  });

  test('where the kernel does not count, there is nothing to wake up for', () => {
    const w = world({ plan: 'services: {web: {override: replace, command: sleep 1}}' });
    w.up('web');
    w.spawner.latest('web').exit(137);
    expect(w.service('web').lastExit).toBe('signal SIGKILL');
  });
});

describe('with a StatsD server', () => {
  test('what a scrape shows is sent every few seconds, and once more at the end', async () => {
    const w = world({ plan, pushing: true });
    w.up('web');
    w.pass(10_000);
    await vi.waitUntil(() => w.meter.counts.size > 0, { timeout: 10_000 });
    expect(w.meter.counts.get('djsup_service_starts_total')).toBe(1);
    w.supervisor.stop(0, 'End.');
    w.pass(10_000);
    expect(await w.supervisor.ended).toBe(0);
    expect(w.meter.counts.get('djsup_service_exits_total')).toBe(1);
  });

  test('counters go by what they have grown, gauges as they are, histograms and summaries by what they have taken in', async () => {
    const sent: string[] = [];
    const pusher = createPusher({
      count: (name, by, tags) => void sent.push(`${name} +${by} ${JSON.stringify(tags)}`),
      gauge: (name, value) => void sent.push(`${name} =${value}`),
      observe: (name, value, times) => void sent.push(`${name} ${times} of ${value}`),
      lost: () => 0,
    });
    const families = (value: number): readonly Family[] => {
      const histogram = new Histogram([1]);
      histogram.observe(0.5, value);
      return [
        { name: 'djsup_a_total', type: 'counter', help: '', labels: ['service'], points: [[['web'], value]] },
        { name: 'djsup_b', type: 'gauge', help: '', labels: [], points: [[[], value]] },
        { name: 'djsup_c_seconds', type: 'histogram', help: '', labels: [], points: [[[], histogram]] },
        { name: 'pebble_d', type: 'gauge', help: '', labels: [], points: [[[], value]] },
      ];
    };
    for (const value of [5, 7, 7, 2]) await pusher.push(families(value));
    expect(sent).toEqual([
      'djsup_a_total +5 {"service":"web"}',
      'djsup_b =5',
      'djsup_c_seconds 5 of 0.5',
      'djsup_a_total +2 {"service":"web"}',
      'djsup_b =7',
      'djsup_c_seconds 2 of 0.5',
      'djsup_b =7',
      'djsup_a_total +2 {"service":"web"}',
      'djsup_b =2',
      'djsup_c_seconds 2 of 0.5',
    ]);
  });
});

test('tallies stay as many as the plan has names, whatever happens', () => {
  const tallies = createTallies();
  for (let index = 0; index < 1_000; index += 1) tallies.service(`s${index}`).starts += 1;
  tallies.retain(new Map([['s7', 1]]), new Map());
  expect(tallies.service('s7').starts).toBe(1);
  expect(tallies.service('s8').starts).toBe(0);
});
