// djsup's metrics: one row a family, with how its values come from the figures. The text of a scrape, what goes to StatsD and
// docs/reference/metrics.md are all made from these rows. Names and units: https://prometheus.io/docs/practices/naming/.
import { exitCauses } from './exit-cause.ts';
import { leaderRows } from './leader/metric-rows.ts';
import type { CheckFigures, Figures, ServiceFigures } from './figures.ts';
import type { Family, FamilyType, Point, Value } from './metric.ts';
import type { ServiceState } from './service-state.ts';

export interface MetricRow {
  readonly name: string;
  readonly type: FamilyType;
  readonly labels: readonly string[];
  readonly help: string;
  readonly points: (figures: Figures) => readonly Point[];
}

/** All states in which a scrape can find a service: spawning is over within a turn. */
export const shownStates = [
  'idle',
  'clearing',
  'starting',
  'working',
  'running',
  'terminating',
  'killing',
  'backoff',
  'stopped',
  'done',
  'exited',
] as const satisfies readonly ServiceState['kind'][];

function one(
  name: string,
  type: FamilyType,
  help: string,
  value: (figures: Figures) => Value | undefined,
): MetricRow {
  return { name, type, labels: [], help, points: (figures) => [[[], value(figures)]] };
}

function perService(
  name: string,
  type: FamilyType,
  help: string,
  value: (service: ServiceFigures) => Value | undefined,
): MetricRow {
  const points: MetricRow['points'] = ({ services }) =>
    services.map((service) => [[service.name], value(service)]);
  return { name, type, labels: ['service'], help, points };
}

function perCheck(
  name: string,
  type: FamilyType,
  help: string,
  value: (check: CheckFigures) => Value | undefined,
): MetricRow {
  const points: MetricRow['points'] = ({ checks }) => checks.map((check) => [[check.name], value(check)]);
  return { name, type, labels: ['check'], help, points };
}

function up({ status }: CheckFigures): number | undefined {
  return status === 'inactive' ? undefined : Number(status === 'up');
}

export const metricTable: readonly MetricRow[] = [
  // Pebble's, under Pebble's names.
  perService(
    'pebble_service_active',
    'gauge',
    'Whether the service is currently active (1) or not (0).',
    (s) => (s.known ? Number(s.active) : undefined),
  ),
  perService(
    'pebble_service_start_count',
    'counter',
    'Times the service was started, restarts included.',
    (s) => (s.known ? s.starts : undefined),
  ),
  perCheck(
    'pebble_check_up',
    'gauge',
    'Whether the check is up (1) or down (0); not there while it is inactive.',
    up,
  ),
  perCheck('pebble_check_success_count', 'counter', 'Times the check succeeded.', (c) => c.successes),
  perCheck('pebble_check_failure_count', 'counter', 'Times the check failed.', (c) => c.failures),

  {
    name: 'djsup_build_info',
    type: 'gauge',
    labels: ['version'],
    help: 'Always 1; the version is in the label.',
    points: ({ version }) => [[[version], 1]],
  },
  {
    name: 'djsup_service_state',
    type: 'gauge',
    labels: ['service', 'state'],
    help: '1 for the state that the service is in, 0 for all others.',
    points: ({ services }) =>
      services.flatMap(({ name, state }) =>
        shownStates.map((shown): Point => [[name, shown], Number(state === shown)]),
      ),
  },
  perService(
    'djsup_service_starts_total',
    'counter',
    'Processes started, restarts included.',
    (s) => s.starts,
  ),
  perService(
    'djsup_service_restarts_total',
    'counter',
    'Processes started by restart policy.',
    (s) => s.restarts,
  ),
  perService(
    'djsup_service_spawn_failures_total',
    'counter',
    'Starts that failed before there was a process.',
    (s) => s.spawnFailures,
  ),
  {
    name: 'djsup_service_exits_total',
    type: 'counter',
    labels: ['service', 'cause'],
    help: 'Ends of main processes: by themselves (code), by a signal from elsewhere (signal), by the kernel for want of memory (oom), with the guard of a singleton that was killed (guard), or ended by djsup after a failed check (check), for a new plan (plan), or on request (stop).',
    points: ({ services }) =>
      services.flatMap(({ name, exits }) => exitCauses.map((cause): Point => [[name, cause], exits[cause]])),
  },
  perService(
    'djsup_service_kills_total',
    'counter',
    'Times SIGKILL was sent because the kill-delay had passed.',
    (s) => s.kills,
  ),
  perService(
    'djsup_service_start_seconds',
    'histogram',
    'From the decision to start until the service counts as up, in seconds.',
    (s) => (s.known ? s.startTimes : undefined),
  ),
  perService(
    'djsup_service_stop_seconds',
    'histogram',
    'From the first signal until nothing of the service is left, in seconds.',
    (s) => (s.known ? s.stopTimes : undefined),
  ),
  perService(
    'djsup_service_backoff_seconds',
    'gauge',
    'The pause before the next restart, in seconds; 0 while none is due.',
    (s) => s.backoff / 1000,
  ),
  perService(
    'djsup_service_cpu_seconds_total',
    'counter',
    'CPU time of all processes of the service, user and system, as of the scrapes, in seconds.',
    (s) => s.cpuSeconds,
  ),
  perService(
    'djsup_service_memory_bytes',
    'gauge',
    'Memory of all processes of the service, shared pages divided among those that share them (PSS), in bytes; resident memory where PSS cannot be read.',
    (s) => s.memoryBytes,
  ),
  perService(
    'djsup_service_open_files',
    'gauge',
    'Open file descriptors of all processes of the service.',
    (s) => s.openFiles,
  ),
  perService('djsup_service_threads', 'gauge', 'Threads of all processes of the service.', (s) => s.threads),
  perService('djsup_service_processes', 'gauge', 'Processes of the service.', (s) => s.processes),
  perCheck(
    'djsup_check_up',
    'gauge',
    'Whether the check is up (1) or down (0); not there while it is inactive.',
    up,
  ),
  perCheck('djsup_check_successes_total', 'counter', 'Times the check succeeded.', (c) => c.successes),
  perCheck(
    'djsup_check_failures_total',
    'counter',
    'Times the check failed; failures in its start period are not counted.',
    (c) => c.failures,
  ),
  {
    name: 'djsup_log_dropped_lines_total',
    type: 'counter',
    labels: ['reader'],
    help: 'Lines that a reader did not get because it was too slow: who reads stderr or stdout of djsup, or follows logs over the API (follower).',
    points: ({ droppedLines }) =>
      Object.entries(droppedLines).map(([reader, lines]): Point => [[reader], lines]),
  },
  perService('djsup_log_lines_total', 'counter', 'Lines that the service printed.', (s) => s.logLines),
  perService('djsup_log_bytes_total', 'counter', 'Bytes that the service printed.', (s) => s.logBytes),
  one('djsup_task_failures_total', 'counter', 'Tasks of changes that failed.', (f) => f.tasksFailed),
  ...leaderRows,
  one(
    'djsup_oom_kills_total',
    'counter',
    'Processes that the kernel killed for want of memory in the cgroup of djsup, workers of services included; not there where the kernel does not say.',
    (f) => f.oomKills,
  ),
  one(
    'djsup_statsd_lost_datagrams_total',
    'counter',
    'Datagrams with metrics that could not be sent; not there without DJSUP_STATSD_HOST.',
    (f) => f.lostDatagrams,
  ),
  {
    name: 'djsup_api_request_duration_seconds',
    type: 'histogram',
    labels: ['route', 'method', 'status'],
    help: 'From the request to the end of its answer, in seconds; without streams of logs.',
    points: ({ requests }) =>
      requests.map(({ route, method, status, times }): Point => [[route, method, String(status)], times]),
  },
  one(
    'djsup_event_loop_delay_seconds',
    'summary',
    'How late djsup came to its timers, in seconds; measured from the first scrape on, quantiles over the last minute or so.',
    (f) => f.loopDelay,
  ),
  one(
    'process_cpu_seconds_total',
    'counter',
    'CPU time of djsup itself, user and system, in seconds.',
    (f) => f.cpuSeconds,
  ),
  one(
    'process_resident_memory_bytes',
    'gauge',
    'Resident memory of djsup itself, in bytes.',
    (f) => f.residentBytes,
  ),
  one('process_open_fds', 'gauge', 'Open file descriptors of djsup itself.', (f) => f.openFiles),
  one(
    'process_start_time_seconds',
    'gauge',
    'When djsup was started, Unix time in seconds.',
    (f) => f.startSeconds,
  ),
];

/** The table filled with figures, families in its order, each made when it is asked for; one without series is there too. */
export function* familiesOf(figures: Figures): Generator<Family> {
  for (const row of metricTable) yield { ...row, points: row.points(figures) };
}
