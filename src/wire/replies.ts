// The shapes of what the API answers, by Pebble's names; docs/reference/openapi.json is generated from them. Times are RFC 3339
// strings, durations Go duration strings. Law: the daemon and its commands take the types alone, since to load them takes time.
import * as z from 'zod/mini';

const time = z.string().check(z.describe('RFC 3339 time with the fraction trimmed of trailing zeros'));

const serviceInfo = z.object({
  name: z.string(),
  startup: z.enum(['enabled', 'disabled']),
  current: z
    .enum(['active', 'inactive', 'backoff', 'error', 'standby'])
    .check(
      z.describe('standby, which Pebble does not have: it starts here once this replica leads its group'),
    ),
  'current-since': z.optional(time),
  // djsup's own, for people:
  state: z
    .optional(z.string())
    .check(
      z.describe(
        "the service machine's state: idle, clearing, starting, running, terminating, killing, backoff, stopped, exited; of a task also working, done",
      ),
    ),
  pid: z.optional(z.int()),
  restarts: z.optional(z.int()).check(z.describe('restarts by policy since the daemon started')),
  'last-exit': z
    .optional(z.string())
    .check(z.describe('how the latest run ended, for people: "code 3", "signal SIGKILL"')),
  reason: z.optional(z.string()).check(z.describe('why it is not running, or why it waits')),
  'retry-at': z.optional(time).check(z.describe('when a restart is due, in state backoff')),
});

const checkInfo = z.object({
  name: z.string(),
  level: z.optional(z.enum(['alive', 'ready'])),
  startup: z.enum(['enabled', 'disabled']),
  status: z.enum(['up', 'down', 'inactive']),
  successes: z.optional(z.int()),
  failures: z.optional(z.int()),
  threshold: z.int(),
  'change-id': z.optional(z.string()),
  'prev-change-id': z.optional(z.string()),
  'waiting-for': z
    .optional(z.array(z.string()))
    .check(z.describe('services of which one must be up before this check runs')),
});

const taskInfo = z.object({
  id: z.string(),
  kind: z.string(),
  summary: z.string(),
  status: z.string(),
  log: z.optional(z.array(z.string())),
  progress: z.object({ label: z.string(), done: z.int(), total: z.int() }),
  'spawn-time': time,
  'ready-time': z.optional(time),
  data: z.optional(z.record(z.string(), z.unknown())),
});

const changeInfo = z.object({
  id: z.string(),
  kind: z.string(),
  summary: z.string(),
  status: z.string(),
  tasks: z.optional(z.array(taskInfo)),
  ready: z.boolean(),
  err: z.optional(z.string()),
  'spawn-time': time,
  'ready-time': z.optional(time),
  data: z.optional(z.record(z.string(), z.unknown())),
});

const systemInfo = z.object({
  'boot-id': z.string(),
  'http-address': z.optional(z.string()),
  version: z.string(),
});

const health = z.object({ healthy: z.boolean() });
const checksChanged = z.object({ changed: z.array(z.string()) });
const checkRefreshed = z.object({ info: checkInfo, error: z.optional(z.string()) });
const logEntry = z.object({ time, service: z.string(), message: z.string() });

/** One layer of the plan as `GET /v1/layers` lists it (djsup's own; Pebble has no such call). */
const layerInfo = z.object({ order: z.int(), label: z.string(), origin: z.string() });

/** A leader group as this replica sees it (djsup's own). */
const leaderInfo = z.object({
  group: z.string(),
  state: z
    .string()
    .check(
      z.describe(
        'opening, blocked, following, acquiring, settling, leading, handing-over, demoting, releasing, paused, or off: something else decides',
      ),
    ),
  replica: z.string().check(z.describe('the name of the replica that answers')),
  leader: z.optional(z.string()).check(z.describe('the name of the replica that leads, as last seen')),
  epoch: z.optional(z.int()).check(z.describe('rises from leader to leader: the fencing token')),
  'valid-for': z
    .optional(z.string())
    .check(z.describe('how much longer the lease of this replica stands, a duration')),
  since: time.check(z.describe('when state, leader or epoch last changed, as seen from here')),
  backend: z.string(),
  because: z.string().check(z.describe('why this backend')),
  detail: z.string().check(z.describe('for people')),
  services: z.array(z.string()).check(z.describe('services of the group that are wanted on this replica')),
  warnings: z.array(z.string()),
  timings: z.array(z.string()).check(z.describe('the safety margins in numbers')),
  history: z
    .array(z.object({ time, text: z.string() }))
    .check(z.describe('the latest transitions, oldest first')),
});

const noticeInfo = z.object({
  id: z.string(),
  'user-id': z.nullable(z.int()).check(z.describe('whose it is; null: everybody may see it')),
  type: z.enum(['change-update', 'custom', 'warning']),
  key: z.string().check(z.describe('of a change-update: the id of the change')),
  'first-occurred': time,
  'last-occurred': time,
  'last-repeated': time.check(z.describe('when it was last news; what "after" compares with')),
  occurrences: z.int(),
  'last-data': z.optional(z.record(z.string(), z.string())),
  'repeat-after': z
    .optional(z.string())
    .check(z.describe('it is no news again before this has passed, a duration')),
  'expire-after': z.string().check(z.describe('forgotten so long after it last occurred, a duration')),
});

const noticeAdded = z.object({ id: z.string() });
const planText = z.string();
/** It has no more to say than that it is done. */
const done = z.literal(true);

export const replies = {
  serviceInfo,
  checkInfo,
  taskInfo,
  changeInfo,
  systemInfo,
  health,
  checksChanged,
  checkRefreshed,
  logEntry,
  layerInfo,
  leaderInfo,
  noticeInfo,
  noticeAdded,
  planText,
  done,
};

export type ReplyShape = keyof typeof replies;
export type ServiceInfo = z.infer<typeof serviceInfo>;
export type CheckInfo = z.infer<typeof checkInfo>;
export type TaskInfo = z.infer<typeof taskInfo>;
export type ChangeInfo = z.infer<typeof changeInfo>;
export type SystemInfo = z.infer<typeof systemInfo>;
export type LogEntry = z.infer<typeof logEntry>;
export type LeaderInfo = z.infer<typeof leaderInfo>;
export type NoticeInfo = z.infer<typeof noticeInfo>;
export type LayerInfo = z.infer<typeof layerInfo>;
