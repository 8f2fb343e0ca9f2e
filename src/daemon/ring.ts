// The latest output of one service, bounded in bytes, oldest lines dropped first.
import type { LogRecord } from './records.ts';

/** Bytes of text kept per service (Pebble's figure). */
const ringLimit = 102_400;

export interface Ring {
  push(record: LogRecord): void;
  /** The newest `count` records, oldest first; -1: all. */
  last(count: number): readonly LogRecord[];
}

export function createRing(limit = ringLimit): Ring {
  // `head` moves instead of shifting at each push; the dead part is cut off once it is the larger one, so that it holds
  // no more than the living one.
  let records: LogRecord[] = [];
  let head = 0;
  let size = 0;
  return {
    push(record) {
      records.push(record);
      size += weight(record);
      for (let oldest = records[head]; size > limit && oldest !== undefined; oldest = records[head]) {
        size -= weight(oldest);
        head += 1;
      }
      if (head * 2 > records.length) {
        records = records.slice(head);
        head = 0;
      }
    },
    last(count) {
      const start = count < 0 ? head : Math.max(head, records.length - count);
      return records.slice(start);
    },
  };
}

// A line costs at least its bookkeeping, so that a flood of empty lines is bounded too.
function weight(record: LogRecord): number {
  return record.message.length + 64;
}
