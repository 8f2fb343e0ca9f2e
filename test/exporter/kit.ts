// The exporter without sockets, with a clock of the test's.
import { Counters } from '../../src/exporter/counters.ts';
import { createExporter, type Exporter } from '../../src/exporter/exporter.ts';
import { readMapping } from '../../src/exporter/mapping-file.ts';
import { noMapping, type Mapping } from '../../src/exporter/mapping.ts';

export interface Bench {
  readonly exporter: Exporter;
  readonly counters: Counters;
  send(...packets: readonly string[]): void;
  /** Lets ms pass, with the look at TTLs at each second. */
  pass(ms: number): void;
  /** The metrics that are not the exporter's own, without HELP and TYPE. */
  lines(): readonly string[];
  text(): string;
}

export function mappingOf(text: string): Mapping {
  const mapping = readMapping(text, 'mapping.yaml');
  if (!mapping.ok) throw new Error(mapping.failure.map(({ message }) => message).join('\n'));
  return mapping.value;
}

export function createBench(options: { readonly mapping?: string; readonly maxSeries?: number } = {}): Bench {
  const counters = new Counters();
  let now = 1_000;
  const exporter = createExporter({
    now: () => now,
    mapping: options.mapping === undefined ? noMapping : mappingOf(options.mapping),
    cache: { size: 1_000, type: 'lru' },
    dialects: { dogstatsd: true, influxdb: true, librato: true, signalfx: true },
    maxSeries: options.maxSeries ?? 100_000,
    counters,
    relay: undefined,
    facts: {
      version: '1.2.3',
      relayTarget: undefined,
      udpDrops: () => 0,
      process: () => ({
        cpuSeconds: 0,
        residentBytes: 0,
        startSeconds: 0,
        virtualBytes: undefined,
        openFiles: undefined,
        mostFiles: undefined,
      }),
    },
  });
  const text = (): string => [...exporter.metrics()].join('');
  return {
    exporter,
    counters,
    send(...packets) {
      for (const packet of packets) exporter.packet(Buffer.from(packet));
    },
    pass(ms) {
      for (const end = now + ms; now < end; exporter.expire()) now += Math.min(1_000, end - now);
    },
    lines: () =>
      text()
        .split('\n')
        .filter((line) => line !== '' && !/^(?:#|statsd_|process_|promhttp_)/.test(line)),
    text,
  };
}
