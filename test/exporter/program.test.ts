// The exporter as a program: its sockets, its pages, its signals and its end.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { djsup } from '../cli/harness.ts';
import { findPrometheus, promtool } from '../support/prometheus-server.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/rig.ts';
import { ours, refusal, startExporter, valueIn, type ExporterProcess } from './exporter-process.ts';

/** Resolves once the metric has the value. */
async function has(exporter: ExporterProcess, metric: string, value: number): Promise<true> {
  return until(`${metric} is ${value}`, async () => valueIn(await exporter.scrape(), metric) === value);
}

test('it listens on UDP and TCP, and ends with 0 on SIGTERM', async () => {
  await using exporter = await startExporter(ours);
  await exporter.send('a:1|c');
  await exporter.stream('a:2|c\nb:1|g');
  await has(exporter, 'a', 3);
  await has(exporter, 'b', 1);
  exporter.signal('SIGTERM');
  expect(await exporter.ended).toBe(0);
});

test('its pages are those of the original', async () => {
  await using exporter = await startExporter(ours);
  const page = async (path: string, method = 'GET'): Promise<readonly [number, string]> => {
    const response = await exporter.get(path, { method });
    return [response.status, await response.text()];
  };
  expect(await page('/-/healthy')).toEqual([200, 'Statsd Exporter is Healthy.\n']);
  expect(await page('/-/ready')).toEqual([200, 'Statsd Exporter is Ready.\n']);
  expect(await page('/-/healthy', 'POST')).toEqual([200, '']);
  expect(await page('/-/reload', 'POST')).toEqual([404, '404 page not found\n']);
  expect(await page('/-/quit', 'POST')).toEqual([404, '404 page not found\n']);
  expect(await page('/x')).toEqual([404, '404 page not found\n']);
  expect((await page('/'))[1]).toContain('<a href="/metrics">');
  const metrics = await exporter.get('/metrics', { method: 'POST', headers: { 'accept-encoding': 'gzip' } });
  expect(metrics.headers.get('content-type')).toBe(
    'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
  );
  expect(metrics.headers.get('content-encoding')).toBe('gzip');
  expect(await metrics.text()).toContain('statsd_exporter_lines_total 0\n');
  const plain = await exporter.get('/metrics', { headers: { 'accept-encoding': 'identity' } });
  expect(plain.headers.get('content-encoding')).toBeNull();
  await plain.text();
});

test('with its lifecycle switched on it reloads and quits by HTTP', async () => {
  await using exporter = await startExporter(ours, { flags: ['--web.enable-lifecycle'], mapping: '' });
  expect(await (await exporter.get('/-/reload')).text()).toBe('');
  expect(await (await exporter.get('/-/reload', { method: 'PUT' })).text()).toBe('Requesting reload');
  await has(exporter, 'statsd_exporter_config_reloads_total{outcome="success"}', 1);
  const goodbye = await exporter.get('/-/quit', { method: 'POST' });
  expect(await goodbye.text()).toBe('Requesting termination... Goodbye!');
  expect(await exporter.ended).toBe(0);
});

test('SIGHUP takes another mapping, and a bad one changes nothing', async () => {
  await using exporter = await startExporter(ours, { mapping: 'mappings: [{match: a.*, name: one}]' });
  await exporter.send('a.x:1|c');
  await has(exporter, 'one', 1);
  writeFileSync(exporter.mappingFile, 'mappings: [{match: a.*, name: two}]');
  exporter.signal('SIGHUP');
  await has(exporter, 'statsd_exporter_config_reloads_total{outcome="success"}', 1);
  writeFileSync(exporter.mappingFile, 'mappings: [{match: 1a, name: three}]');
  exporter.signal('SIGHUP');
  await has(exporter, 'statsd_exporter_config_reloads_total{outcome="failure"}', 1);
  await exporter.send('a.x:1|c');
  await has(exporter, 'two', 1);
  expect(await exporter.scrape()).toContain('\none 1\n');
  expect(exporter.stderr()).toContain(`${exporter.mappingFile}:1:20: cannot use match`);
});

test('lines are relayed as they came, the empty and the too long left out', async () => {
  const target = createSocket('udp4').bind(0, '127.0.0.1');
  await once(target, 'listening');
  await using exporter = await startExporter(ours, {
    flags: [`--statsd.relay.address=127.0.0.1:${target.address().port}`, '--statsd.relay.packet-length=40'],
  });
  const packets: string[] = [];
  target.on('message', (packet) => packets.push(packet.toString()));
  await exporter.send('first:1|c\n\nbad line', `${'x'.repeat(50)}:1|c`, 'second:1|c\nthird:1|c\nfourth:1|c');
  await until('all has been relayed', () => packets.join('').includes('fourth'));
  target.close();
  expect(packets.join('')).toBe('first:1|c\nbad line\nsecond:1|c\nthird:1|c\nfourth:1|c\n');
  expect(packets.every((packet) => packet.length <= 40)).toBe(true);
  expect(await exporter.scrape()).toMatch(
    /statsd_exporter_relay_long_lines_total\{target="127\.0\.0\.1:\d+"\} 1\n/,
  );
});

test('a TCP line that is too long is counted and ends its connection', async () => {
  await using exporter = await startExporter(ours);
  await exporter.stream('a'.repeat(100_000));
  expect(await has(exporter, 'statsd_exporter_tcp_too_long_lines_total', 1)).toBe(true);
});

test('who opens connections without end keeps Prometheus from nothing', async () => {
  await using exporter = await startExporter(['sh', '-c', 'ulimit -n 1024; exec "$@"', 'sh', ...ours]);
  const streams = await Promise.all(
    Array.from({ length: 1_100 }, async () => {
      const stream = connect(exporter.tcpPort, '127.0.0.1').on('error', () => undefined);
      await Promise.race([once(stream, 'connect'), once(stream, 'close')]);
      return stream;
    }),
  );
  expect(await has(exporter, 'statsd_exporter_tcp_connections_total', 700)).toBe(true);
  expect(await has(exporter, 'statsd_exporter_tcp_connection_errors_total', 400)).toBe(true);
  for (const stream of streams) stream.destroy();
});

test('a reader of the metrics that stalls holds nothing up', async () => {
  await using exporter = await startExporter(ours);
  const packets = Array.from({ length: 60 }, (_, packet) =>
    Array.from({ length: 200 }, (_unused, index) => `n${packet}_${index}:1|c|#label:${'v'.repeat(100)}`).join(
      '\n',
    ),
  );
  await exporter.send(...packets);
  const stalled = connect(exporter.webPort, '127.0.0.1', () =>
    stalled.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'),
  );
  stalled.on('error', () => undefined).pause();
  await exporter.send('after:1|c');
  expect(await has(exporter, 'after', 1)).toBe(true);
  stalled.destroy();
});

describe('refused with one clear sentence and exit code 1', () => {
  test.each([
    [
      ['--statsd.listen-unixgram=/x', '--statsd.unixsocket-mode=9'],
      'cannot use --statsd.unixsocket-mode="9"',
    ],
    [['--statsd.listen-udp=', '--statsd.listen-tcp='], 'cannot run without a listener'],
    [['--statsd.listen-udp=nonsense'], 'cannot use address "nonsense"'],
    [['--web.listen-address=:99999'], 'cannot use address ":99999"'],
    [['--statsd.cache-type=x'], 'invalid value "x"'],
    [['--statsd.max-series=0'], 'cannot use --statsd.max-series="0"'],
    [['--log.level=loud'], 'invalid value "loud"'],
    [
      ['--statsd.mapping-config=/nowhere/x.yaml'],
      String.raw`cannot read mapping file \"/nowhere/x.yaml\": ENOENT`,
    ],
    [['--no-such-flag'], 'unknown flag'],
  ])('%s', (flags, sentence) => {
    const { code, stderr } = refusal(...flags);
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  });

  test('a port that is taken', async () => {
    await using exporter = await startExporter(ours);
    const free = await freePort();
    const udp = refusal(
      `--statsd.listen-udp=127.0.0.1:${exporter.udpPort}`,
      '--statsd.listen-tcp=',
      `--web.listen-address=127.0.0.1:${free}`,
    );
    expect(udp.stderr).toContain(`cannot listen on UDP 127.0.0.1:${exporter.udpPort}: EADDRINUSE`);
    const web = refusal(
      '--statsd.listen-udp=127.0.0.1:0',
      '--statsd.listen-tcp=',
      `--web.listen-address=127.0.0.1:${exporter.webPort}`,
    );
    expect(web.stderr).toContain(`cannot listen on HTTP 127.0.0.1:${exporter.webPort}: EADDRINUSE`);
    expect([udp.code, web.code]).toEqual([1, 1]);
  });
});

test('--check-config reads the mapping file and ends', async () => {
  await using exporter = await startExporter(ours, { mapping: 'mappings: [{match: a.*, name: n}]' });
  const file = `--statsd.mapping-config=${exporter.mappingFile}`;
  expect(refusal('--check-config', file).code).toBe(0);
  writeFileSync(exporter.mappingFile, 'mappings: [{match: a*, name: n}]');
  expect(refusal('--check-config', file)).toMatchObject({ code: 1 });
});

test('the command hands all its flags over and loads nothing else', async () => {
  const given: unknown[] = [];
  const ended = await djsup(
    [
      'statsd-exporter',
      '--statsd.listen-udp',
      ':1',
      '--no-statsd.parse-librato-tags',
      '--web.telemetry-path=/m',
    ],
    { statsdExporter: (flags) => Promise.resolve(given.push(flags)) },
  );
  expect(ended).toEqual({ code: 1, stdout: '', stderr: '' });
  expect(given).toEqual([
    { 'statsd.listen-udp': ':1', 'no-statsd.parse-librato-tags': true, 'web.telemetry-path': '/m' },
  ]);
});

const prometheus = findPrometheus();

test('promtool finds nothing wrong with its own metrics, but one name of the original', async ({ skip }) => {
  if ('reason' in prometheus) return skip(prometheus.reason);
  await using exporter = await startExporter(ours);
  await exporter.send('my_requests_total:1|c|#a:b', 'my_wait_seconds:3|h');
  await has(exporter, 'my_wait_seconds_count', 1);
  const check = (text: string): string => promtool(prometheus.directory, ['check', 'metrics'], text).said;
  expect(check(await exporter.scrape()).trim()).toBe(
    'statsd_exporter_metrics_total non-counter metrics should not have "_total" suffix',
  );
  expect(check('planted 1\nplanted 1\n')).not.toBe('');
});
