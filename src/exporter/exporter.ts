// The exporter without its sockets: bytes in, text out, a mapping that can be changed in between.
import { createIntake } from './intake.ts';
import type { Intake } from './intake.ts';
import type { Counters } from './counters.ts';
import { exposition } from './exposition.ts';
import { createMapper } from './mapper.ts';
import type { CacheOptions, Mapper } from './mapper.ts';
import type { Mapping } from './mapping.ts';
import { isOwnName, ownMetrics } from './own-metrics.ts';
import type { OwnMetricsDeps } from './own-metrics.ts';
import { createReceiver } from './receiver.ts';
import { createRegistry } from './registry.ts';
import type { TagDialects } from './tags.ts';

export interface ExporterDeps {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly mapping: Mapping;
  readonly cache: CacheOptions;
  readonly dialects: TagDialects;
  readonly maxSeries: number;
  readonly counters: Counters;
  readonly relay: ((line: Buffer) => void) | undefined;
  readonly facts: Pick<OwnMetricsDeps, 'udpDrops' | 'process' | 'version' | 'relayTarget'>;
}

export interface Exporter {
  /** A datagram, or a line. */
  packet(bytes: Buffer): void;
  /** Samples from now on go by this mapping; series stay as they are. */
  use(mapping: Mapping): void;
  /** Ends series whose time is over; to be called each second. */
  expire(): void;
  /** The metrics in pieces. `names`: only these families; empty: all. */
  metrics(names?: ReadonlySet<string>): Iterable<string>;
  /** The globs in Graphviz's language. */
  dot(): string;
}

export function createExporter(deps: ExporterDeps): Exporter {
  const { now, counters } = deps;
  const registry = createRegistry({ maxSeries: deps.maxSeries, isTaken: isOwnName });
  let mapper: Mapper;
  const receiver = createReceiver(
    { dialects: deps.dialects, counters, relay: deps.relay },
    take(deps.mapping),
  );

  function take(mapping: Mapping): Intake {
    mapper = createMapper(mapping, deps.cache);
    counters.loadedMappings = mapping.rules.length;
    return createIntake({ mapping, mapper, registry, counters });
  }

  return {
    packet: (bytes) => receiver.packet(bytes, now()),
    use: (mapping) => receiver.use(take(mapping)),
    expire: () => registry.expire(now()),
    metrics(names = new Set()) {
      const own = ownMetrics({ ...deps.facts, counters, registry, mapper: () => mapper.cache });
      return exposition(registry, own, names, now());
    },
    dot: () => mapper.dot(),
  };
}
