// A database that keeps one record, and the network to it: compare-and-swap in one place, whatever the network does to
// requests and replies. It may lose the record, go back in time, or be away.
import type { LeaderRecord, Version, View } from '../../src/core/leader/record.ts';
import type { Outcome } from '../../src/core/leader/state.ts';
import { millisecond, second } from '../../src/core/leader/timing.ts';
import type { Referee } from './referee.ts';
import type { Random, Schedule } from './schedule.ts';

export type Request =
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly expect: Version; readonly record: LeaderRecord };

/** One replica's way to the engine. */
export interface Line {
  /** Requests and replies get lost; for ever or until healed. */
  requestsLost: boolean;
  repliesLost: boolean;
  mayWrite: boolean;
  /** Most of what is written is shown, some of it late. */
  watch(onWrite: (view: View) => void): void;
  /** The replica begins a new life. */
  rebooted(sandbox: 'same' | 'new'): void;
  /** A reply of undefined never comes. */
  send(request: Request, reply: (outcome: Outcome) => void): void;
}

export interface Engine {
  isDown: boolean;
  /** The network loses, delays and doubles nothing. */
  isCalm: boolean;
  /** Which way messages take long; undefined: neither. */
  slow: 'requests' | 'replies' | 'both' | undefined;
  /** `distance`: how long a message takes at most when nothing is wrong. */
  line(distance: number): Line;
  view(): View;
  /** False where there is nothing to lose. */
  remove(): boolean;
  damage(): boolean;
  /** A replica of the engine takes over, without `lost` of the last writes. */
  failOver(lost: number): void;
}

/** How many of the last states a failover can bring back. */
const remembered = 64;

export function createEngine(
  schedule: Schedule,
  random: Random,
  referee: Pick<Referee, 'wrote' | 'forgets'>,
  name = '',
): Engine {
  let view: View = { found: { kind: 'none' }, version: undefined, incarnation: '1', epochFloor: 0 };
  let versions = 0;
  let incarnations = 1;
  const past: View[] = [];
  const watchers: ((view: View) => void)[] = [];

  function become(found: View['found']): void {
    past.push(view);
    if (past.length > remembered) past.shift();
    versions += 1;
    view = { ...current(), found, version: found.kind === 'none' ? undefined : `${name}${versions}` };
  }

  // The engine's own clock in milliseconds: epochs rise even where the record was lost.
  function current(): View {
    return { ...view, epochFloor: Math.floor(schedule.now() / millisecond) };
  }

  function carryOut(request: Request, mayWrite: boolean): Outcome {
    if (request.kind === 'read') return { kind: 'ok', view: current() };
    if (!mayWrite) return { kind: 'failed', error: 'permission', message: 'no right to write' };
    if (view.version !== request.expect) return { kind: 'conflict', view: current() };
    become({ kind: 'record', record: request.record });
    referee.wrote(request.record);
    for (const watcher of watchers) watcher(view);
    return { kind: 'ok', view };
  }

  const engine: Engine = {
    isDown: false,
    isCalm: false,
    slow: undefined,
    line(distance) {
      const line: Line = {
        requestsLost: false,
        repliesLost: false,
        mayWrite: true,
        watch,
        rebooted() {},
        send,
      };
      return line;

      function watch(onWrite: (view: View) => void): void {
        watchers.push((written) => {
          if (!line.repliesLost && !happens(0.05))
            schedule.after(latency('replies', distance), () => onWrite(written));
        });
      }

      function send(request: Request, reply: (outcome: Outcome) => void): void {
        const copies = happens(0.01) ? 2 : 1;
        for (let copy = 0; copy < copies; copy += 1) {
          const isLate = copy > 0;
          if (line.requestsLost || happens(0.01)) fail(reply);
          else
            schedule.after(isLate ? random.between(0, 10 * second) : latency('requests', distance), () =>
              arrive(request, reply),
            );
        }
      }

      function arrive(request: Request, reply: (outcome: Outcome) => void): void {
        if (engine.isDown) return fail(reply);
        const outcome = carryOut(request, line.mayWrite);
        if (line.repliesLost || happens(0.01)) fail(reply);
        else schedule.after(latency('replies', distance), () => reply(outcome));
      }
    },
    view: current,
    remove: () => lose({ kind: 'none' }),
    damage: () => lose({ kind: 'unreadable' }),
    failOver(lost) {
      if (lost > 0) referee.forgets();
      const older = lost === 0 ? view : (past[Math.max(0, past.length - lost)] ?? view);
      if (lost > 0) past.length = Math.max(0, past.length - lost);
      incarnations += 1;
      view = { ...older, incarnation: String(incarnations) };
    },
  };
  return engine;

  function lose(found: View['found']): boolean {
    if (view.found.kind === found.kind) return false;
    referee.forgets();
    become(found);
    return true;
  }

  function latency(way: 'requests' | 'replies', distance: number): number {
    const isSlow = engine.slow === way || engine.slow === 'both' || happens(0.02);
    // Up to six seconds, mostly less: what is later than the time-out counts as lost anyhow.
    if (isSlow) return Math.floor(random.next() ** 2 * 6 * second);
    return random.between(0, engine.isCalm ? 3 * millisecond : distance);
  }

  function happens(probability: number): boolean {
    return !engine.isCalm && random.chance(probability);
  }

  /** The connection breaks, or the answer just never comes. */
  function fail(reply: (outcome: Outcome) => void): void {
    if (random.chance(0.5)) return;
    schedule.after(3 * millisecond, () =>
      reply({ kind: 'failed', error: 'transient', message: 'the connection broke' }),
    );
  }
}
