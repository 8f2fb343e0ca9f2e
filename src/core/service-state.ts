// One instance of a service as data: its states, the events that befall it, the effects it wants.
// Laws: each variant carries only what exists then; a deadline is part of the state that has it, so nothing is ever cancelled.
import type { CheckAction, ExitAction, ServiceConfig } from './config.ts';
import type { Exit } from './exit.ts';

/** Alive this long after its start, a service without a readiness rule counts as started, ms (Pebble's okay delay). */
export const okDelay = 1_000;
/** From SIGKILL until we no longer believe that the process will go, ms. */
export const giveUpDelay = 5_000;
/** What a crashed run left behind gets this long after SIGTERM before the restart kills it, ms. */
export const leftoverGrace = 1_000;

export type ServicePolicy = Pick<
  ServiceConfig,
  'type' | 'once' | 'killDelay' | 'killMode' | 'onSuccess' | 'onFailure' | 'backoff'
>;

/** Restarts in a row: how many, and the latest pause without jitter, ms. */
export interface Tries {
  readonly count: number;
  readonly delay: number;
}

export const noTries: Tries = { count: 0, delay: 0 };

/** Who waits for a command to be carried out; the daemon's name for it (a task id). */
export type Waiter = string;

export interface Child {
  readonly run: number;
  readonly pid: number;
}

export interface Ending extends Child {
  /** True once the main process has been reaped and only others of its group are left. */
  readonly mainGone: boolean;
  /** What comes when the whole group has gone. */
  readonly afterwards: { readonly kind: 'stopped' } | { readonly kind: 'restart'; readonly tries: Tries };
  readonly waiters: readonly Waiter[];
}

export type ServiceState =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'clearing' | 'spawning';
      readonly run: number;
      readonly waiters: readonly Waiter[];
      readonly tries: Tries;
    }
  | (Child & {
      readonly kind: 'starting';
      readonly waiters: readonly Waiter[];
      readonly tries: Tries;
      readonly okAt: number;
      readonly resetAt: number;
    })
  /** The process of a task. */
  | (Child & { readonly kind: 'working'; readonly waiters: readonly Waiter[]; readonly tries: Tries })
  | (Child & { readonly kind: 'running'; readonly tries: Tries; readonly resetAt: number | undefined })
  | (Ending & { readonly kind: 'terminating'; readonly killAt: number })
  | (Ending & { readonly kind: 'killing'; readonly giveUpAt: number })
  | {
      readonly kind: 'backoff';
      readonly run: number;
      /** Of a task, whose start goes on until it has ended well. */
      readonly waiters: readonly Waiter[];
      readonly tries: Tries;
      readonly until: number;
      readonly cause: Exit | { readonly spawnFailure: string };
    }
  | { readonly kind: 'stopped'; readonly run: number }
  /** A task that has ended well, here or in another replica. */
  | { readonly kind: 'done'; readonly run: number }
  | {
      readonly kind: 'exited';
      readonly run: number;
      readonly cause: Exit | { readonly spawnFailure: string };
    };

export type ServiceEvent =
  /** `again`: a task runs even if it is done. */
  | { readonly kind: 'start'; readonly waiter: Waiter; readonly again?: boolean }
  | { readonly kind: 'stop'; readonly waiter: Waiter }
  /** The change that asked for a start was aborted. */
  | { readonly kind: 'abort'; readonly waiter: Waiter }
  | { readonly kind: 'swept'; readonly run: number; readonly found: number; readonly left: number }
  | { readonly kind: 'spawned'; readonly run: number; readonly pid: number }
  | { readonly kind: 'spawn-failed'; readonly run: number; readonly reason: string }
  /** Another replica may run it now, not this one. */
  | { readonly kind: 'withheld'; readonly run: number }
  /** Another replica has done the task. */
  | { readonly kind: 'done-elsewhere' }
  /** What the task has done no longer counts: there is another release. */
  | { readonly kind: 'outdated' }
  /** The main process was reaped; `alone`: nothing else of its group is left. */
  | { readonly kind: 'exited'; readonly run: number; readonly exit: Exit; readonly alone: boolean }
  | { readonly kind: 'emptied'; readonly run: number }
  | { readonly kind: 'check-failed'; readonly check: string; readonly action: CheckAction }
  /** Everything must go now: a second signal to the daemon. */
  | { readonly kind: 'kill' }
  | { readonly kind: 'tick' };

/** What made a restart necessary: an exit (the key whose action it is), a failed check, a start that failed. */
export type RestartCause = 'on-success' | 'on-failure' | 'check' | 'spawn';

/** How a start or stop ended, for the task that asked. */
export type ServiceReport =
  | { readonly kind: 'done' }
  | { readonly kind: 'noop'; readonly was: 'started' | 'never-started' | 'stopped' | 'exited' | 'done' }
  | { readonly kind: 'exited-quickly'; readonly exit: Exit; readonly action: ExitAction }
  /** Of a task that is not tried again. */
  | { readonly kind: 'failed'; readonly exit: Exit }
  | { readonly kind: 'spawn-failed'; readonly reason: string }
  | { readonly kind: 'standby' }
  | { readonly kind: 'busy'; readonly state: 'terminating' | 'killing' }
  | { readonly kind: 'stopped-early' }
  /** A task that was stopped before it had ended. */
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'aborted'; readonly killed: boolean }
  | { readonly kind: 'undying' };

/** Something worth telling people; daemon/tell.ts says how. */
export type ServiceTale =
  | { readonly kind: 'spawned'; readonly pid: number; readonly restart: boolean }
  /** `retry`: it is tried again after a pause. */
  | { readonly kind: 'spawn-failed'; readonly reason: string; readonly retry: boolean }
  /** It may not run on this replica now. */
  | { readonly kind: 'withheld' }
  | { readonly kind: 'up' }
  /** It has stayed up for the backoff's limit after a restart. */
  | { readonly kind: 'steady' }
  | { readonly kind: 'exited'; readonly exit: Exit; readonly action: ExitAction }
  /** A task has ended well, or not. */
  | { readonly kind: 'finished' }
  | { readonly kind: 'failed'; readonly exit: Exit; readonly action: ExitAction }
  | {
      readonly kind: 'backoff';
      readonly delay: number;
      readonly count: number;
      readonly because: RestartCause;
    }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'killing' }
  | { readonly kind: 'stopped'; readonly waiting: boolean }
  | { readonly kind: 'undying' }
  | { readonly kind: 'strays'; readonly found: number; readonly left: number }
  | { readonly kind: 'check-action'; readonly check: string; readonly action: CheckAction };

export type ServiceEffect =
  | { readonly kind: 'sweep'; readonly run: number; readonly grace: number }
  | { readonly kind: 'spawn'; readonly run: number }
  | { readonly kind: 'signal'; readonly to: 'main' | 'group'; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly kind: 'report'; readonly waiter: Waiter; readonly report: ServiceReport }
  /** A task has failed and is tried again: for those who wait on. */
  | { readonly kind: 'note'; readonly waiter: Waiter; readonly why: string }
  | { readonly kind: 'shutdown'; readonly code: 0 | 10 | 11 }
  | { readonly kind: 'tell'; readonly tale: ServiceTale };

export type ServiceStep = readonly [ServiceState, readonly ServiceEffect[]];

export const idle: ServiceState = { kind: 'idle' };

/** When the state wants a `tick`, monotonic ms. */
export function serviceDeadline(state: ServiceState): number | undefined {
  switch (state.kind) {
    case 'starting':
      return Math.min(state.okAt, state.resetAt);
    case 'running':
      return state.resetAt;
    case 'terminating':
      return state.killAt;
    case 'killing':
      return state.giveUpAt;
    case 'backoff':
      return state.until;
    case 'idle':
    case 'clearing':
    case 'spawning':
    case 'working':
    case 'stopped':
    case 'done':
    case 'exited':
      return undefined;
  }
}

/** True while a child lives or is on its way to live again: what `stop all` has to stop. */
export function isActive({ kind }: ServiceState): boolean {
  return kind !== 'idle' && kind !== 'stopped' && kind !== 'exited' && kind !== 'done';
}
