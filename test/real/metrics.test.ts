// djsup's metrics of real services, by HTTP and to a StatsD server; and processes that the kernel really kills for want of
// memory.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { metricTable } from '../../src/core/metric-table.ts';
import { ours, startExporter, valueIn } from '../exporter/exporter-process.ts';
import { findOriginal } from '../exporter/original.ts';
import { makeMemoryCgroup } from '../support/memory-cgroup.ts';
import { findPrometheus, promtool } from '../support/prometheus-server.ts';
import { readExposition, valueOf } from '../support/prometheus.ts';
import { freePort } from '../support/free-port.ts';
import { childRunning, fetchText, noNamespaces, startRig, until } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

/** Names that are Pebble's; what promtool has against them it cannot have against djsup. */
const pebbleNames = [
  'pebble_service_start_count',
  'pebble_check_success_count',
  'pebble_check_failure_count',
];

const plan = `
services:
  web:
    override: replace
    startup: enabled
    command: sh -c 'echo up; sleep 1000 & sleep 1000'
  flaky:
    override: replace
    startup: enabled
    command: sh -c 'sleep 1.2; exit 3'
    backoff-delay: 100ms
checks:
  alive:
    override: replace
    level: alive
    period: 100ms
    exec: {command: "true"}
`;

const prometheus = findPrometheus();

describe('GET /v1/metrics', () => {
  test('tells of services, checks and djsup, in text that a strict reader takes', async () => {
    const port = await freePort();
    await using _ = await startRig({
      layers: { base: plan },
      words: ['run', '--http', `127.0.0.1:${port}`],
      environment: { DJSUP_METRICS: 'open' },
    });
    const url = `http://127.0.0.1:${port}/v1/metrics`;
    const text = await until('there is something to tell of all', async () => {
      const now = (await fetchText(url)) ?? '\n';
      const told =
        (valueOf(now, 'djsup_service_exits_total', { service: 'flaky', cause: 'code' }) ?? 0) > 0 &&
        (valueOf(now, 'djsup_check_successes_total') ?? 0) > 0 &&
        (valueOf(now, 'djsup_event_loop_delay_seconds_count') ?? 0) > 0 &&
        valueOf(now, 'djsup_service_state', { service: 'web', state: 'running' }) === 1 &&
        valueOf(now, 'djsup_service_processes', { service: 'web' }) === 3;
      return told && now;
    });
    const web = { service: 'web' };
    expect(valueOf(text, 'djsup_service_state', { ...web, state: 'running' })).toBe(1);
    expect(valueOf(text, 'djsup_service_threads', web)).toBe(3);
    expect(valueOf(text, 'djsup_service_memory_bytes', web)).toBeGreaterThan(100_000);
    expect(valueOf(text, 'djsup_service_open_files', web)).toBeGreaterThanOrEqual(9);
    expect(valueOf(text, 'djsup_log_lines_total', web)).toBe(1);
    expect(valueOf(text, 'djsup_log_bytes_total', web)).toBe(3);
    expect(valueOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(20_000_000);
    expect(valueOf(text, 'djsup_build_info')).toBe(1);
    expect(valueOf(text, 'pebble_check_up', { check: 'alive' })).toBe(1);
    const { headers } = await fetch(url);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const counted = await fetchText(url);
    expect(
      valueOf(counted ?? '\n', 'djsup_api_request_duration_seconds_count', { route: '/v1/metrics' }),
    ).toBeGreaterThan(0);
  });

  test('over the network it is refused until it is opened, and the socket has it', async () => {
    const port = await freePort();
    await using rig = await startRig({
      layers: { base: plan },
      words: ['run', '--http', `127.0.0.1:${port}`],
    });
    expect((await fetch(`http://127.0.0.1:${port}/v1/metrics`)).status).toBe(401);
    expect(await scrape(rig)).toContain('djsup_service_state{service="web"');
  });

  test('promtool finds nothing wrong but names of Pebble', async ({ skip }) => {
    if ('reason' in prometheus) return skip(prometheus.reason);
    const complaints = (text: string): readonly string[] =>
      promtool(prometheus.directory, ['check', 'metrics'], text).said.split('\n').filter(Boolean);
    await using rig = await startRig({ layers: { base: plan } });
    await until('a service has failed', () => rig.stderr().includes('stopped unexpectedly with code 3'));
    const own = complaints(await scrape(rig));
    expect(own.filter((line) => !pebbleNames.some((name) => line.startsWith(name)))).toEqual([]);
    expect(complaints('# HELP planted A.\n# TYPE planted counter\nplanted 1\n')).toHaveLength(1);
  });
});

test('a StatsD server gets them every few seconds and at the end, and a server that is away is no matter', async () => {
  const received: string[] = [];
  const sink = createSocket('udp4', (bytes) => void received.push(...bytes.toString().trim().split('\n')));
  await new Promise<void>((resolve) => sink.bind(0, '127.0.0.1', resolve));
  await using rig = await startRig({
    layers: { base: plan },
    environment: { DJSUP_STATSD_HOST: `127.0.0.1:${sink.address().port}` },
  });
  await until('it runs', async () => /web .* running /.test(rig.cli('services', '--wide').stdout));
  rig.signal('SIGTERM');
  await rig.ended;
  await until('the last metrics have come', () =>
    received.some((line) => line === 'djsup_service_exits_total:1|c|#service:web,cause:stop'),
  );
  expect(received).toContain('djsup_service_starts_total:1|c|#service:web');
  expect(received).toContain('djsup_service_state:1|g|#service:web,state:stopped');
  expect(received.some((line) => /^djsup_service_start_seconds:[\d.]+\|h\|#service:web$/.test(line))).toBe(
    true,
  );
  expect(
    received.filter((line) => /_(?:bucket|sum|count):/.test(line) || line.startsWith('process_')),
  ).toEqual([]);
  sink.close();
});

const original = findOriginal();

describe.each([
  ["djsup's exporter", ours, undefined],
  [
    'the original exporter',
    'path' in original ? [original.path] : [],
    'reason' in original ? original.reason : undefined,
  ],
])('what goes to StatsD comes out of %s', (_what, command, missing) => {
  test('under the same names, counters, gauges and summaries, and promtool finds nothing wrong', async ({
    skip,
  }) => {
    if (missing !== undefined) return skip(missing);
    if ('reason' in prometheus) return skip(prometheus.reason);
    await using exporter = await startExporter(command);
    await using rig = await startRig({
      layers: { base: plan },
      environment: { DJSUP_STATSD_HOST: `127.0.0.1:${exporter.udpPort}` },
    });
    // The delay is measured from the first scrape on.
    await until('there is something to tell of all', async () => {
      const own = await scrape(rig);
      const runs = valueOf(own, 'djsup_service_state', { service: 'web', state: 'running' }) === 1;
      return runs && (valueOf(own, 'djsup_event_loop_delay_seconds_count') ?? 0) > 0;
    });
    rig.signal('SIGTERM');
    await rig.ended;
    // The last family that goes.
    const page = await until('the last metrics have come', async () => {
      const text = await exporter.scrape();
      return (valueIn(text, 'djsup_event_loop_delay_seconds_count') ?? 0) > 0 && text;
    });
    expect(valueIn(page, 'djsup_service_state{service="web",state="stopped"}')).toBe(1);
    expect(valueIn(page, 'djsup_service_starts_total{service="web"}')).toBe(1);
    const families = readExposition(page);
    const told = metricTable.filter(({ name }) => families.has(name));
    expect(told.map(({ name }) => [name, families.get(name)?.type])).toEqual(
      told.map(({ name, type }) => [name, type === 'histogram' ? 'summary' : type]),
    );
    expect(valueOf(page, 'djsup_service_start_seconds_count', { service: 'web' })).toBe(1);
    expect(valueOf(page, 'djsup_service_start_seconds_sum', { service: 'web' })).toBeGreaterThan(0.9);
    expect(valueOf(page, 'djsup_event_loop_delay_seconds', { quantile: '0.99' })).toBeGreaterThanOrEqual(0);
    expect(valueIn(page, 'statsd_exporter_tag_errors_total')).toBe(0);
    expect(page).not.toMatch(
      /^statsd_exporter_(?:sample_errors_total|events_error_total|events_conflict_total)/m,
    );
    const complaints = promtool(prometheus.directory, ['check', 'metrics'], page).said.split('\n');
    expect(complaints.filter((line) => line.startsWith('djsup_'))).toEqual([]);
  });
});

describe('a process that the kernel kills for want of memory', () => {
  const megabyte = 1024 ** 2;
  const asPid1 = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const eat = `python3 -c "x = bytearray(600 * ${megabyte})"`;

  test('is called that in the log, the change, the services and the metrics', async ({ skip }) => {
    const group = noNamespaces === undefined ? makeMemoryCgroup(256 * megabyte) : { reason: noNamespaces };
    if ('reason' in group) return skip(group.reason);
    await using _ = group;
    await using rig = await startRig({
      layers: {
        base: `services:\n  eater:\n    override: replace\n    command: ${eat}\n    on-failure: ignore\n`,
      },
      through: [...asPid1, ...group.through],
    });
    const words = 'signal SIGKILL, out of memory (cgroup limit 256 MiB)';
    // Within its first second the start fails with these words; on a slow machine it has succeeded before.
    const started = rig.cli('start', 'eater');
    expect(started.code === 0 || started.stderr.includes(`exited quickly with ${words}`)).toBe(true);
    await until('the log has it', () =>
      rig.stderr().includes(`Service "eater" stopped unexpectedly with ${words}`),
    );
    expect(rig.cli('services', '--wide').stdout).toContain(words);
    const text = await scrape(rig);
    expect(valueOf(text, 'djsup_service_exits_total', { service: 'eater', cause: 'oom' })).toBe(1);
    expect(valueOf(text, 'djsup_oom_kills_total')).toBe(1);
    readExposition(text);
  });

  test('is told of where it was a worker, and a SIGKILL from elsewhere is not taken for it', async ({
    skip,
  }) => {
    const group = noNamespaces === undefined ? makeMemoryCgroup(256 * megabyte) : { reason: noNamespaces };
    if ('reason' in group) return skip(group.reason);
    await using _ = group;
    await using rig = await startRig({
      layers: {
        base: `services:
  master: {override: replace, startup: enabled, command: "sh -c '${eat.replaceAll('"', String.raw`\"`)}; sleep 1000'"}
  other: {override: replace, startup: enabled, command: sleep 999, on-failure: ignore}
`,
      },
      through: [...asPid1, ...group.through],
    });
    await until('it was told', () => rig.stderr().includes('the kernel has killed a process'), 25_000);
    expect(rig.stderr()).toContain('out of memory (cgroup limit 256 MiB): the kernel has killed a process');
    process.kill(childRunning(rig.pid(), 'sleep 999'), 'SIGKILL');
    await until('its end is told', () => rig.stderr().includes('"other" stopped unexpectedly'));
    expect(rig.stderr()).toContain('"other" stopped unexpectedly with signal SIGKILL\n');
    const text = await scrape(rig);
    expect(valueOf(text, 'djsup_service_exits_total', { service: 'other', cause: 'signal' })).toBe(1);
    expect(valueOf(text, 'djsup_oom_kills_total')).toBe(1);
    expect(valueOf(text, 'djsup_service_state', { service: 'master', state: 'running' })).toBe(1);
  });
});

/** Over the socket, as a local Prometheus would. */
async function scrape(rig: Rig): Promise<string> {
  const call = request({ socketPath: join(rig.directory, '.djsup.socket'), path: '/v1/metrics' }).end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  return textOf(response);
}
