// A daemon of plain data that remembers what it was asked.
import { ok, refuse } from '../../src/core/result.ts';
import type { Notice } from '../../src/core/notice.ts';
import type { Family } from '../../src/core/metric.ts';
import type { Daemon } from '../../src/daemon/face.ts';
import type {
  ChangeRecord,
  CheckRecord,
  LeaderRecord,
  LogRecord,
  ServiceRecord,
} from '../../src/daemon/records.ts';

const service: ServiceRecord = {
  name: 'django',
  startup: 'enabled',
  current: 'backoff',
  currentSince: new Date('2026-11-20T22:55:49.660Z'),
  state: 'backoff',
  pid: 42,
  restarts: 3,
  lastExit: 'code 3',
  reason: 'waits <500ms> & tries again',
  retryAt: new Date('2026-11-20T22:55:50Z'),
};

const check: CheckRecord = {
  name: 'ready',
  level: 'ready',
  startup: 'enabled',
  status: 'down',
  successes: 4,
  failures: 3,
  threshold: 3,
  changeId: '9',
  prevChangeId: '8',
  waitingFor: ['django'],
};

export const change: ChangeRecord = {
  id: '1',
  kind: 'start',
  summary: 'Start service "django"',
  status: 'Done',
  tasks: [
    {
      id: '1',
      kind: 'start',
      summary: 'Start service "django"',
      status: 'Done',
      log: ['2026-11-20T22:55:49Z INFO fine'],
      progress: { label: '', done: 1, total: 1 },
      spawnTime: new Date('2026-11-20T22:55:49.026Z'),
      readyTime: new Date('2026-11-20T22:55:50.1Z'),
      data: { 'exit-code': 0 },
    },
  ],
  ready: true,
  err: 'cannot perform the following tasks:',
  spawnTime: new Date('2026-11-20T22:55:49.026Z'),
  readyTime: new Date('2026-11-20T22:55:50.1Z'),
};

const emptyChange: ChangeRecord = {
  id: '2',
  kind: 'replan',
  summary: 'Replan - no services',
  status: 'Done',
  tasks: [],
  ready: false,
  spawnTime: new Date('2026-11-20T22:55:49Z'),
};

const leader: LeaderRecord = {
  group: 'schedulers',
  state: 'leading',
  replica: 'web-1',
  leader: 'web-1',
  epoch: 7,
  validFor: 12_000,
  since: new Date('2026-11-20T22:55:49Z'),
  backend: 'file',
  because: 'the plan says so',
  detail: '',
  services: ['beat-scheduler'],
  warnings: [],
  timings: ['S1: ...'],
  history: [{ time: new Date('2026-11-20T22:55:49Z'), text: 'leader gained group=schedulers epoch=7' }],
};

const gained: Notice = {
  id: '5',
  userId: undefined,
  type: 'custom',
  key: 'djsup.dev/leader-gained',
  firstOccurred: new Date('2026-11-20T22:55:49Z'),
  lastOccurred: new Date('2026-11-20T22:55:50.5Z'),
  lastRepeated: new Date('2026-11-20T22:55:50.5Z'),
  occurrences: 2,
  lastData: { group: 'schedulers' },
  repeatAfter: 60_000,
  expireAfter: 604_800_000,
};

const entry: LogRecord = {
  time: new Date('2021-04-23T01:28:52.660Z'),
  service: 'redis',
  message: 'a <b> & "c"',
};

async function* batches(...given: readonly (readonly LogRecord[])[]): AsyncIterable<readonly LogRecord[]> {
  for (const batch of given) yield await Promise.resolve(batch);
}

const family: Family = {
  name: 'djsup_service_starts_total',
  type: 'counter',
  help: 'Starts.',
  labels: ['service'],
  points: [[['a "b"'], 3]],
};

/** `asked` collects the calls, as [method, ...arguments]; signals are left out. */
export function fakeDaemon(changed: Partial<Daemon> = {}): { daemon: Daemon; asked: unknown[][] } {
  const asked: unknown[][] = [];
  const note = (...call: unknown[]): void => void asked.push(call);
  const find = (id: string) => {
    const found = [change, emptyChange].find((one) => one.id === id);
    return found ? ok(found) : refuse('not-found', `cannot find change with id "${id}"`);
  };
  const daemon: Daemon = {
    systemInfo: () => ({ bootId: 'b', httpAddress: ':4000', version: 'v1' }),
    health: (...call) => (note('health', ...call), true),
    services: (...call) => (note('services', ...call), [service]),
    actOnServices: (...call) => (note('actOnServices', ...call), ok('29')),
    signalServices: (...call) => (note('signalServices', ...call), ok(undefined)),
    changes: (...call) => (note('changes', ...call), [change, emptyChange]),
    change: find,
    waitChange: async (id, timeout) => {
      note('waitChange', id, timeout);
      return timeout === undefined ? find(id) : refuse('time-out', 'late');
    },
    abortChange: (...call) => (note('abortChange', ...call), find(call[0])),
    notices: async (filter, timeout) => (note('notices', filter, timeout), [gained]),
    notice: (id, userId) => {
      note('notice', id, userId);
      return id === '5' ? ok(gained) : refuse('not-found', `cannot find notice with ID "${id}"`);
    },
    addNotice: (...call) => (note('addNotice', ...call), ok('6')),
    checks: (...call) => (note('checks', ...call), [check]),
    startChecks: (...call) => (note('startChecks', ...call), ok(['c'])),
    stopChecks: (...call) => (note('stopChecks', ...call), ok([])),
    refreshCheck: async (name) =>
      name === 'ready'
        ? ok({ info: check, error: 'exit status 7' })
        : refuse('not-found', `cannot find check with name "${name}"`),
    leaders: (...call) => (note('leaders', ...call), [leader]),
    actOnLeaders: (...call) => (note('actOnLeaders', ...call), ok('30')),
    planText: () => 'services:\n    a: {}\n',
    layers: () => [{ order: 1000, label: 'base', origin: '/layers/001-base.yaml' }],
    addLayer: (...call) => (note('addLayer', ...call), ok(undefined)),
    metrics: async () => [family],
    requested: () => undefined,
    logs: (services, count, follow) => (note('logs', services, count, follow), batches([entry], [entry])),
    ...changed,
  };
  return { daemon, asked };
}
