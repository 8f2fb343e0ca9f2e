// Readers of log lines as they come. Law: a reader that is too slow loses lines, is told how many, and delays nobody.
import type { LogRecord } from './records.ts';

/** Records that wait for one reader at most. */
const followLimit = 4_096;

export interface Followers {
  /** Gives a line to all who follow its service. */
  tell(record: LogRecord): void;
  /** Batches of new lines of the services (empty: all) until the signal aborts. */
  follow(services: readonly string[], signal: AbortSignal): AsyncGenerator<readonly LogRecord[]>;
  /** Lines that readers have lost. */
  missed(): number;
}

interface Follower {
  readonly services: ReadonlySet<string>;
  queue: LogRecord[];
  missed: number;
  wake: () => void;
}

export function createFollowers(): Followers {
  const all = new Set<Follower>();
  let missed = 0;
  return {
    tell(record) {
      for (const follower of all) {
        if (follower.services.size > 0 && !follower.services.has(record.service)) continue;
        if (follower.queue.length < followLimit) follower.queue.push(record);
        else {
          follower.missed += 1;
          missed += 1;
        }
        follower.wake();
      }
    },
    follow(services, signal) {
      const follower: Follower = { services: new Set(services), queue: [], missed: 0, wake: () => {} };
      // Registered now and not at the first read, so that no line between snapshot and follow is lost.
      all.add(follower);
      return batches(follower, signal, () => all.delete(follower));
    },
    missed: () => missed,
  };
}

async function* batches(
  follower: Follower,
  signal: AbortSignal,
  leave: () => void,
): AsyncGenerator<readonly LogRecord[]> {
  const onAbort = (): void => follower.wake();
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      if (follower.queue.length === 0) {
        await new Promise<void>((resolve) => {
          follower.wake = resolve;
          if (signal.aborted) resolve();
        });
        continue;
      }
      const { queue, missed } = follower;
      follower.queue = [];
      follower.missed = 0;
      yield missed === 0 ? queue : [...queue, truncation(queue, missed)];
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    leave();
  }
}

function truncation(queue: readonly LogRecord[], missed: number): LogRecord {
  const last = queue.at(-1);
  const lines = missed === 1 ? '1 line' : `${missed} lines`;
  return {
    time: last?.time ?? new Date(0),
    service: last?.service ?? '',
    message: `(... output truncated: the reader was too slow for ${lines} ...)`,
  };
}
