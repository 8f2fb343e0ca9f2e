// The keeper of notices: takes occurrences in, answers who asks for them, wakes who waits for them, forgets old ones.
// Laws: what djsup itself tells is public; no two notices were last news at the same time; who waits is always answered.
import { changeStatus } from '../core/change.ts';
import type { Change, Status } from '../core/change.ts';
import { kept, maySee, mostNotices, occur, select, subjectKey } from '../core/notice.ts';
import type { Notice, NoticeFilter, Occurrence } from '../core/notice.ts';
import type { NoticeSnapshot } from '../core/notice-file.ts';
import type { Result } from '../core/result.ts';
import { ok, refuse } from '../core/result.ts';
import type { Clock } from '../ports.ts';

export interface Notices {
  /** Takes in what happened, and returns the notice's id. */
  record(occurrence: Occurrence): string;
  /** Something of djsup's own: `name` is the part of the key behind "djsup.dev/". */
  tell(name: string, data: Readonly<Record<string, string>>): void;
  /** A change may have another status than it had. */
  changeUpdated(change: Change): void;
  /** `userId`: who asks; undefined: somebody who may see all. */
  get(id: string, userId: number | undefined): Result<Notice>;
  /** The matching ones; where there are none, the first that comes within `timeout` ms (0: at once), else none. */
  wait(filter: NoticeFilter, timeout: number, signal: AbortSignal): Promise<readonly Notice[]>;
  prune(): void;
  snapshot(): NoticeSnapshot;
}

/** Who waits for longest is answered before his time when more come. */
const mostWaiting = 1_000;

export function createNotices(deps: {
  readonly clock: Clock;
  readonly restored: NoticeSnapshot;
  readonly isChange: (id: string) => boolean;
  /** Something that is worth saving has changed. */
  readonly save: () => void;
}): Notices {
  const { clock, save } = deps;
  let notices = bySubject(deps.restored.notices);
  let { lastNoticeId } = deps.restored;
  let latestNews = Math.max(0, ...deps.restored.notices.map(({ lastRepeated }) => lastRepeated.getTime()));
  /** Of changes that go on. */
  const toldStatus = new Map<string, Status>();
  const waiting = new Set<{ readonly filter: NoticeFilter; readonly answer: () => void }>();

  function record(occurrence: Occurrence): string {
    if (notices.size >= mostNotices) prune();
    const key = subjectKey(occurrence);
    const earlier = notices.get(key);
    if (earlier === undefined) lastNoticeId += 1;
    const now = clock.wall();
    const news = new Date(Math.max(now.getTime(), latestNews + 1));
    const notice = occur(earlier, String(lastNoticeId), occurrence, now, news);
    if (notice.lastRepeated === news) latestNews = news.getTime();
    notices.set(key, notice);
    save();
    for (const { filter, answer } of waiting) if (select([notice], filter, now).length > 0) answer();
    return notice.id;
  }

  function prune(): void {
    notices = bySubject(kept([...notices.values()], clock.wall(), deps.isChange));
  }

  return {
    record,
    tell(name, data) {
      record({ userId: undefined, type: 'custom', key: `djsup.dev/${name}`, data, repeatAfter: 0 });
    },
    changeUpdated(change) {
      const status = changeStatus(change);
      const told = toldStatus.get(change.id);
      // Between two tasks it is no news that the next one has not begun yet.
      const isNews = status !== told && !(told === 'Doing' && status === 'Do');
      if (change.readyTime !== undefined) toldStatus.delete(change.id);
      else if (isNews) toldStatus.set(change.id, status);
      if (!isNews) return;
      const data = {
        ...(change.kind.endsWith('-check') && { 'check-name': change.tasks[0]?.subject ?? '' }),
        kind: change.kind,
      };
      record({ userId: undefined, type: 'change-update', key: change.id, data, repeatAfter: 0 });
    },
    get(id, userId) {
      const notice = [...notices.values()].find((one) => one.id === id);
      if (notice === undefined) return refuse('not-found', `cannot find notice with ID "${id}"`);
      if (userId === undefined || maySee(notice, userId)) return ok(notice);
      return refuse('forbidden', `not allowed to access notice with id "${id}"`);
    },
    wait(filter, timeout, signal) {
      const look = (): readonly Notice[] => select(notices.values(), filter, clock.wall());
      const found = look();
      if (found.length > 0 || timeout <= 0 || signal.aborted) return Promise.resolve(found);
      const { promise, resolve } = Promise.withResolvers<readonly Notice[]>();
      const answer = (): void => {
        waiting.delete(waiter);
        cancel();
        signal.removeEventListener('abort', answer);
        resolve(look());
      };
      const waiter = { filter, answer };
      const cancel = clock.alarm(clock.now() + timeout, answer);
      signal.addEventListener('abort', answer);
      const [longest] = waiting;
      if (waiting.size >= mostWaiting) longest?.answer();
      waiting.add(waiter);
      return promise;
    },
    prune,
    snapshot: () => ({ notices: [...notices.values()], lastNoticeId }),
  };
}

function bySubject(notices: readonly Notice[]): Map<string, Notice> {
  return new Map(notices.map((notice) => [subjectKey(notice), notice]));
}
