// djsup statsd-exporter
import { ok } from '../../core/result.ts';
import { defineCommand } from '../command.ts';
import type { Option } from '../command.ts';

function tags(dialect: string, example: string): readonly [Option, Option] {
  const name = `statsd.parse-${dialect.toLowerCase()}-tags`;
  return [
    { name, help: `Read the tags of ${dialect}, as in ${example} (the default).` },
    { name: `no-${name}`, help: `Take the tags of ${dialect} for part of the name.` },
  ];
}

const options: readonly Option[] = [
  { name: 'web.listen-address', value: 'address', help: 'Where /metrics is served (default: :9102).' },
  { name: 'web.telemetry-path', value: 'path', help: 'The path of the metrics (default: /metrics).' },
  { name: 'web.enable-lifecycle', help: 'Reload and quit by POST or PUT to /-/reload and /-/quit.' },
  { name: 'no-web.enable-lifecycle', help: 'Neither by HTTP (the default).' },
  {
    name: 'statsd.listen-udp',
    value: 'address',
    help: 'Where StatsD comes in over UDP; empty: nowhere (default: 127.0.0.1:9125).',
  },
  {
    name: 'statsd.listen-tcp',
    value: 'address',
    help: 'Where StatsD comes in over TCP; empty: nowhere (default: 127.0.0.1:9125).',
  },
  {
    name: 'statsd.listen-unixgram',
    value: 'path',
    help: 'The Unix datagram socket that StatsD comes in by, "@name" for one without a file; empty: none (the default).',
  },
  {
    name: 'statsd.unixsocket-mode',
    value: 'mode',
    help: 'Permissions of its file; who sends needs to be able to write (default: 755).',
  },
  { name: 'statsd.mapping-config', value: 'file', help: 'The file with the mappings, in YAML.' },
  {
    name: 'statsd.read-buffer',
    value: 'bytes',
    help: 'Receive buffer of the UDP socket (default: what net.core.rmem_max allows, up to 8 MiB).',
  },
  { name: 'statsd.cache-size', value: 'count', help: 'Names whose mapping is remembered (default: 1000).' },
  {
    name: 'statsd.cache-type',
    value: 'type',
    choices: ['lru', 'random'],
    help: 'Which of them is forgotten first: lru, or random (default: lru).',
  },
  {
    name: 'statsd.max-series',
    value: 'count',
    help: 'Series that are kept, a histogram counting as 2 and a summary as 8, more than 1 KiB of text (100 bytes for each label besides) as more; samples that need another are counted and dropped (default: 100000).',
  },
  { name: 'statsd.event-queue-size', value: 'count', help: 'Without effect: no event waits.' },
  { name: 'statsd.event-flush-threshold', value: 'count', help: 'Without effect: no event waits.' },
  {
    name: 'statsd.event-flush-interval',
    value: 'duration',
    help: 'How often event_queue_flushed_total counts; no event waits for it (default: 200ms).',
  },
  {
    name: 'statsd.udp-packet-queue-size',
    value: 'count',
    help: 'Without effect: packets wait in the kernel.',
  },
  ...tags('DogStatsD', 'name:1|c|#a:b'),
  ...tags('InfluxDB', 'name,a=b:1|c'),
  ...tags('Librato', 'name#a=b:1|c'),
  ...tags('SignalFX', 'name[a=b]:1|c'),
  { name: 'statsd.relay.address', value: 'address', help: 'Pass all lines on to this address by UDP.' },
  {
    name: 'statsd.relay.packet-length',
    value: 'bytes',
    help: 'The largest packet that is passed on (default: 1400).',
  },
  { name: 'debug.dump-fsm', value: 'file', help: 'Write the tree of globs to a file, for Graphviz.' },
  { name: 'check-config', help: 'Read the mapping file, say what is wrong with it, and end.' },
  { name: 'no-check-config', help: 'Run (the default).' },
  {
    name: 'log.level',
    value: 'level',
    choices: ['debug', 'info', 'warn', 'error'],
    help: 'The lowest level that is logged (default: info).',
  },
  {
    name: 'log.format',
    value: 'format',
    choices: ['logfmt', 'json'],
    help: 'How log lines are written (default: logfmt).',
  },
];

export const command = defineCommand<string>({
  name: 'statsd-exporter',
  category: 'Run',
  summary: 'Take StatsD metrics in and serve them to Prometheus',
  description:
    "A StatsD exporter as a program of its own, with the flags, mapping files and metrics of the Prometheus project's statsd_exporter. SIGHUP reads the mapping file again. Needs no daemon.",
  options,
  positionals: [],
  async run(context, input) {
    const given = options.flatMap(({ name }) => (input.on(name) ? [[name, input.value(name) ?? true]] : []));
    return ok(await context.statsdExporter(Object.fromEntries(given) as Record<string, string | true>));
  },
});
