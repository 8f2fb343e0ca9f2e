// Notices as the daemon keeps them: of changes, leaders and memory; waiting for them; over a restart.
import { describe, expect, test } from 'vitest';
import type { NoticeFilter } from '../../src/core/notice.ts';
import { leaderCrew } from '../support/leader-crew.ts';
import { world } from '../support/world.ts';

const plan = `
services:
  web: {override: replace, command: web}
checks:
  alive: {override: replace, threshold: 1, http: {url: 'http://localhost/'}}
`;
const all: NoticeFilter = { userId: undefined, types: [], keys: [], after: undefined };
const open = new AbortController().signal;

type World = ReturnType<typeof world>;

function noticesOf(w: World, filter: Partial<NoticeFilter> = {}) {
  return w.face.notices({ ...all, ...filter }, 0, open);
}

function notify(w: World, key: string, userId = 7): string {
  const added = w.face.addNotice({ userId, key, data: {}, repeatAfter: 0 });
  if (!added.ok) throw new Error(added.failure.message);
  return added.value;
}

describe('a change', () => {
  test('is told when it is made, when it runs and when it is ready, as one public notice', async () => {
    const w = world({ plan });
    const id = w.act('start', 'web');
    expect(await noticesOf(w, { keys: [id] })).toMatchObject([
      { userId: undefined, type: 'change-update', occurrences: 2, lastData: { kind: 'start' } },
    ]);
    w.pass(1_100);
    expect(w.change(id).ready).toBe(true);
    expect(await noticesOf(w, { keys: [id] })).toMatchObject([{ occurrences: 3 }]);
  });

  test('of a check names the check', async () => {
    const w = world({ plan });
    const [check] = w.face.checks(undefined, []);
    expect(await noticesOf(w, { keys: [check?.changeId ?? ''] })).toMatchObject([
      { lastData: { kind: 'perform-check', 'check-name': 'alive' } },
    ]);
  });
});

describe('who waits', () => {
  test('gets what there is at once, and else the first that comes', async () => {
    const w = world();
    notify(w, 'a.b/c');
    expect(await w.face.notices({ ...all, keys: ['a.b/c'] }, 60_000, open)).toHaveLength(1);
    const waiting = w.face.notices({ ...all, keys: ['a.b/d'] }, 60_000, open);
    notify(w, 'a.b/e');
    const id = notify(w, 'a.b/d');
    expect(await waiting).toMatchObject([{ id, key: 'a.b/d' }]);
  });

  test('gets nothing when the time is over, when he goes, and when he asked for no time', async () => {
    const w = world();
    const late = w.face.notices(all, 5_000, open);
    const gone = new AbortController();
    const given = w.face.notices(all, 5_000, gone.signal);
    gone.abort();
    expect(await given).toEqual([]);
    expect(await w.face.notices(all, -1, open)).toEqual([]);
    w.pass(5_000);
    expect(await late).toEqual([]);
  });

  test('for longest is answered before his time when a thousand others wait', async () => {
    const w = world();
    const waits = Array.from({ length: 1_001 }, () => w.face.notices(all, 60_000, open));
    expect(await waits[0]).toEqual([]);
    notify(w, 'a.b/c');
    expect((await Promise.all(waits.slice(1))).every(({ length }) => length === 1)).toBe(true);
  });

  test('for what came after the latest misses nothing, though all came in one millisecond', async () => {
    const w = world();
    for (const key of ['a.b/c', 'a.b/d', 'a.b/e']) notify(w, key);
    const [first, second] = await noticesOf(w);
    const rest = await noticesOf(w, { after: first?.lastRepeated });
    expect(rest.map(({ key }) => key)).toEqual(['a.b/d', 'a.b/e']);
    expect(second?.lastOccurred).toEqual(first?.lastOccurred);
  });
});

test('a notice of one user is nothing to another, and one that is not there is not found', () => {
  const w = world();
  const id = notify(w, 'a.b/c', 7);
  expect(w.face.notice(id, 7).ok).toBe(true);
  expect(w.face.notice(id, undefined).ok).toBe(true);
  expect(w.face.notice(id, 8)).toMatchObject({ ok: false, failure: { kind: 'forbidden' } });
  expect(w.face.notice('99', 7)).toMatchObject({
    ok: false,
    failure: { kind: 'not-found', message: 'cannot find notice with ID "99"' },
  });
});

test('notices outlive the daemon, and their numbers go on', async () => {
  const w = world({ plan });
  w.act('start', 'web');
  const id = notify(w, 'a.b/c');
  await w.listen();
  const state = w.files.contents.get('/state.json') ?? '';
  const again = world({ plan, files: { '/state.json': state } });
  expect(await noticesOf(again, { keys: ['a.b/c'] })).toMatchObject([{ id, userId: 7, occurrences: 1 }]);
  again.supervisor.resume();
  // The start was cut off, which is news.
  const [update] = await noticesOf(again, { keys: ['2'] });
  expect(update).toMatchObject({ type: 'change-update', occurrences: 3 });
  expect(Number(notify(again, 'a.b/d'))).toBeGreaterThan(Number(id));
});

test('old notices are forgotten', async () => {
  const w = world();
  notify(w, 'a.b/c');
  w.clock.pass(7 * 86_400_000);
  w.pass(600_000);
  expect(await noticesOf(w)).toEqual([]);
});

test('a service that the kernel killed for want of memory is told with its limit', async () => {
  const w = world({ plan });
  w.memory.counted = 4;
  w.up('web');
  w.memory.counted = 5;
  w.spawner.latest('web').exit(137);
  w.settle();
  expect(await noticesOf(w, { keys: ['djsup.dev/out-of-memory'] })).toMatchObject([
    { userId: undefined, type: 'custom', lastData: { service: 'web', limit: String(64 * 1024 ** 2) } },
  ]);
});

test('so is a process that was no service of its own, and a SIGKILL of somebody else is not', async () => {
  const w = world({ plan });
  w.memory.counted = 4;
  w.up('web');
  w.spawner.latest('web').exit(137);
  w.pass(2_000);
  expect(await noticesOf(w, { keys: ['djsup.dev/out-of-memory'] })).toEqual([]);
  w.memory.counted = 6;
  w.pass(20_000);
  expect(await noticesOf(w, { keys: ['djsup.dev/out-of-memory'] })).toMatchObject([
    { lastData: { processes: '2' }, occurrences: 1 },
  ]);
});

describe('a leader group', () => {
  const group = 'schedulers';
  const led = `
services:
  beat-scheduler: {override: replace, command: beat, startup: enabled, kill-delay: 2s}
leader:
  schedulers: {override: merge, profile: fast}
`;

  test('tells of a leader gained, changed and lost, with the epoch and the cause', async () => {
    const crew = leaderCrew();
    const a = crew.join('a', led);
    await crew.pass(6_500);
    const b = crew.join('b', led);
    await crew.pass(2_000);
    const latest = async (w: typeof a, name: string) =>
      (await w.face.notices({ ...all, keys: [`djsup.dev/leader-${name}`] }, 0, open))[0]?.lastData;
    expect(await latest(a, 'gained')).toEqual({ group, epoch: '1', leader: 'a' });
    expect(await latest(b, 'changed')).toEqual({ group, epoch: '1', leader: 'a' });
    expect(await latest(a, 'lost')).toBeUndefined();
    a.supervisor.stop(0, 'test');
    await crew.pass(5_000);
    expect(await latest(a, 'lost')).toEqual({ group, epoch: '1', cause: 'handing-over' });
    expect(await latest(b, 'gained')).toMatchObject({ group, leader: 'b' });
  });
});
