// The StatsD exporter as a program: flags in, an exit code out once it has been told to end.
// Law: it loads nothing of the daemon; a bad mapping file ends it at its start and changes nothing later.
import { readFileSync, writeFileSync } from 'node:fs';
import { formatProblem } from '../core/problem.ts';
import { fail, ok } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import type { ListenUnixDatagrams, Log } from '../ports.ts';
import { formatAddress } from './address.ts';
import { Counters } from './counters.ts';
import { createExporter } from './exporter.ts';
import type { Exporter } from './exporter.ts';
import { listenTcp, listenUdp } from './listeners.ts';
import type { Listening } from './listeners.ts';
import { createLog } from './log.ts';
import { readMapping } from './mapping-file.ts';
import { noMapping } from './mapping.ts';
import type { Mapping } from './mapping.ts';
import { readOptions } from './options.ts';
import type { Flags, Options } from './options.ts';
import { processFigures, udpDrops } from './process-figures.ts';
import { createRelay } from './relay.ts';
import { listenWeb } from './web.ts';

/** How exactly TTLs and windows of time are kept, ms. */
const clockStep = 50;

interface Closing {
  close(): void;
}

/** What it gets handed by who starts it. */
export interface ExporterProgram {
  readonly flags: Flags;
  readonly version: string;
  readonly listenUnixDatagrams: ListenUnixDatagrams;
}

/** Runs until SIGTERM, SIGINT or /-/quit (0), or until something it needs cannot be had (1). */
export async function runExporter({ flags, version, listenUnixDatagrams }: ExporterProgram): Promise<number> {
  const stderr = (line: string): void => void process.stderr.write(line);
  const read = readOptions(flags);
  if (!read.ok) {
    stderr(`error: ${read.failure.message}\n`);
    return 1;
  }
  const options = read.value;
  const log = createLog(options.log, stderr);
  const mapping = loadMapping(options.mappingFile);
  if (!mapping.ok) {
    for (const problem of mapping.failure) log.write('error', problem);
    return 1;
  }
  if (options.checkConfig) {
    log.write('info', 'Configuration check successful, exiting');
    return 0;
  }
  const counters = new Counters();
  const relay = options.relay && createRelay(options.relay.address, options.relay.packetLength, counters);
  let udpPort: number | undefined;
  let now = performance.now();
  const exporter = createExporter({
    now: () => now,
    mapping: mapping.value,
    cache: options.cache,
    dialects: options.dialects,
    maxSeries: options.maxSeries,
    counters,
    relay: relay && ((line) => relay.line(line)),
    facts: {
      version,
      relayTarget: options.relay?.target,
      udpDrops: () => (udpPort === undefined ? 0 : udpDrops(udpPort)),
      process: processFigures,
    },
  });
  if (options.dumpFsm !== undefined) {
    const problem = dump(options.dumpFsm, exporter);
    if (problem !== undefined) {
      log.write('error', problem);
      return 1;
    }
  }

  const open: Closing[] = relay === undefined ? [] : [relay];
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  const reload = (): void => reloadMapping(options.mappingFile, exporter, counters, log);
  // Before anything listens: a signal that comes early must not end it as an unknown one.
  process.on('SIGHUP', reload);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(0));
  const listening = await listen(
    { options, counters, exporter, log, reload, end, listenUnixDatagrams },
    open,
  );
  udpPort = listening.udpPort;
  if (!listening.ok) end(1);
  const ticks = [
    // Looked at for each packet, the clock itself would cost as much as the rest of the work.
    setInterval(() => (now = performance.now()), clockStep),
    setInterval(() => {
      exporter.expire();
      relay?.flush();
    }, 1_000),
    setInterval(() => (counters.flushes += 1), Math.max(options.flushInterval, 1)),
  ];
  const code = await ended;
  for (const tick of ticks) clearInterval(tick);
  for (const one of open) one.close();
  return code;
}

interface ListenDeps {
  readonly options: Options;
  readonly counters: Counters;
  readonly exporter: Exporter;
  readonly log: Log;
  readonly reload: () => void;
  readonly end: (code: number) => void;
  readonly listenUnixDatagrams: ListenUnixDatagrams;
}

async function listen(
  { options, counters, exporter, log, reload, end, listenUnixDatagrams }: ListenDeps,
  open: Closing[],
): Promise<{ readonly ok: boolean; readonly udpPort: number | undefined }> {
  const deps = { counters, packet: (bytes: Buffer) => exporter.packet(bytes) };
  const places: Record<string, string> = {};
  let udpPort: number | undefined;
  const attempts = [
    ['udp', () => options.udp && listenUdp(options.udp, options.readBuffer, deps)],
    ['tcp', () => options.tcp && listenTcp(options.tcp, deps)],
    [
      'unixgram',
      () =>
        options.unixgram &&
        listenUnixDatagrams({
          ...options.unixgram,
          take(bytes) {
            counters.unixgramPackets += 1;
            exporter.packet(bytes);
          },
          failed(message) {
            log.write('error', message);
            end(1);
          },
        }),
    ],
    [
      'web',
      () =>
        listenWeb(options.web, {
          counters,
          telemetryPath: options.telemetryPath,
          lifecycle: options.lifecycle,
          metrics: (names) => exporter.metrics(names),
          reload,
          quit: () => end(0),
        }),
    ],
  ] as const;
  for (const [what, attempt] of attempts) {
    const listening = await attempt();
    if (listening === undefined) continue;
    if (!listening.ok) {
      log.write('error', listening.failure.message);
      return { ok: false, udpPort };
    }
    open.push(listening.value);
    const { address, port }: Partial<Listening> = listening.value;
    if (address === undefined || port === undefined) continue;
    places[what] = formatAddress(address, port);
    if (what === 'udp') udpPort = port;
  }
  const { udp = 'off', tcp = 'off' } = places;
  const unixgram = options.unixgram === undefined ? '' : `, unixgram "${options.unixgram.name}"`;
  log.write('info', `Accepting StatsD Traffic: udp ${udp}, tcp ${tcp}${unixgram}`);
  log.write('info', `Accepting Prometheus Requests: ${places['web']}${options.telemetryPath}`);
  return { ok: true, udpPort };
}

function reloadMapping(file: string | undefined, exporter: Exporter, counters: Counters, log: Log): void {
  if (file === undefined) {
    log.write('warn', 'cannot read the mapping again: no --statsd.mapping-config was given');
    return;
  }
  const mapping = loadMapping(file);
  if (mapping.ok) {
    exporter.use(mapping.value);
    counters.reloads.success += 1;
    log.write('info', `Config reloaded successfully from "${file}"`);
    return;
  }
  counters.reloads.failure += 1;
  for (const problem of mapping.failure) log.write('error', problem);
  log.write('error', `cannot use "${file}": the mapping stays as it was`);
}

/** The failure has a line for each problem. */
function loadMapping(file: string | undefined): Result<Mapping, readonly string[]> {
  if (file === undefined) return ok(noMapping);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return fail([`cannot read mapping file "${file}": ${codeOf(error)}`]);
  }
  const mapping = readMapping(text, file);
  return mapping.ok ? mapping : fail(mapping.failure.map(formatProblem));
}

function dump(path: string, exporter: Exporter): string | undefined {
  try {
    writeFileSync(path, exporter.dot());
    return undefined;
  } catch (error) {
    return `cannot write "${path}": ${codeOf(error)}`;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
