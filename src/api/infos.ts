// The daemon's records in the shapes that travel (wire/replies.ts), keys in Pebble's order.
// Law: what is not known is left out, never null but for the user of a public notice.
import type {
  ChangeRecord,
  CheckRecord,
  LeaderRecord,
  ServiceRecord,
  SystemRecord,
  TaskRecord,
} from '../daemon/records.ts';
import type {
  ChangeInfo,
  CheckInfo,
  LeaderInfo,
  NoticeInfo,
  ServiceInfo,
  SystemInfo,
  TaskInfo,
} from '../wire/replies.ts';
import { formatDuration } from '../core/duration.ts';
import type { Notice } from '../core/notice.ts';
import { localTime, utcTime } from './time.ts';

export function systemInfo(record: SystemRecord): SystemInfo {
  return {
    'boot-id': record.bootId,
    ...(record.httpAddress !== undefined && { 'http-address': record.httpAddress }),
    version: record.version,
  };
}

export function serviceInfo(record: ServiceRecord): ServiceInfo {
  return {
    name: record.name,
    startup: record.startup,
    current: record.current,
    ...(record.currentSince && { 'current-since': localTime(record.currentSince) }),
    state: record.state,
    ...(record.pid !== undefined && { pid: record.pid }),
    restarts: record.restarts,
    ...(record.lastExit !== undefined && { 'last-exit': record.lastExit }),
    ...(record.reason !== undefined && { reason: record.reason }),
    ...(record.retryAt && { 'retry-at': localTime(record.retryAt) }),
  };
}

export function checkInfo(record: CheckRecord): CheckInfo {
  return {
    name: record.name,
    ...(record.level && { level: record.level }),
    startup: record.startup,
    status: record.status,
    successes: record.successes,
    ...(record.failures !== 0 && { failures: record.failures }),
    threshold: record.threshold,
    ...(record.changeId !== undefined && { 'change-id': record.changeId }),
    ...(record.prevChangeId !== undefined && { 'prev-change-id': record.prevChangeId }),
    ...(record.waitingFor && { 'waiting-for': [...record.waitingFor] }),
  };
}

export function changeInfo(record: ChangeRecord): ChangeInfo {
  return {
    id: record.id,
    kind: record.kind,
    summary: record.summary,
    status: record.status,
    ...(record.tasks.length > 0 && { tasks: record.tasks.map(taskInfo) }),
    ready: record.ready,
    ...(record.err !== undefined && { err: record.err }),
    'spawn-time': localTime(record.spawnTime),
    ...(record.readyTime && { 'ready-time': localTime(record.readyTime) }),
  };
}

function taskInfo(record: TaskRecord): TaskInfo {
  return {
    id: record.id,
    kind: record.kind,
    summary: record.summary,
    status: record.status,
    ...(record.log.length > 0 && { log: [...record.log] }),
    progress: { ...record.progress },
    'spawn-time': localTime(record.spawnTime),
    ...(record.readyTime && { 'ready-time': localTime(record.readyTime) }),
    ...(record.data && { data: { ...record.data } }),
  };
}

export function leaderInfo(record: LeaderRecord): LeaderInfo {
  return {
    group: record.group,
    state: record.state,
    replica: record.replica,
    ...(record.leader !== undefined && { leader: record.leader }),
    ...(record.epoch !== undefined && { epoch: record.epoch }),
    ...(record.validFor !== undefined && { 'valid-for': formatDuration(Math.floor(record.validFor)) }),
    since: localTime(record.since),
    backend: record.backend,
    because: record.because,
    detail: record.detail,
    services: [...record.services],
    warnings: [...record.warnings],
    timings: [...record.timings],
    history: record.history.map(({ time, text }) => ({ time: localTime(time), text })),
  };
}

/** Times are in UTC and data by name, as in Pebble. */
export function noticeInfo(notice: Notice): NoticeInfo {
  const data = Object.entries(notice.lastData).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    id: notice.id,
    'user-id': notice.userId ?? null,
    type: notice.type,
    key: notice.key,
    'first-occurred': utcTime(notice.firstOccurred),
    'last-occurred': utcTime(notice.lastOccurred),
    'last-repeated': utcTime(notice.lastRepeated),
    occurrences: notice.occurrences,
    ...(data.length > 0 && { 'last-data': Object.fromEntries(data) }),
    ...(notice.repeatAfter !== 0 && { 'repeat-after': formatDuration(notice.repeatAfter) }),
    'expire-after': formatDuration(notice.expireAfter),
  };
}
