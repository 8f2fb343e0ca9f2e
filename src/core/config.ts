// What a combined plan says, typed and with every default filled in. Durations are milliseconds.

import type { LeaderEntry } from './leader/layer-fields.ts';
import type { Timing } from './leader/timing.ts';

/** What happens after a service's main process has exited by itself. */
export type ExitAction = 'restart' | 'shutdown' | 'success-shutdown' | 'failure-shutdown' | 'ignore';
/** What a service does when one of its checks has failed `threshold` times in a row. */
export type CheckAction = 'restart' | 'shutdown' | 'success-shutdown' | 'ignore';
export type Startup = 'enabled' | 'disabled';
/** `main-first`: SIGTERM to the main process, then to what is left of its group. `group`: to all at once, as Pebble does. */
export type KillMode = 'main-first' | 'group';
export type Level = 'alive' | 'ready';

/** A command line: the words that always run, and the default arguments in `[ ]` that `--args` replaces. */
export interface Command {
  readonly base: readonly string[];
  /** Words inside `[ ]`; undefined where the command has no such group. */
  readonly defaults: readonly string[] | undefined;
}

/** Whom a process runs as. All undefined: as the daemon itself. */
export interface Account {
  readonly user?: string | undefined;
  readonly userId?: number | undefined;
  readonly group?: string | undefined;
  readonly groupId?: number | undefined;
}

export interface Backoff {
  /** First pause before a restart, ms. */
  readonly delay: number;
  /** Multiplier of the pause at each further restart, 1.0 or more. */
  readonly factor: number;
  /** Longest pause, ms; a service that stayed up this long starts again from `delay`. */
  readonly limit: number;
}

export interface ServiceConfig {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly startup: Startup;
  /** A task runs to its end; it counts as started once it has ended well. */
  readonly type: 'service' | 'task';
  /** A task that one replica runs for all of them, once for each release. */
  readonly once: 'release' | undefined;
  readonly command: Command;
  readonly after: readonly string[];
  readonly before: readonly string[];
  readonly requires: readonly string[];
  readonly workload: string | undefined;
  /** The workload's environment with the service's own on top. */
  readonly environment: Readonly<Record<string, string>>;
  /** The workload's account where there is one. */
  readonly account: Account;
  readonly workingDir: string | undefined;
  readonly onSuccess: ExitAction;
  readonly onFailure: ExitAction;
  readonly onCheckFailure: Readonly<Record<string, CheckAction>>;
  readonly backoff: Backoff;
  /** From SIGTERM to SIGKILL, ms. */
  readonly killDelay: number;
  readonly killMode: KillMode;
  /** Only the replica that leads this group runs it. Undefined: every replica does. */
  readonly leaderGroup: string | undefined;
}

/** How the replicas agree on the one that runs the services of a group. */
export interface LeaderConfig {
  readonly group: string;
  /** What a layer says of the backend and of how to reach it. */
  readonly settings: Omit<LeaderEntry, 'override' | 'profile' | 'priority'>;
  readonly timing: Timing;
  /** How long this replica holds back when the lease is free, ms. */
  readonly handicap: number;
}

export type Probe =
  | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'exec';
      readonly command: readonly string[];
      /** The context service's environment, account and directory are already merged in. */
      readonly environment: Readonly<Record<string, string>>;
      readonly account: Account;
      readonly workingDir: string | undefined;
    }
  /** Up while the group has been led within the last `after` ms. */
  | { readonly kind: 'leader'; readonly group: string; readonly after: number };

export interface CheckConfig {
  readonly name: string;
  readonly level: Level | undefined;
  readonly startup: Startup;
  readonly period: number;
  /** Never longer than the period. */
  readonly timeout: number;
  readonly threshold: number;
  /** After its service has come up, failures within this many ms are not counted; 0: none. */
  readonly startPeriod: number;
  /** Services this check is tied to: it does not run before one of them is up. Empty: it always runs. */
  readonly services: readonly string[];
  readonly probe: Probe;
}

export interface LogTargetConfig {
  readonly name: string;
  readonly type: 'loki' | 'opentelemetry' | 'syslog';
  readonly location: string;
  readonly services: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface WorkloadConfig {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly account: Account;
}
