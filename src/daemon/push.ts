// Metrics to StatsD: what a scrape would show, now and then. Loaded where a sink is wanted.
// Law: a gauge goes as it is, a counter by what it has grown since the last time, a histogram or summary by what it has taken in
// since, so that an exporter makes a metric of the same name of it.
import type { Family } from '../core/metric.ts';
import { observed, standingOf } from '../core/observations.ts';
import type { Standing } from '../core/observations.ts';
import type { Meter } from '../ports.ts';

export interface Pusher {
  push(families: Iterable<Family>): Promise<void>;
}

type Tags = Readonly<Record<string, string>>;

/** Series sent at a time: about a millisecond's work. */
const pieceSize = 100;

/** Names keep their form, so that an exporter shows them as a scrape of djsup does; Pebble's and the process's stay here. */
export function createPusher(meter: Meter): Pusher {
  let before: ReadonlyMap<string, number | Standing> = new Map();

  return {
    async push(families) {
      const now = new Map<string, number | Standing>();
      let sent = 0;
      for (const { name, type, labels, points } of families) {
        if (!name.startsWith('djsup_')) continue;
        for (const [values, value] of points) {
          if (value === undefined) continue;
          const tags = tagsOf(labels, values);
          const key = [name, ...values].join('\0');
          const known = before.get(key);
          if (typeof value !== 'number') {
            now.set(key, standingOf(value));
            const since = typeof known === 'object' ? known : undefined;
            for (const [one, times] of observed(value, since)) meter.observe(name, one, times, tags);
          } else if (type === 'gauge') meter.gauge(name, value, tags);
          else {
            now.set(key, value);
            const since = typeof known === 'number' ? known : 0;
            // A counter that is smaller has begun anew.
            const grown = value < since ? value : value - since;
            if (grown > 0) meter.count(name, grown, tags);
          }
          sent += 1;
          if (sent % pieceSize === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      }
      before = now;
    },
  };
}

function tagsOf(names: readonly string[], values: readonly string[]): Tags {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
