// The daemon's records in the shapes that travel (wire/shapes.ts), keys in Pebble's order.
// Law: what is not known is left out, never null.
import type {
  ChangeRecord,
  CheckRecord,
  LeaderRecord,
  ServiceRecord,
  SystemRecord,
  TaskRecord,
} from '../daemon/records.ts';
import type { ChangeInfo, CheckInfo, LeaderInfo, ServiceInfo, SystemInfo, TaskInfo } from '../wire/shapes.ts';
import { formatDuration } from '../core/duration.ts';
import { localTime } from './time.ts';

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
