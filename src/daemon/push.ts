// Metrics to StatsD: what a scrape would show, now and then. Loaded where a sink is wanted.
// Law: a gauge goes as it is, a counter by what it has grown since the last time; buckets do not go.
import type { Family, Value } from '../core/metric.ts';
import type { Meter } from '../ports.ts';

export interface Pusher {
  push(families: Iterable<Family>): Promise<void>;
}

type Tags = Readonly<Record<string, string>>;

/** Series sent at a time: about a millisecond's work. */
const pieceSize = 100;

/** Names keep their form, so that an exporter shows them as a scrape of djsup does; Pebble's and the process's stay here. */
export function createPusher(meter: Meter): Pusher {
  let before: ReadonlyMap<string, number> = new Map();

  return {
    async push(families) {
      const now = new Map<string, number>();
      let sent = 0;
      for (const family of families) {
        if (!family.name.startsWith('djsup_')) continue;
        for (const [values, value] of family.points) {
          if (value === undefined) continue;
          send(family, tagsOf(family.labels, values), value, now);
          sent += 1;
          if (sent % pieceSize === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      }
      before = now;
    },
  };

  function send({ name, type }: Family, tags: Tags, value: Value, now: Map<string, number>): void {
    if (typeof value === 'number') {
      if (type === 'gauge') meter.gauge(name, value, tags);
      else grow(name, tags, value, now);
      return;
    }
    if ('quantiles' in value) {
      for (const [quantile, at] of value.quantiles)
        meter.gauge(name, at, { ...tags, quantile: String(quantile) });
    }
    grow(`${name}_sum`, tags, value.sum, now);
    grow(`${name}_count`, tags, value.count, now);
  }

  function grow(name: string, tags: Tags, value: number, now: Map<string, number>): void {
    const key = [name, ...Object.values(tags)].join('\0');
    const known = before.get(key) ?? 0;
    now.set(key, value);
    // A counter that is smaller has begun anew.
    const grown = value < known ? value : value - known;
    if (grown > 0) meter.count(name, grown, tags);
  }
}

function tagsOf(names: readonly string[], values: readonly string[]): Tags {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
