// Notices: what has happened, waiting for what will, and adding one's own. Each user sees his own and the public ones.
import { parseDuration } from '../../core/duration.ts';
import { noticeTypes, type NoticeFilter } from '../../core/notice.ts';
import { fail, ok, refuse, type Result } from '../../core/result.ts';
import * as requests from '../../wire/requests.ts';
import { decode } from '../body.ts';
import { noticeInfo } from '../infos.ts';
import type { Query } from '../query.ts';
import { sync, type Route } from '../route.ts';

export const noticeRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/notices',
    access: 'read',
    summary: 'The public notices and those of the caller, by when they were last news.',
    query: {
      'user-id': 'the public ones and those of this user instead; admins only',
      users: '"all": those of all users; admins only',
      types: 'only these types: change-update, custom, warning',
      keys: 'only these keys',
      after: 'only those that were last news after this time, RFC 3339',
      timeout: 'a duration: where there are none, wait so long for the first',
    },
    result: 'noticeInfo[]',
    quiet: true,
    async handle(daemon, { query, caller, isAdmin, signal }) {
      if (caller.uid === undefined)
        return refuse('forbidden', 'cannot determine UID of request, so cannot retrieve notices');
      const userId = readUser(query, caller.uid, isAdmin);
      if (!userId.ok) return userId;
      const after = readAfter(query.one('after'));
      if (!after.ok) return refuse('bad-request', `invalid "after" timestamp: ${after.failure}`);
      const timeout = parseDuration(query.one('timeout') || '0s');
      if (!timeout.ok) return refuse('bad-request', `invalid timeout: ${timeout.failure}`);
      const asked = query.list('types');
      const types = asked.filter((type) => noticeTypes.includes(type));
      // Nothing of an unknown type ever comes, so nobody needs to wait for it.
      if (asked.length > 0 && types.length === 0) return sync([]);
      const filter: NoticeFilter = {
        userId: userId.value,
        types,
        keys: query.list('keys'),
        after: after.value,
      };
      return sync((await daemon.notices(filter, timeout.value, signal)).map(noticeInfo));
    },
  },
  {
    method: 'GET',
    path: '/v1/notices/{id}',
    access: 'read',
    summary: 'One notice.',
    result: 'noticeInfo',
    handle(daemon, { params, caller, isAdmin }) {
      if (caller.uid === undefined)
        return refuse('forbidden', 'cannot determine UID of request, so cannot retrieve notice');
      const notice = daemon.notice(params['id'] ?? '', isAdmin ? undefined : caller.uid);
      return notice.ok ? sync(noticeInfo(notice.value)) : notice;
    },
  },
  {
    method: 'POST',
    path: '/v1/notices',
    access: 'read',
    summary: 'Records a custom notice of the caller.',
    body: requests.noticesRequest,
    result: 'noticeAdded',
    handle(daemon, { body, caller }) {
      if (caller.uid === undefined)
        return refuse('forbidden', 'cannot determine UID of request, so cannot create notice');
      const decoded = decode(requests.noticesRequest, body, 'request body');
      if (!decoded.ok) return decoded;
      const { action = '', type = '', key = '', 'repeat-after': repeat = '', data = {} } = decoded.value;
      if (action !== 'add') return refuse('bad-request', `invalid action "${action}"`);
      if (type !== 'custom')
        return refuse('bad-request', `invalid type "${type}" (can only add "custom" notices)`);
      const repeatAfter = parseDuration(repeat || '0s');
      if (!repeatAfter.ok) return refuse('bad-request', `invalid repeat-after: ${repeatAfter.failure}`);
      if (!isTexts(data)) return refuse('bad-request', 'cannot decode notice data: it must be texts by name');
      const notice = { userId: caller.uid, key, data, repeatAfter: Math.max(0, repeatAfter.value) };
      const id = daemon.addNotice(notice);
      return id.ok ? sync({ id: id.value }) : id;
    },
  },
];

/** Whose notices are asked for besides the public ones; undefined: everybody's. */
function readUser(query: Query, uid: number, isAdmin: boolean): Result<number | undefined> {
  const [id, second] = query.list('user-id');
  const users = query.one('users');
  if (id !== undefined && !isAdmin) return refuse('forbidden', 'only admins may use the "user-id" filter');
  if (second !== undefined)
    return refuse('bad-request', 'invalid "user-id" filter: must only include one "user-id"');
  if (id !== undefined && !(/^\d{1,10}$/.test(id) && Number(id) < 2 ** 32))
    return refuse('bad-request', `invalid "user-id" filter: user ID is not a valid uint32: ${id}`);
  if (users === '') return ok(id === undefined ? uid : Number(id));
  if (!isAdmin) return refuse('forbidden', 'only admins may use the "users" filter');
  if (users !== 'all') return refuse('bad-request', 'invalid "users" filter: must be "all"');
  if (id !== undefined) return refuse('bad-request', 'cannot use both "users" and "user-id" parameters');
  return ok(undefined);
}

const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function readAfter(text: string): Result<Date | undefined, string> {
  if (text === '') return ok(undefined);
  const time = new Date(text);
  if (!timeForm.test(text) || Number.isNaN(time.getTime()))
    return fail(`"${text}" is no RFC 3339 time, such as "2026-11-20T22:55:49Z"`);
  return ok(time);
}

function isTexts(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((text) => typeof text === 'string');
}
