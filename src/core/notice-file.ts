// Notices as the state file keeps them, in Pebble's form. What is no notice is left out: none is worth losing the file for.
import { formatDuration, parseDuration } from './duration.ts';
import { noticeTypes } from './notice.ts';
import type { Notice, NoticeType } from './notice.ts';

export interface NoticeSnapshot {
  readonly notices: readonly Notice[];
  readonly lastNoticeId: number;
}

export function encodeNotice(notice: Notice): Record<string, unknown> {
  return {
    id: notice.id,
    'user-id': notice.userId ?? null,
    type: notice.type,
    key: notice.key,
    'first-occurred': notice.firstOccurred.toISOString(),
    'last-occurred': notice.lastOccurred.toISOString(),
    'last-repeated': notice.lastRepeated.toISOString(),
    occurrences: notice.occurrences,
    ...(Object.keys(notice.lastData).length > 0 && { 'last-data': notice.lastData }),
    ...(notice.repeatAfter !== 0 && { 'repeat-after': formatDuration(notice.repeatAfter) }),
    'expire-after': formatDuration(notice.expireAfter),
  };
}

// By hand and not by a shape of zod, whose making would be paid at each start.
export function decodeNotices(value: unknown): readonly Notice[] {
  return Array.isArray(value) ? value.flatMap((one: unknown) => decodeNotice(one) ?? []) : [];
}

function decodeNotice(value: unknown): Notice | undefined {
  if (!isObject(value)) return undefined;
  const { id, type, key, occurrences, 'user-id': userId } = value;
  const times = ['first-occurred', 'last-occurred', 'last-repeated'].map((name) => dateIn(value[name]));
  const [firstOccurred, lastOccurred, lastRepeated] = times;
  const expireAfter = durationIn(value['expire-after']);
  const known = typeof id === 'string' && typeof key === 'string' && isType(type);
  if (!known || !firstOccurred || !lastOccurred || !lastRepeated || expireAfter === 0) return undefined;
  return {
    id,
    userId: typeof userId === 'number' ? userId : undefined,
    type,
    key,
    firstOccurred,
    lastOccurred,
    lastRepeated,
    occurrences: typeof occurrences === 'number' ? occurrences : 1,
    lastData: textsIn(value['last-data']),
    repeatAfter: durationIn(value['repeat-after']),
    expireAfter,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isType(value: unknown): value is NoticeType {
  return typeof value === 'string' && noticeTypes.includes(value);
}

function dateIn(value: unknown): Date | undefined {
  const date = new Date(typeof value === 'string' ? value : Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** 0 where there is none. */
function durationIn(value: unknown): number {
  const duration = typeof value === 'string' ? parseDuration(value) : undefined;
  return duration?.ok === true ? duration.value : 0;
}

function textsIn(value: unknown): Record<string, string> {
  const entries = isObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
