import { describe, expect, test } from 'vitest';
import { command } from '../../src/cli/commands/statsd-exporter.ts';
import { parseAddress } from '../../src/exporter/address.ts';
import { readOptions } from '../../src/exporter/options.ts';

test('without a flag it listens for StatsD on the loopback alone and for Prometheus everywhere', () => {
  expect(readOptions({})).toMatchObject({
    ok: true,
    value: {
      web: { host: undefined, port: 9102 },
      telemetryPath: '/metrics',
      lifecycle: false,
      udp: { host: '127.0.0.1', port: 9125 },
      tcp: { host: '127.0.0.1', port: 9125 },
      cache: { size: 1000, type: 'lru' },
      dialects: { dogstatsd: true, influxdb: true, librato: true, signalfx: true },
      relay: undefined,
      maxSeries: 100_000,
    },
  });
});

test('what the help calls the default is the default', () => {
  const byHelp = command.options.flatMap(({ name, value, help }) => {
    const text = /\(default: (\S+)\)\.$/.exec(help)?.[1];
    return value === undefined || text === undefined ? [] : [[name, text] as const];
  });
  expect(byHelp.length).toBeGreaterThan(8);
  expect(readOptions(Object.fromEntries(byHelp))).toEqual(readOptions({}));
});

test('the flags are those of the original, and one more', () => {
  const names = command.options.map(({ name }) => name).filter((name) => !name.startsWith('no-'));
  expect(names.toSorted()).toEqual(
    `check-config debug.dump-fsm log.format log.level statsd.cache-size statsd.cache-type statsd.event-flush-interval
    statsd.event-flush-threshold statsd.event-queue-size statsd.listen-tcp statsd.listen-udp statsd.listen-unixgram
    statsd.mapping-config statsd.max-series statsd.parse-dogstatsd-tags statsd.parse-influxdb-tags
    statsd.parse-librato-tags statsd.parse-signalfx-tags statsd.read-buffer statsd.relay.address
    statsd.relay.packet-length statsd.udp-packet-queue-size statsd.unixsocket-mode web.enable-lifecycle
    web.listen-address web.telemetry-path`.split(/\s+/),
  );
});

describe('addresses', () => {
  test.each([
    [':9125', undefined, 9125],
    ['localhost:9125', '127.0.0.1', 9125],
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['[::1]:9125', '::1', 9125],
    ['exporter.internal:1', 'exporter.internal', 1],
  ])('%s', (text, host, port) => {
    expect(parseAddress(text)).toEqual({ ok: true, value: { host, port } });
  });

  test.each(['9125', 'a:b', '::1:9125', ':70000', '', 'a:'])('not "%s"', (text) => {
    expect(parseAddress(text).ok).toBe(false);
  });
});
