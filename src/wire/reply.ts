// What an answer of the API must look like for the client to go on: the envelope, and of each result the fields that matter.
// Checks by hand and not with wire/replies.ts, since loading zod would cost every command some 20 ms.
import type { ClientFailure } from './connection.ts';
import type {
  ChangeInfo,
  CheckInfo,
  LayerInfo,
  LeaderInfo,
  LogEntry,
  NoticeInfo,
  ServiceInfo,
  SystemInfo,
} from './replies.ts';

export interface Envelope {
  readonly type?: unknown;
  readonly change?: unknown;
  readonly result?: unknown;
}

/** Undefined for what is no JSON object. */
export function parseEnvelope(text: string): Envelope | undefined {
  const value = parseJson(text);
  return isObject(value) ? value : undefined;
}

/** What an error envelope, or some other answer that is not a 200, says. */
export function refusal(envelope: Envelope | undefined, status: number): ClientFailure {
  const result = isObject(envelope?.result) ? envelope.result : {};
  return {
    kind: 'refused',
    status,
    message:
      typeof result['message'] === 'string'
        ? result['message']
        : `the server refused with HTTP status ${status}`,
    ...(typeof result['kind'] === 'string' ? { reason: result['kind'] } : {}),
  };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Guard<T> = (value: unknown) => value is T;

export function isListOf<T>(guard: Guard<T>): Guard<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every((item) => guard(item));
}

export const isText: Guard<string> = (value) => typeof value === 'string';

export const isSystem: Guard<SystemInfo> = (value): value is SystemInfo => hasTexts(value, 'version');

export const isService: Guard<ServiceInfo> = (value): value is ServiceInfo =>
  hasTexts(value, 'name', 'startup', 'current');

export const isChange: Guard<ChangeInfo> = (value): value is ChangeInfo =>
  hasTexts(value, 'id', 'kind', 'summary', 'status', 'spawn-time') &&
  (value['tasks'] === undefined || isTasks(value['tasks']));

const isTasks = isListOf(
  (value): value is object => hasTexts(value, 'kind', 'summary', 'status') && isObject(value['progress']),
);

export const isCheck: Guard<CheckInfo> = (value): value is CheckInfo => hasTexts(value, 'name', 'status');

export const isLayer: Guard<LayerInfo> = (value): value is LayerInfo => hasTexts(value, 'label');

export const isLeader: Guard<LeaderInfo> = (value): value is LeaderInfo =>
  hasTexts(value, 'group', 'state', 'replica', 'backend', 'detail', 'since') &&
  isListOf(isText)(value['timings']) &&
  isHistory(value['history']);

const isHistory = isListOf((value): value is object => hasTexts(value, 'time', 'text'));

export const isNotice: Guard<NoticeInfo> = (value): value is NoticeInfo =>
  hasTexts(value, 'id', 'type', 'key', 'first-occurred', 'last-repeated') &&
  typeof value['occurrences'] === 'number';

export const isNoticeAdded: Guard<{ readonly id: string }> = (value): value is { id: string } =>
  hasTexts(value, 'id');

export const isLogEntry: Guard<LogEntry> = (value): value is LogEntry =>
  hasTexts(value, 'time', 'service', 'message');

export const isHealth: Guard<{ readonly healthy: boolean }> = (value): value is { healthy: boolean } =>
  isObject(value) && typeof value['healthy'] === 'boolean';

/** `changed` is null in some servers' answers where it is empty. */
export const isChecksChanged: Guard<{ readonly changed: readonly string[] | null }> = (
  value,
): value is { changed: string[] | null } =>
  isObject(value) && (value['changed'] === null || isListOf(isText)(value['changed']));

export const isRefresh: Guard<{ readonly info: CheckInfo; readonly error?: string }> = (
  value,
): value is { info: CheckInfo; error?: string } => isObject(value) && isCheck(value['info']);

function hasTexts(value: unknown, ...keys: readonly string[]): value is Record<string, unknown> {
  return isObject(value) && keys.every((key) => typeof value[key] === 'string');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
