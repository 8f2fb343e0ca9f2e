// One replica's part in one election as data: its roles, the events that befall it, the effects it wants.
// Laws: each role carries only what exists then, its deadlines included; work may run in `leading` alone, and whatever
// concerns work or a write names its term.
import type { Replica, Sight } from './observer.ts';
import type { About, Board, LeaderRecord, Version, View } from './record.ts';
import type { Lease, Nanoseconds, Timing } from './timing.ts';

export interface LeaderPolicy {
  readonly group: string;
  readonly timing: Timing;
  readonly self: Replica;
  /** Tells the terms of this election from those of others in the same life of the replica. */
  readonly era?: string | undefined;
  /** How often a replica that does not hold the record reads it, besides what the backend's watch tells. */
  readonly poll: Nanoseconds;
  /** How long this replica holds back when the record is free; what a low priority comes to. */
  readonly handicap: Nanoseconds;
  /** What our records tell people; nothing is decided by it. */
  readonly about?: About | undefined;
}

/** The world as a step may know it: integer monotonic nanoseconds, and a number in [0, 1), new at each step. */
export interface LeaderAt {
  readonly now: Nanoseconds;
  readonly jitter: number;
}

/** Who waits for a command to be carried out; the daemon's name for it. */
export type Waiter = string;

/** What comes when the record is let go, and who waits for that. */
export interface Wish {
  readonly next:
    | { readonly kind: 'follow' }
    | { readonly kind: 'pause'; readonly until: Nanoseconds | undefined }
    | { readonly kind: 'end' };
  readonly successor: string | undefined;
  readonly waiters: readonly Waiter[];
}

export const noWish: Wish = { next: { kind: 'follow' }, successor: undefined, waiters: [] };

/** An attempt to take the record, whose outcome may stay unknown for a while. */
export interface Attempt {
  readonly term: string;
  readonly epoch: number;
  readonly lease: Lease;
  /** The start delay that the record we want to replace demands, in the incarnation we saw it in. */
  readonly delay: Nanoseconds;
  readonly incarnation: string;
  /** Taken over from that record. */
  readonly board: Board;
}

/** Somebody waits until an entry of the board is known to stand in the record. */
export interface Post {
  readonly waiter: Waiter;
  /** The first write of the term that carries it. */
  readonly write: number;
}

/** The record is ours, as far as we know. */
export interface Tenure {
  readonly term: string;
  readonly epoch: number;
  readonly lease: Lease;
  readonly version: Version;
  readonly incarnation: string;
  /** Writes of this term so far. */
  readonly writes: number;
  /** What the next write carries. */
  readonly board: Board;
  readonly posts: readonly Post[];
  readonly renewAt: Nanoseconds;
  /** Renewals lost in a row, and what was wrong with the last. */
  readonly lost: number;
  readonly error: string | undefined;
}

export type Role =
  /** Takes no part any more. */
  | { readonly kind: 'off' }
  /** May not take part: a right is missing, or it would be unsafe. */
  | { readonly kind: 'blocked'; readonly reason: string; readonly readAt: Nanoseconds }
  | {
      readonly kind: 'following';
      readonly readAt: Nanoseconds;
      /** When to try to take the record, by what we have seen of it. */
      readonly bidAt: Nanoseconds | undefined;
      /** No bid before this instant: we have just let go. */
      readonly aloofUntil: Nanoseconds;
    }
  | {
      readonly kind: 'acquiring';
      readonly attempt: Attempt;
      /** When to read what became of it; undefined until its reply was lost. */
      readonly readAt: Nanoseconds | undefined;
      readonly wish: Wish;
    }
  /** The start delay runs; there is no work. */
  | { readonly kind: 'settling'; readonly tenure: Tenure; readonly startAt: Nanoseconds }
  | { readonly kind: 'leading'; readonly tenure: Tenure }
  /** A wanted stop: the work takes its own time, renewing goes on. */
  | { readonly kind: 'handing-over'; readonly tenure: Tenure; readonly wish: Wish }
  /** An unwanted stop: no renewing. `overtaken`: the record is not ours any more. */
  | {
      readonly kind: 'demoting';
      readonly tenure: Tenure;
      readonly wish: Wish;
      /** SIGTERM is sent; SIGKILL is sent; it is sent and should have worked long ago. */
      readonly stage: 'stopping' | 'killing' | 'undrained';
      /** When the next stage begins. */
      readonly until: Nanoseconds | undefined;
      readonly overtaken: boolean;
    }
  /** Nothing runs; the record is being given up. */
  | {
      readonly kind: 'releasing';
      readonly tenure: Tenure;
      readonly wish: Wish;
      readonly clean: boolean;
      readonly tryAt: Nanoseconds;
      readonly giveUpAt: Nanoseconds;
    }
  | {
      readonly kind: 'paused';
      readonly readAt: Nanoseconds;
      readonly until: Nanoseconds | undefined;
    };

export type Following = Extract<Role, { kind: 'following' }>;
export type Acquiring = Extract<Role, { kind: 'acquiring' }>;
export type Settling = Extract<Role, { kind: 'settling' }>;
export type Leading = Extract<Role, { kind: 'leading' }>;
export type HandingOver = Extract<Role, { kind: 'handing-over' }>;
export type Demoting = Extract<Role, { kind: 'demoting' }>;
export type Releasing = Extract<Role, { kind: 'releasing' }>;

/** The one request that is under way. */
export interface Call {
  readonly id: number;
  readonly what: 'read' | 'write';
  /** What it proves if it is a write and is carried out: counted from its sending, with the timing of its record. */
  readonly lease: Lease;
  /** Without an answer until then it counts as lost. */
  readonly until: Nanoseconds;
}

export interface LeaderState {
  readonly role: Role;
  readonly call: Call | undefined;
  readonly sight: Sight | undefined;
  /** Counters, which never go back. */
  readonly calls: number;
  readonly terms: number;
  readonly highestEpoch: number;
  readonly longestLease: Nanoseconds;
  /** No work before this instant, whatever the record says: the election has come here from another backend. */
  readonly settleUntil: Nanoseconds;
  /** The engine has refused something, and nobody has been seen to take or renew the record since; `pause`: until the next try. */
  readonly refused: { readonly reason: string; readonly pause: Nanoseconds } | undefined;
}

/** `transient`: anything may have happened. The others were refused: a right is missing; it would be unsafe. */
export type StoreError = 'transient' | 'permission' | 'unsafe';

export type Outcome =
  /** What was read, or what was written. */
  | { readonly kind: 'ok'; readonly view: View }
  /** The version was another one; nothing was written. */
  | { readonly kind: 'conflict'; readonly view: View }
  | { readonly kind: 'failed'; readonly error: StoreError; readonly message: string };

export type LeaderEvent =
  | { readonly kind: 'reply'; readonly call: number; readonly outcome: Outcome }
  /** The watch shows a record: a hint, nothing depends on it. */
  | { readonly kind: 'seen'; readonly view: View }
  /** The watch broke or rang without saying what: time to look. */
  | { readonly kind: 'hint' }
  /** Every process of the term's work is proven gone. */
  | { readonly kind: 'drained'; readonly term: string }
  /** A guard of the term had to kill, refused a start because its deadline had passed, or has failed. */
  | { readonly kind: 'guard-gone'; readonly term: string }
  /** SIGKILL was sent to the term's work, and something of it does not go. */
  | { readonly kind: 'undying'; readonly term: string }
  /** A certificate: the holder of this term and all its work are gone. */
  | { readonly kind: 'holder-gone'; readonly term: string }
  /** More time has passed than the monotonic clock says: a suspended machine, or a wall clock that was set. */
  | { readonly kind: 'clock-jump' }
  /** Hand over, and stay out for that long; 0: until somebody else had the chance. */
  | { readonly kind: 'step-down'; readonly span: Nanoseconds; readonly waiter: Waiter }
  | { readonly kind: 'transfer'; readonly to: string; readonly waiter: Waiter }
  /** Stay out for that long, for ever if undefined. */
  | { readonly kind: 'pause'; readonly span: Nanoseconds | undefined; readonly waiter: Waiter }
  | { readonly kind: 'resume'; readonly waiter: Waiter }
  | { readonly kind: 'shutdown'; readonly waiter: Waiter }
  /** Sets an entry of the board, or takes it off where `value` is undefined; for whoever holds the record. */
  | {
      readonly kind: 'publish';
      readonly key: string;
      readonly value: string | undefined;
      readonly waiter: Waiter;
    }
  /** Rights or settings have changed: worth another try. */
  | { readonly kind: 'reconfigured' }
  | { readonly kind: 'tick' };

export type LostCause = 'renew-deadline' | 'overtaken' | 'guard-gone' | 'undying';

/** Something worth telling people; the daemon says how. */
export type LeaderTale =
  | { readonly kind: 'following'; readonly leader: string | undefined; readonly epoch: number }
  | { readonly kind: 'settling'; readonly epoch: number; readonly span: Nanoseconds }
  | { readonly kind: 'gained'; readonly epoch: number }
  | { readonly kind: 'handing-over'; readonly epoch: number }
  | {
      readonly kind: 'lost';
      readonly epoch: number;
      readonly cause: LostCause;
      /** Since the last proven renewal was sent. */
      readonly age: Nanoseconds;
      readonly tries: number;
      readonly error: string | undefined;
    }
  | { readonly kind: 'killing'; readonly epoch: number }
  /** Killed, and still not proven gone: the record is not given up. */
  | { readonly kind: 'undrained'; readonly epoch: number }
  | { readonly kind: 'released'; readonly epoch: number; readonly clean: boolean }
  /** The work has ended, but the record could not be given up: the others wait until it has aged. */
  | { readonly kind: 'unreleased'; readonly epoch: number }
  | { readonly kind: 'paused' }
  /** A later djsup has written the record: it is left alone. */
  | { readonly kind: 'newer'; readonly format: number }
  /** What stands in the record's place is none. */
  | { readonly kind: 'unreadable' }
  /** The record's board has changed, whoever changed it. */
  | { readonly kind: 'board'; readonly board: Board }
  | { readonly kind: 'blocked'; readonly error: StoreError; readonly reason: string };

export type LeaderReport =
  | { readonly kind: 'done' }
  /** For what was published it means: not confirmed, though it may have been written. */
  | { readonly kind: 'not-leading'; readonly leader: string | undefined }
  | { readonly kind: 'refused'; readonly reason: string };

export type LeaderEffect =
  | { readonly kind: 'read'; readonly call: number }
  | {
      readonly kind: 'write';
      readonly call: number;
      readonly expect: Version;
      readonly record: LeaderRecord;
    }
  /** Let the work run, under a guard that first has `killAt`: it starts nothing from that instant on. */
  | {
      readonly kind: 'start';
      readonly term: string;
      readonly epoch: number;
      readonly killAt: Nanoseconds;
    }
  /** Graceful: with the services' own kill-delay. Fast: SIGTERM, and `kill` follows from here. Kill: SIGKILL to the tree. */
  | { readonly kind: 'stop'; readonly term: string; readonly how: 'graceful' | 'fast' | 'kill' }
  /** The guard's new deadline, which replaces the old one even where it is earlier. */
  | { readonly kind: 'feed'; readonly term: string; readonly killAt: Nanoseconds }
  | { readonly kind: 'report'; readonly waiter: Waiter; readonly report: LeaderReport }
  | { readonly kind: 'tell'; readonly tale: LeaderTale };

export type LeaderStep = readonly [LeaderState, readonly LeaderEffect[]];
