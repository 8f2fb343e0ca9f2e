// What a kind of fault is: something that befalls a world of replicas for a stretch of time: it begins, lasts, and is put
// right again.
import type { ChaosEngine } from './engine.ts';
import type { Replica } from './replica.ts';

/** A world of replicas with one engine. */
interface Place {
  readonly engine: ChaosEngine;
  readonly replicas: readonly Replica[];
}

export interface Scene extends Place {
  /** Whom it befalls. */
  readonly victim: Replica;
  /** How long it lasts where it has a length, ms. */
  readonly span: number;
}

export interface FaultKind {
  readonly name: string;
  /** What the leader does by itself: "orderly" faults are hand-overs, and are measured as such. */
  readonly isOrderly: boolean;
  /** There is a goal for what follows it alone, so every second one comes in quiet water. */
  readonly isMeasured: boolean;
  /** It befalls all replicas at once. */
  readonly isGeneral: boolean;
  /** It has the engine in hand: no other that does at the same time. */
  readonly isOfEngine: boolean;
  /** Why this world has not what it takes; undefined: it has. */
  readonly missing: (place: Place) => string | undefined;
  readonly inflict: (scene: Scene) => Promise<void>;
}

/** A kind that befalls one replica, out of a clear sky. */
export function sudden(
  name: string,
  inflict: FaultKind['inflict'],
  missing: FaultKind['missing'] = () => undefined,
): FaultKind {
  return {
    name,
    isOrderly: false,
    isMeasured: false,
    isGeneral: false,
    isOfEngine: false,
    missing,
    inflict,
  };
}
