// What metrics are made of: the state of services, checks and djsup itself at one moment, in numbers.
import type { ExitCause } from './exit-cause.ts';
import type { Histogram } from './histogram.ts';
import type { LeaderCause } from './leader/causes.ts';
import type { StoreError } from './leader/state.ts';
import type { Summary } from './metric.ts';
import type { ServiceState } from './service-state.ts';

export interface ServiceFigures {
  readonly name: string;
  readonly state: ServiceState['kind'];
  /** Pebble's word: starting or running. */
  readonly active: boolean;
  /** It was asked to start at least once. */
  readonly known: boolean;
  /** ms, 0: it waits for no restart. */
  readonly backoff: number;
  readonly starts: number;
  readonly restarts: number;
  readonly spawnFailures: number;
  readonly kills: number;
  readonly exits: Readonly<Record<ExitCause, number>>;
  readonly startTimes: Histogram;
  readonly stopTimes: Histogram;
  readonly logLines: number;
  readonly logBytes: number;
  readonly processes: number;
  readonly threads: number | undefined;
  readonly cpuSeconds: number;
  readonly memoryBytes: number | undefined;
  readonly openFiles: number | undefined;
}

export interface CheckFigures {
  readonly name: string;
  readonly status: 'up' | 'down' | 'inactive';
  readonly successes: number;
  readonly failures: number;
}

export interface LeaderFigures {
  readonly group: string;
  readonly state: string;
  readonly epoch: number | undefined;
  readonly validSeconds: number | undefined;
  readonly leaderlessSeconds: number;
  readonly transitions: Readonly<Record<LeaderCause, number>>;
  readonly failures: Readonly<Record<StoreError, number>>;
  readonly writeTimes: Histogram;
  readonly clockJumps: number;
}

export interface Figures {
  readonly version: string;
  readonly services: readonly ServiceFigures[];
  readonly checks: readonly CheckFigures[];
  readonly leaders: readonly LeaderFigures[];
  readonly requests: readonly {
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly times: Histogram;
  }[];
  readonly tasksFailed: number;
  /** Lines that a slow reader did not get, by reader. */
  readonly droppedLines: Readonly<Record<string, number>>;
  readonly oomKills: number | undefined;
  /** Undefined: nothing is sent to StatsD. */
  readonly lostDatagrams: number | undefined;
  readonly loopDelay: Summary;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly openFiles: number | undefined;
  readonly startSeconds: number;
}
