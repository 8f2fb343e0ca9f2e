// What the exporter counts of its own work.
// Law: labels that a sender chooses are kept for a limited number of names.
import type { EventKind, SampleError } from './line.ts';

export type EventError = 'illegal_negative_counter' | 'empty_metric_name' | 'reserved_label' | 'series_limit';

/** Plain numbers, so that counting costs next to nothing. */
export class Counters {
  lines = 0;
  samples = 0;
  tags = 0;
  tagErrors = 0;
  unmapped = 0;
  udpPackets = 0;
  unixgramPackets = 0;
  tcpConnections = 0;
  tcpConnectionErrors = 0;
  tcpTooLongLines = 0;
  flushes = 0;
  loadedMappings = 0;
  scrapes = 0;
  scrapesInFlight = 0;
  relayPackets = 0;
  relayLongLines = 0;
  relayedLines = 0;
  readonly events: Record<EventKind, number> = { counter: 0, gauge: 0, observer: 0 };
  readonly actions: Record<'map' | 'drop', number> = { map: 0, drop: 0 };
  readonly reloads: Record<'success' | 'failure', number> = { success: 0, failure: 0 };
  readonly sampleErrors = new Map<SampleError, number>();
  readonly eventErrors = new Map<EventError, number>();
  /** By kind and metric name. */
  readonly conflicts = new Map<string, { readonly kind: EventKind; readonly name: string; count: number }>();

  sampleError(reason: SampleError): void {
    this.sampleErrors.set(reason, (this.sampleErrors.get(reason) ?? 0) + 1);
  }

  eventError(reason: EventError, times: number): void {
    this.eventErrors.set(reason, (this.eventErrors.get(reason) ?? 0) + times);
  }

  conflict(kind: EventKind, name: string, times: number): void {
    const isKnown = this.conflicts.has(`${kind} ${name}`);
    const own = isKnown || this.conflicts.size < mostConflicts ? name : '';
    const key = `${kind} ${own}`;
    const entry = this.conflicts.get(key);
    if (entry === undefined) this.conflicts.set(key, { kind, name: own, count: times });
    else entry.count += times;
  }
}

/** More names than these are counted together, under no name. */
const mostConflicts = 1_000;
