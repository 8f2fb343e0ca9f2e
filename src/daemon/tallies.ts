// What djsup has counted since its start, of services, checks and API requests; metrics are made of it.
// Law: what the plan no longer has is forgotten, and nothing that a client chooses is ever a key.
import { exitCauses } from '../core/exit-cause.ts';
import type { ExitCause } from '../core/exit-cause.ts';
import { Histogram } from '../core/histogram.ts';
import type { ServiceState } from '../core/service-state.ts';

export interface ServiceTally {
  starts: number;
  restarts: number;
  spawnFailures: number;
  kills: number;
  readonly exits: Record<ExitCause, number>;
  /** s */
  readonly startTimes: Histogram;
  /** s */
  readonly stopTimes: Histogram;
}

/** What a tale adds one to. */
export type ServiceCount = 'starts' | 'restarts' | 'spawnFailures' | 'kills';

export interface CheckTally {
  successes: number;
  failures: number;
}

export interface RequestTally {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  /** s */
  readonly times: Histogram;
}

export interface Tallies {
  service(name: string): ServiceTally;
  check(name: string): CheckTally;
  /** The service goes from one state to the next, at `now` (monotonic ms): how long it took to start and to stop. */
  moved(name: string, before: ServiceState, after: ServiceState, now: number): void;
  /** `route` is a pattern of the route table. */
  request(route: string, method: string, status: number, seconds: number): void;
  taskFailed(): void;
  requests(): Iterable<RequestTally>;
  tasksFailed(): number;
  /** Forgets all others. */
  retain(services: ReadonlyMap<string, unknown>, checks: ReadonlyMap<string, unknown>): void;
}

const phaseBounds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const requestBounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createTallies(): Tallies {
  const services = new Map<string, ServiceTally & { phaseSince: number }>();
  const checks = new Map<string, CheckTally>();
  const requests = new Map<string, RequestTally>();
  let tasksFailed = 0;

  function service(name: string): ServiceTally & { phaseSince: number } {
    return orNew(services, name, () => ({
      starts: 0,
      restarts: 0,
      spawnFailures: 0,
      kills: 0,
      exits: Object.fromEntries(exitCauses.map((cause) => [cause, 0])) as Record<ExitCause, number>,
      startTimes: new Histogram(phaseBounds),
      stopTimes: new Histogram(phaseBounds),
      phaseSince: 0,
    }));
  }

  return {
    service,
    check: (name) => orNew(checks, name, () => ({ successes: 0, failures: 0 })),
    moved(name, before, after, now) {
      const [was, is] = [phaseOf(before), phaseOf(after)];
      if (was === is) return;
      const tally = service(name);
      const seconds = (now - tally.phaseSince) / 1000;
      if (was === 'starting' && after.kind === 'running') tally.startTimes.observe(seconds, 1);
      if (was === 'stopping') tally.stopTimes.observe(seconds, 1);
      tally.phaseSince = now;
    },
    request(route, method, status, seconds) {
      const key = `${status} ${method} ${route}`;
      const fresh = (): RequestTally => ({ route, method, status, times: new Histogram(requestBounds) });
      orNew(requests, key, fresh).times.observe(seconds, 1);
    },
    taskFailed: () => void (tasksFailed += 1),
    requests: () => requests.values(),
    tasksFailed: () => tasksFailed,
    retain(plannedServices, plannedChecks) {
      for (const name of services.keys()) if (!plannedServices.has(name)) services.delete(name);
      for (const name of checks.keys()) if (!plannedChecks.has(name)) checks.delete(name);
    },
  };
}

function phaseOf({ kind }: ServiceState): 'starting' | 'stopping' | undefined {
  switch (kind) {
    case 'clearing':
    case 'spawning':
    case 'starting':
      return 'starting';
    case 'terminating':
    case 'killing':
      return 'stopping';
    case 'idle':
    case 'working':
    case 'done':
    case 'running':
    case 'backoff':
    case 'stopped':
    case 'exited':
      return undefined;
  }
}

function orNew<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const fresh = make();
  map.set(key, fresh);
  return fresh;
}
