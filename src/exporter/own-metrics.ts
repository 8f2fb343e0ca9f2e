// The exporter's metrics about itself, under the names of the original's.
import { escapeLabelValue } from '../core/exposition.ts';
import type { Counters } from './counters.ts';
import type { Mapper } from './mapper.ts';
import type { ProcessFigures } from './process-figures.ts';
import type { FamilyType, Registry } from './registry.ts';

export interface OwnFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /** Label text without braces, and value. */
  readonly series: readonly (readonly [labelText: string, value: number])[];
}

export interface OwnMetricsDeps {
  readonly counters: Counters;
  readonly registry: Pick<Registry, 'count'>;
  readonly mapper: () => Mapper['cache'];
  /** Packets the kernel dropped at the UDP socket. */
  readonly udpDrops: () => number;
  readonly process: () => ProcessFigures;
  readonly version: string;
  /** Where lines are relayed to, as it was given. */
  readonly relayTarget: string | undefined;
}

const familyTypes: readonly FamilyType[] = ['counter', 'gauge', 'summary', 'histogram'];
const architectures: Readonly<Record<string, string>> = { x64: 'amd64' };
/** What Go programs tell of themselves: a sender's metric of that name would be taken for it. */
const goNames = /^go_(?:gc_|memstats_|sched_|cgo_|goroutines$|info$|threads$)/;
const ownNames = /^(?:statsd_exporter_|statsd_metric_mapper_|promhttp_metric_handler_)/;
const processNames =
  /^process_(?:cpu_seconds_total|max_fds|open_fds|resident_memory_bytes|start_time_seconds|virtual_memory_(?:max_)?bytes|network_(?:receive|transmit)_bytes_total)$/;

/** Whether a metric's name is one that the exporter uses for itself. */
export function isOwnName(name: string): boolean {
  return ownNames.test(name) || processNames.test(name) || goNames.test(name);
}

export function ownMetrics(deps: OwnMetricsDeps): readonly OwnFamily[] {
  const { counters } = deps;
  const cache = deps.mapper();
  const relay = deps.relayTarget === undefined ? undefined : label('target', deps.relayTarget);
  const families: OwnFamily[] = [
    counter('statsd_exporter_event_queue_flushed_total', 'Times events were taken in.', counters.flushes),
    counter(
      'statsd_exporter_events_unmapped_total',
      'Events that no mapping was found for.',
      counters.unmapped,
    ),
    counter('statsd_exporter_lines_total', 'StatsD lines received.', counters.lines),
    counter('statsd_exporter_samples_total', 'StatsD samples received.', counters.samples),
    counter('statsd_exporter_tags_total', 'Samples with tags.', counters.tags),
    counter('statsd_exporter_tag_errors_total', 'Tags that could not be read.', counters.tagErrors),
    counter('statsd_exporter_udp_packets_total', 'StatsD packets received over UDP.', counters.udpPackets),
    counter(
      'statsd_exporter_udp_packet_drops_total',
      'StatsD packets that came over UDP while its receive buffer was full.',
      deps.udpDrops(),
    ),
    counter('statsd_exporter_tcp_connections_total', 'TCP connections taken.', counters.tcpConnections),
    counter(
      'statsd_exporter_tcp_connection_errors_total',
      'TCP connections that failed or were one too many.',
      counters.tcpConnectionErrors,
    ),
    counter(
      'statsd_exporter_tcp_too_long_lines_total',
      'Lines over TCP that were too long; their connections were closed.',
      counters.tcpTooLongLines,
    ),
    counter(
      'statsd_exporter_unixgram_packets_total',
      'StatsD packets received over a Unix datagram socket.',
      counters.unixgramPackets,
    ),
    gauge('statsd_exporter_loaded_mappings', 'Mappings in use.', counters.loadedMappings),
    counter('statsd_metric_mapper_cache_gets_total', 'Times a mapping was looked for.', cache.gets),
    counter('statsd_metric_mapper_cache_hits_total', 'Times a mapping was remembered.', cache.hits),
    gauge('statsd_metric_mapper_cache_length', 'Names whose mapping is remembered.', cache.length),
    gauge('promhttp_metric_handler_requests_in_flight', 'Scrapes being answered.', counters.scrapesInFlight),
    {
      name: 'promhttp_metric_handler_requests_total',
      type: 'counter',
      help: 'Scrapes by HTTP status code.',
      series: [
        [label('code', '200'), counters.scrapes],
        [label('code', '500'), 0],
        [label('code', '503'), 0],
      ],
    },
    {
      name: 'statsd_exporter_build_info',
      type: 'gauge',
      help: 'Always 1; what the exporter was built from is in the labels.',
      series: [[buildInfo(deps.version), 1]],
    },
    byLabel('events_total', 'Events taken in, by type.', 'type', entries(counters.events)),
    byLabel(
      'events_actions_total',
      'Events by what their mapping says.',
      'action',
      entries(counters.actions),
    ),
    byLabel(
      'config_reloads_total',
      'Readings of the mapping file, by outcome.',
      'outcome',
      entries(counters.reloads),
    ),
    byLabel(
      'sample_errors_total',
      'Samples that could not be read, by reason.',
      'reason',
      counters.sampleErrors,
    ),
    byLabel(
      'events_error_total',
      'Events that could not be used, by reason.',
      'reason',
      counters.eventErrors,
    ),
    {
      ...byLabel(
        'metrics_total',
        'Series, by type.',
        'type',
        familyTypes.map((type) => [type, deps.registry.count(type)]),
      ),
      type: 'gauge',
    },
    {
      name: 'statsd_exporter_events_conflict_total',
      type: 'counter',
      help: 'Events whose metric has another type already; from a thousand names on without a name.',
      series: [...counters.conflicts.values()]
        .map(
          ({ kind, name, count }) => [`${label('metric_name', name)},${label('type', kind)}`, count] as const,
        )
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    },
    ...processMetrics(deps.process()),
  ];
  if (relay !== undefined) {
    families.push(
      labelled('statsd_exporter_relay_packets_total', 'Packets relayed.', relay, counters.relayPackets),
      labelled(
        'statsd_exporter_relay_long_lines_total',
        'Lines too long to relay.',
        relay,
        counters.relayLongLines,
      ),
      labelled('statsd_exporter_relay_lines_relayed_total', 'Lines relayed.', relay, counters.relayedLines),
    );
  }
  return families.filter(({ series }) => series.length > 0).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function processMetrics(figures: ProcessFigures): readonly OwnFamily[] {
  const known: readonly (OwnFamily | undefined)[] = [
    counter('process_cpu_seconds_total', 'CPU time used, user and system, in seconds.', figures.cpuSeconds),
    maybe('process_open_fds', 'Open file descriptors.', figures.openFiles),
    maybe('process_max_fds', 'Most file descriptors that may be open.', figures.mostFiles),
    gauge('process_resident_memory_bytes', 'Resident memory in bytes.', figures.residentBytes),
    maybe('process_virtual_memory_bytes', 'Virtual memory in bytes.', figures.virtualBytes),
    gauge(
      'process_start_time_seconds',
      'When the process was started, Unix time in seconds.',
      figures.startSeconds,
    ),
  ];
  return known.filter((family) => family !== undefined);
}

function counter(name: string, help: string, value: number): OwnFamily {
  return { name, type: 'counter', help, series: [['', value]] };
}

function gauge(name: string, help: string, value: number): OwnFamily {
  return { name, type: 'gauge', help, series: [['', value]] };
}

function maybe(name: string, help: string, value: number | undefined): OwnFamily | undefined {
  return value === undefined ? undefined : gauge(name, help, value);
}

function labelled(name: string, help: string, labelText: string, value: number): OwnFamily {
  return { name, type: 'counter', help, series: [[labelText, value]] };
}

/** Values that were never counted are left out, as the original does. */
function byLabel(
  name: string,
  help: string,
  key: string,
  values: Iterable<readonly [string, number]>,
): OwnFamily {
  const series = [...values]
    .filter(([, value]) => value > 0)
    .map(([value, count]) => [label(key, value), count] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { name: `statsd_exporter_${name}`, type: 'counter', help, series };
}

function entries(record: Readonly<Record<string, number>>): readonly (readonly [string, number])[] {
  return Object.entries(record);
}

function label(name: string, value: string): string {
  return `${name}="${escapeLabelValue(value)}"`;
}

function buildInfo(version: string): string {
  const architecture = architectures[process.arch] ?? process.arch;
  return [
    label('branch', ''),
    label('goarch', architecture),
    label('goos', process.platform),
    label('goversion', ''),
    label('revision', 'djsup'),
    label('tags', ''),
    label('version', version),
  ].join(',');
}
