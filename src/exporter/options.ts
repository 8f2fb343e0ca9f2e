// The flags of `djsup statsd-exporter` as values, under the names and with the defaults of the original exporter's.
import { parseDuration } from '../core/duration.ts';
import { ok, refuse } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import { parseAddress } from './address.ts';
import type { Address } from './address.ts';
import type { LogOptions } from './log.ts';
import type { CacheOptions } from './mapper.ts';
import type { TagDialects } from './tags.ts';

/** As typed, by name without dashes; a switch that was given is true. */
export type Flags = Readonly<Record<string, string | true>>;

export interface Options {
  readonly web: Address;
  readonly telemetryPath: string;
  readonly lifecycle: boolean;
  /** Undefined: off. */
  readonly udp: Address | undefined;
  readonly tcp: Address | undefined;
  readonly unixgram: { readonly name: string; readonly mode: number } | undefined;
  readonly mappingFile: string | undefined;
  /** Bytes; undefined: as much as the kernel gives. */
  readonly readBuffer: number | undefined;
  readonly cache: CacheOptions;
  readonly flushInterval: number;
  readonly dialects: TagDialects;
  readonly relay:
    { readonly target: string; readonly address: Address; readonly packetLength: number } | undefined;
  readonly dumpFsm: string | undefined;
  readonly checkConfig: boolean;
  readonly maxSeries: number;
  readonly log: LogOptions;
}

const defaults = {
  'web.listen-address': ':9102',
  'web.telemetry-path': '/metrics',
  'statsd.listen-udp': '127.0.0.1:9125',
  'statsd.listen-tcp': '127.0.0.1:9125',
  'statsd.listen-unixgram': '',
  'statsd.unixsocket-mode': '755',
  'statsd.cache-size': '1000',
  'statsd.cache-type': 'lru',
  'statsd.event-flush-interval': '200ms',
  'statsd.relay.address': '',
  'statsd.relay.packet-length': '1400',
  'statsd.max-series': '100000',
  'log.level': 'info',
  'log.format': 'logfmt',
} as const;

const smallestPacket = 32;

export function readOptions(flags: Flags): Result<Options> {
  const problems: string[] = [];
  const text = (name: keyof typeof defaults): string => textOf(flags, name) ?? defaults[name];
  const whole = (name: string, given: string, least: number): number => {
    const value = /^\d{1,15}$/.test(given) ? Number(given) : NaN;
    if (!(value >= least))
      problems.push(`cannot use --${name}="${given}": write a whole number from ${least} on`);
    return value;
  };
  const address = (name: keyof typeof defaults): Address | undefined => {
    const given = text(name);
    const parsed = given === '' ? undefined : parseAddress(given);
    if (parsed?.ok === false) problems.push(`${parsed.failure.message} (--${name})`);
    return parsed?.ok === true ? parsed.value : undefined;
  };
  const choice = <const Choice extends string>(
    name: keyof typeof defaults,
    choices: readonly [Choice, ...Choice[]],
  ): Choice => {
    const found = choices.find((one) => one === text(name));
    if (found === undefined)
      problems.push(`cannot use --${name}="${text(name)}": use ${choices.join(' or ')}`);
    return found ?? choices[0];
  };

  const web = address('web.listen-address');
  const [udp, tcp] = [address('statsd.listen-udp'), address('statsd.listen-tcp')];
  const relay = address('statsd.relay.address');
  const packetLength = whole(
    'statsd.relay.packet-length',
    text('statsd.relay.packet-length'),
    smallestPacket,
  );
  const flushInterval = parseDuration(text('statsd.event-flush-interval'));
  if (!flushInterval.ok) problems.push(`cannot use --statsd.event-flush-interval: ${flushInterval.failure}`);
  const readBuffer = textOf(flags, 'statsd.read-buffer') ?? '';
  const telemetryPath = text('web.telemetry-path');
  if (!telemetryPath.startsWith('/')) {
    problems.push(`cannot use --web.telemetry-path="${telemetryPath}": it starts with "/"`);
  }
  const unixgram = text('statsd.listen-unixgram');
  const mode = text('statsd.unixsocket-mode');
  if (unixgram !== '' && !/^0?[0-7]{3}$/.test(mode))
    problems.push(`cannot use --statsd.unixsocket-mode="${mode}": write three octal digits, like "755"`);
  const options = {
    telemetryPath,
    lifecycle: isOn(flags, 'web.enable-lifecycle', false),
    udp,
    tcp,
    unixgram: unixgram === '' ? undefined : { name: unixgram, mode: Number.parseInt(mode, 8) },
    mappingFile: textOf(flags, 'statsd.mapping-config') || undefined,
    readBuffer:
      readBuffer === '' || readBuffer === '0' ? undefined : whole('statsd.read-buffer', readBuffer, 1),
    cache: {
      size: whole('statsd.cache-size', text('statsd.cache-size'), 0),
      type: choice('statsd.cache-type', ['lru', 'random']),
    },
    flushInterval: flushInterval.ok ? flushInterval.value : 0,
    dialects: {
      dogstatsd: isOn(flags, 'statsd.parse-dogstatsd-tags', true),
      influxdb: isOn(flags, 'statsd.parse-influxdb-tags', true),
      librato: isOn(flags, 'statsd.parse-librato-tags', true),
      signalfx: isOn(flags, 'statsd.parse-signalfx-tags', true),
    },
    relay:
      relay === undefined
        ? undefined
        : { target: text('statsd.relay.address'), address: relay, packetLength },
    dumpFsm: textOf(flags, 'debug.dump-fsm') || undefined,
    checkConfig: isOn(flags, 'check-config', false),
    maxSeries: whole('statsd.max-series', text('statsd.max-series'), 1),
    log: {
      level: choice('log.level', ['info', 'debug', 'warn', 'error']),
      format: choice('log.format', ['logfmt', 'json']),
    },
  } satisfies Omit<Options, 'web'>;
  const [problem] = problems;
  if (problem !== undefined) return refuse('bad-request', problem);
  if (web === undefined) return refuse('bad-request', 'cannot do without --web.listen-address');
  if (udp === undefined && tcp === undefined && unixgram === '' && !options.checkConfig) {
    return refuse(
      'bad-request',
      'cannot run without a listener: give --statsd.listen-udp, --statsd.listen-tcp or --statsd.listen-unixgram',
    );
  }
  return ok({ ...options, web });
}

function textOf(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return value === true ? '' : value;
}

function isOn(flags: Flags, name: string, byDefault: boolean): boolean {
  if (flags[`no-${name}`] !== undefined) return false;
  return flags[name] !== undefined || byDefault;
}
