// The Meter port: StatsD over UDP by hot-shots, loaded only where a sink is configured.
// Law: a sink that is away, slow or unknown costs nothing and is never an error.
import type { Meter } from '../ports.ts';

/** StatsD's own port. */
const DEFAULT_PORT = 8125;
/** Metrics of this long go out in one datagram of at most this size. */
const FLUSH_MS = 500;
const DATAGRAM_BYTES = 1400;

/** Of hot-shots' clients, but not among their types. A sample rate given to the others would leave out what it says it stands for. */
interface Sender {
  send(message: string, tags: Readonly<Record<string, string>>): void;
}

export interface HostMeter extends Meter {
  /** Sends what is buffered and lets go of the socket. */
  close(): Promise<void>;
}

/** Sends to DJSUP_STATSD_HOST (`host` or `host:port`, `[v6]:port`); undefined without it. */
export async function createMeter(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<HostMeter | undefined> {
  const address = environment['DJSUP_STATSD_HOST'];
  if (address === undefined || address === '') return undefined;
  const { StatsD } = await import('hot-shots');
  const { host, port } = parseAddress(address);
  let lost = 0;
  const client = new StatsD({
    host,
    port,
    protocol: 'udp',
    cacheDns: true,
    maxBufferSize: DATAGRAM_BYTES,
    bufferFlushInterval: FLUSH_MS,
    includeDataDogTags: false,
    errorHandler: () => {
      lost += 1;
    },
  });
  const sender = client as unknown as Sender;
  return {
    count: (name, by, tags = {}) => client.increment(name, by, { ...tags }),
    gauge: (name, value, tags = {}) => client.gauge(name, value, { ...tags }),
    observe: (name, value, times, tags = {}) =>
      sender.send(`${name}:${value}|h${times === 1 ? '' : `|@${rateOf(times)}`}`, tags),
    lost: () => lost,
    close: () => new Promise((resolve) => client.close(() => resolve())),
  };
}

/** A little less than its share, for an exporter takes the whole part of its inverse. */
function rateOf(times: number): number {
  return 1 / (times * (1 + 1e-12));
}

function parseAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]+))(?::(?<port>\d+))?$/.exec(address);
  const { v6, host, port } = match?.groups ?? {};
  return { host: v6 ?? host ?? address, port: port === undefined ? DEFAULT_PORT : Number(port) };
}
