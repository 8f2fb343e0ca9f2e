// The services' output: a ring for each, followers, and a copy to djsup's stdout with --verbose.
import { cutLines, restText } from '../core/lines.ts';
import type { Clock } from '../ports.ts';
import { createFollowers } from './followers.ts';
import type { LogRecord } from './records.ts';
import { createRing } from './ring.ts';
import type { Ring } from './ring.ts';

export interface Logs {
  /** Bytes that a service wrote; `seen` gets each line that they complete. */
  write(service: string, bytes: Uint8Array, seen?: (line: string) => void): void;
  /** The service's process has ended: an unfinished line is finished. */
  end(service: string): void;
  /** A line of djsup's own about the service, among those that it wrote. */
  note(service: string, text: string): void;
  /** The messages of the newest lines written since `since`, oldest first. */
  tail(service: string, count: number, since: Date | undefined): readonly string[];
  read(
    services: readonly string[],
    count: number,
    follow: boolean,
    signal: AbortSignal,
  ): AsyncIterable<readonly LogRecord[]>;
  /** How much a service has written so far; an unfinished line counts once it is finished. */
  written(service: string): { readonly lines: number; readonly bytes: number };
  /** Lines that readers who follow have lost. */
  missed(): number;
  /** Lets go of all that a service wrote. */
  forget(service: string): void;
}

interface Stream {
  readonly ring: Ring;
  rest: Uint8Array;
  restTime: Date;
  lines: number;
  bytes: number;
}

/** `copy` gets each line as `2026-11-20T22:55:49.026Z [svc] text` and a newline. */
export function createLogs(clock: Clock, copy: ((text: string) => void) | undefined): Logs {
  const streams = new Map<string, Stream>();
  const followers = createFollowers();

  function streamOf(service: string): Stream {
    const known = streams.get(service);
    if (known !== undefined) return known;
    const stream: Stream = {
      ring: createRing(),
      rest: new Uint8Array(),
      restTime: new Date(0),
      lines: 0,
      bytes: 0,
    };
    streams.set(service, stream);
    return stream;
  }

  function add(stream: Stream, record: LogRecord): void {
    stream.ring.push(record);
    stream.lines += 1;
    followers.tell(record);
    copy?.(`${record.time.toISOString()} [${record.service}] ${record.message}\n`);
  }

  function snapshot(services: readonly string[], count: number): readonly LogRecord[] {
    const wanted = services.length === 0 ? [...streams.keys()] : services;
    const records = wanted.flatMap((service) => {
      const stream = streams.get(service);
      if (stream === undefined) return [];
      const unfinished =
        stream.rest.length === 0 ? [] : [{ time: stream.restTime, service, message: restText(stream.rest) }];
      return [...stream.ring.last(count), ...unfinished];
    });
    records.sort((a, b) => a.time.getTime() - b.time.getTime());
    return count < 0 ? records : records.slice(Math.max(0, records.length - count));
  }

  async function* read(
    services: readonly string[],
    count: number,
    follow: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<readonly LogRecord[]> {
    const coming = follow ? followers.follow(services, signal) : undefined;
    const first = snapshot(services, count);
    yield first;
    if (coming !== undefined) yield* coming;
  }

  return {
    write(service, bytes, seen) {
      const stream = streamOf(service);
      const now = clock.wall();
      stream.bytes += bytes.length;
      const cut = cutLines(stream.rest, bytes);
      let time = stream.rest.length === 0 ? now : stream.restTime;
      for (const message of cut.lines) {
        add(stream, { time, service, message });
        seen?.(message);
        time = now;
      }
      stream.rest = cut.rest;
      stream.restTime = time;
    },
    end(service) {
      const stream = streams.get(service);
      if (stream === undefined || stream.rest.length === 0) return;
      const message = restText(stream.rest);
      stream.rest = new Uint8Array();
      add(stream, { time: stream.restTime, service, message });
    },
    note(service, text) {
      const record = { time: clock.wall(), service, message: `djsup: ${text}`, own: true };
      streamOf(service).ring.push(record);
      followers.tell(record);
    },
    tail(service, count, since) {
      const records = (streams.get(service)?.ring.last(-1) ?? []).filter(({ own }) => own !== true);
      const recent = since === undefined ? records : records.filter((record) => record.time >= since);
      return recent.slice(-count).map((record) => record.message);
    },
    read,
    written: (service) => streams.get(service) ?? { lines: 0, bytes: 0 },
    missed: () => followers.missed(),
    forget: (service) => void streams.delete(service),
  };
}
