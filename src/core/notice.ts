// Something that happened, kept for whoever asks: how it occurs again, when it is forgotten, who may see it. Pebble's rules.
// Laws: a notice is one by user, type and key; `lastRepeated` only moves when nobody asked for quiet, and then to a new time.

export type NoticeType = 'change-update' | 'custom' | 'warning';
export const noticeTypes: readonly string[] = ['change-update', 'custom', 'warning'] satisfies NoticeType[];

/** What makes two occurrences the same notice. */
export interface NoticeSubject {
  /** Whose it is; undefined: everybody's. */
  readonly userId: number | undefined;
  readonly type: NoticeType;
  readonly key: string;
}

export interface Occurrence extends NoticeSubject {
  readonly data: Readonly<Record<string, string>>;
  /** It does not repeat before this has passed, ms; 0: it always does. */
  readonly repeatAfter: number;
}

export interface Notice extends NoticeSubject {
  readonly id: string;
  readonly firstOccurred: Date;
  readonly lastOccurred: Date;
  /** When it was last news; what readers remember to ask for what came after. */
  readonly lastRepeated: Date;
  readonly occurrences: number;
  /** Of the latest occurrence. */
  readonly lastData: Readonly<Record<string, string>>;
  readonly repeatAfter: number;
  /** After its latest occurrence, ms. */
  readonly expireAfter: number;
}

const keptFor = 7 * 24 * 3_600_000;
const keptNotices = 1_000;
/** So many are never kept between two prunings. */
export const mostNotices = 2 * keptNotices;

export function subjectKey({ userId, type, key }: NoticeSubject): string {
  return `${userId ?? 'public'} ${type} ${key}`;
}

/**
 * @param earlier the notice as it was; undefined: it is new, and gets `id`
 * @param news later than every `lastRepeated` there is, so that nobody who asks for what came after one misses another
 */
export function occur(
  earlier: Notice | undefined,
  id: string,
  occurrence: Occurrence,
  now: Date,
  news: Date,
): Notice {
  const { userId, type, key, data, repeatAfter } = occurrence;
  const isNews =
    earlier === undefined ||
    repeatAfter === 0 ||
    news.getTime() >= earlier.lastRepeated.getTime() + repeatAfter;
  return {
    id: earlier?.id ?? id,
    userId,
    type,
    key,
    firstOccurred: earlier?.firstOccurred ?? now,
    lastOccurred: now,
    lastRepeated: isNews ? news : earlier.lastRepeated,
    occurrences: (earlier?.occurrences ?? 0) + 1,
    lastData: data,
    repeatAfter,
    expireAfter: keptFor,
  };
}

/** Those worth keeping: not too old, about a change that is still known, and the latest thousand of them. */
export function kept(
  notices: readonly Notice[],
  now: Date,
  isChange: (id: string) => boolean,
): readonly Notice[] {
  return notices
    .filter((notice) => !isExpired(notice, now) && (notice.type !== 'change-update' || isChange(notice.key)))
    .toSorted((a, b) => a.lastOccurred.getTime() - b.lastOccurred.getTime())
    .slice(-keptNotices);
}

function isExpired({ lastOccurred, expireAfter }: Notice, now: Date): boolean {
  return now.getTime() >= lastOccurred.getTime() + expireAfter;
}

export interface NoticeFilter {
  /** This user's and the public ones; undefined: everybody's. */
  readonly userId: number | undefined;
  /** Empty: all. */
  readonly types: readonly string[];
  /** Empty: all. */
  readonly keys: readonly string[];
  /** Repeated later than this. */
  readonly after: Date | undefined;
}

/** The matching ones in the order in which they were last news. */
export function select(notices: Iterable<Notice>, filter: NoticeFilter, now: Date): readonly Notice[] {
  const { userId, types, keys, after } = filter;
  const matching = [...notices].filter(
    (notice) =>
      (userId === undefined || maySee(notice, userId)) &&
      (types.length === 0 || types.includes(notice.type)) &&
      (keys.length === 0 || keys.includes(notice.key)) &&
      (after === undefined || notice.lastRepeated > after) &&
      !isExpired(notice, now),
  );
  return matching.toSorted((a, b) => a.lastRepeated.getTime() - b.lastRepeated.getTime());
}

export function maySee(notice: Notice, userId: number): boolean {
  return notice.userId === undefined || notice.userId === userId;
}

const keyForm = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+(\/[a-z0-9]+(-[a-z0-9]+)*)+$/;
const longestKey = 256;
const mostData = 4096;

/** What is wrong with a custom notice; undefined: nothing. Of data the bytes as JSON count. */
export function customProblem(key: string, data: Readonly<Record<string, string>>): string | undefined {
  if (Buffer.byteLength(key) > longestKey) return `key must be ${longestKey} bytes or less`;
  if (!keyForm.test(key)) return `invalid key "${key}" (must be in "example.com/path" format)`;
  return Buffer.byteLength(JSON.stringify(data)) > mostData
    ? `total size of data must be ${mostData} bytes or less`
    : undefined;
}
