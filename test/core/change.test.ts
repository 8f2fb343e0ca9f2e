import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  abort,
  begin,
  changeStatus,
  errText,
  finish,
  isReady,
  logTo,
  runnable,
} from '../../src/core/change.ts';
import type { Change, Task } from '../../src/core/change.ts';
import { revive } from '../../src/core/revive.ts';
import { decodeState, emptyStateFile, encodeState } from '../../src/core/state-file.ts';
import type { Snapshot } from '../../src/core/state-file.ts';

const now = new Date('2026-11-21T10:00:00Z');

function task(id: string, needs: readonly string[] = [], follows: readonly string[] = []): Task {
  const fixed = {
    progress: undefined,
    data: undefined,
    readyTime: undefined,
    spawnTime: now,
    log: [],
    lane: 1,
  };
  return {
    ...fixed,
    id,
    changeId: '1',
    kind: 'start',
    summary: `Start service "${id}"`,
    subject: id,
    status: 'Do',
    needs,
    follows,
  };
}

function change(...tasks: readonly Task[]): Change {
  return {
    id: '1',
    kind: 'start',
    summary: 's',
    services: ['a'],
    tasks,
    spawnTime: now,
    readyTime: undefined,
  };
}

function snapshotOf(...changes: readonly Change[]): Snapshot {
  return { changes, lastChangeId: 0, lastTaskId: 0, lastLane: 0, notices: [], lastNoticeId: 0 };
}

function statuses(one: Change): Record<string, string> {
  return Object.fromEntries(one.tasks.map(({ id, status }) => [id, status]));
}

describe('the tasks of a change', () => {
  test('begin when what they need is done and what they follow is over', () => {
    const first = change(task('a'), task('b', ['a']), task('c', [], ['a']));
    expect(runnable(first).map(({ id }) => id)).toEqual(['a']);
    const done = finish(begin(first, 'a'), 'a', { status: 'Done' }, now);
    expect(runnable(done).map(({ id }) => id)).toEqual(['b', 'c']);
  });

  test('are held when what they need directly or indirectly has failed, and only they', () => {
    const all = change(task('a'), task('b', ['a']), task('c', ['b']), task('d', [], ['a']), task('e'));
    const failed = finish(begin(all, 'a'), 'a', { status: 'Error', error: 'no' }, now);
    expect(statuses(failed)).toEqual({ a: 'Error', b: 'Hold', c: 'Hold', d: 'Do', e: 'Do' });
  });

  test('keep their newest ten log lines', () => {
    const logged = Array.from({ length: 12 }, (_, index) => String(index)).reduce(
      (one, text) => logTo(one, 'a', 'T', 'INFO', text),
      change(task('a')),
    );
    expect(logged.tasks[0]?.log).toHaveLength(10);
    expect(logged.tasks[0]?.log.at(-1)).toBe('T INFO 11');
  });

  test('that failed are named with their errors', () => {
    const logged = logTo(begin(change(task('a')), 'a'), 'a', 'T', 'ERROR', 'first\nsecond');
    const failed = finish(logged, 'a', { status: 'Error', error: 'x' }, now);
    expect(errText(failed)).toBe('cannot perform the following tasks:\n- Start service "a" (first\nsecond)');
  });

  test('that have not begun are held by an abort, those that run are to abort', () => {
    const running = begin(change(task('a'), task('b', ['a'])), 'a');
    const aborted = abort(running, now);
    expect(statuses(aborted)).toEqual({ a: 'Abort', b: 'Hold' });
    expect(changeStatus(aborted)).toBe('Abort');
    expect(finish(aborted, 'a', { status: 'Error', error: 'aborted' }, now).readyTime).toEqual(now);
  });
});

/** A change whose tasks only ever refer to earlier ones, so without a circle. */
const anyChange = fc
  .array(
    fc.record({
      needs: fc.array(fc.nat(9), { maxLength: 2 }),
      follows: fc.array(fc.nat(9), { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 10 },
  )
  .map((rows) => {
    const before = (list: readonly number[], index: number) =>
      list.filter((other) => other < index).map(String);
    return change(
      ...rows.map(({ needs, follows }, index) =>
        task(String(index), before(needs, index), before(follows, index)),
      ),
    );
  });

/** Runs a change to its end; `verdicts` decides each task's outcome. */
function play(start: Change, verdicts: readonly boolean[], abortAt: number): Change {
  let one = start;
  for (let turn = 0; turn < 100; turn += 1) {
    if (turn === abortAt) one = abort(one, now);
    const next = runnable(one)[0];
    if (next !== undefined) one = begin(one, next.id);
    const running = one.tasks.find(({ status }) => status === 'Doing' || status === 'Abort');
    if (running === undefined && next === undefined) return one;
    const done = verdicts[turn % verdicts.length] === true;
    if (running !== undefined && turn % 2 === 0)
      one = finish(one, running.id, done ? { status: 'Done' } : { status: 'Error', error: 'no' }, now);
  }
  return one;
}

describe('laws', () => {
  test('every change becomes ready, and no task is done whose need was not', () => {
    fc.assert(
      fc.property(
        anyChange,
        fc.array(fc.boolean(), { minLength: 1 }),
        fc.nat(30),
        (one, verdicts, abortAt) => {
          const over = play(one, verdicts, abortAt);
          expect(over.readyTime).toEqual(now);
          const status = statuses(over);
          const done = over.tasks.filter(({ id }) => status[id] === 'Done');
          expect(done.flatMap(({ needs }) => needs).every((need) => status[need] === 'Done')).toBe(true);
        },
      ),
    );
  });

  test('restore(snapshot(s)) = s', () => {
    fc.assert(
      fc.property(
        anyChange,
        fc.array(fc.boolean(), { minLength: 1 }),
        fc.nat(30),
        (one, verdicts, abortAt) => {
          const changes = [play(one, verdicts, abortAt)];
          const snapshot = { ...snapshotOf(...changes), lastChangeId: 3, lastTaskId: 12, lastLane: 4 };
          const decoded = decodeState(encodeState({ snapshot, rest: emptyStateFile.rest }));
          expect(decoded).toEqual({ ok: true, value: { snapshot, rest: emptyStateFile.rest } });
        },
      ),
    );
  });

  test('what was under way when the daemon died is ready or to be done again', () => {
    fc.assert(
      fc.property(anyChange, fc.nat(20), (one, turns) => {
        const half = play(one, [true], turns);
        const revived = revive({ ...half, readyTime: undefined }, 'T', now);
        expect(revived.tasks.every(({ status }) => isReady(status) || status === 'Do')).toBe(true);
      }),
    );
  });

  test('a change that holds nothing after a failure is caught', () => {
    const careless: typeof finish = (one, id, outcome, time) => ({
      ...one,
      tasks: one.tasks.map((each) =>
        each.id === id ? { ...each, status: outcome.status, readyTime: time } : each,
      ),
    });
    const failed = careless(
      begin(change(task('a'), task('b', ['a'])), 'a'),
      'a',
      { status: 'Error', error: 'no' },
      now,
    );
    expect(failed.readyTime).toBeUndefined();
    expect(runnable(failed)).toEqual([]);
  });
});

describe('a restored change', () => {
  test('does not start again what had begun, stops again what was stopping, and holds checks', () => {
    const stop: Task = { ...task('s'), kind: 'stop', status: 'Doing' };
    const start: Task = { ...task('a'), status: 'Doing' };
    const check: Task = { ...task('c'), kind: 'perform-check', status: 'Doing' };
    const revived = revive(change(stop, start, task('b', ['a']), check), 'T', now);
    expect(statuses(revived)).toEqual({ s: 'Do', a: 'Error', b: 'Hold', c: 'Hold' });
    expect(revived.tasks[1]?.log).toEqual(['T ERROR service already started, not retrying']);
  });
});

describe('a change restored from whatever file', () => {
  test.each([
    ['begun by another version', { kind: 'exec', status: 'Doing' }, 'Done'],
    ['half undone', { status: 'Undoing' }, 'Done'],
    ['to be undone', { status: 'Undo' }, 'Done'],
    ['waiting', { status: 'Wait' }, 'Hold'],
    ['being aborted', { status: 'Abort' }, 'Hold'],
    ['recovering a service', { kind: 'recover-service', status: 'Doing' }, 'Hold'],
    ['needing itself', { needs: ['x'] }, 'Hold'],
    ['over, in a change that does not know it', { status: 'Done' }, 'Done'],
  ] as const)('with a task %s becomes ready', (_what, given, status) => {
    const revived = revive(change({ ...task('x'), ...given }), 'T', now);
    expect(statuses(revived)).toEqual({ x: status });
    expect(revived.readyTime).toEqual(now);
  });

  test('with no tasks is ready', () => {
    expect(revive(change(), 'T', now).readyTime).toEqual(now);
  });

  test('with tasks that can begin goes on', () => {
    const revived = revive(change(task('a'), task('b', ['a'])), 'T', now);
    expect(statuses(revived)).toEqual({ a: 'Do', b: 'Do' });
    expect(revived.readyTime).toBeUndefined();
  });
});

describe('a state file', () => {
  test.each(['spawn-time', 'ready-time'])('with a %s that is no time is refused', (key) => {
    const file = JSON.parse(encodeState({ ...emptyStateFile, snapshot: snapshotOf(change(task('a'))) })) as {
      changes: Record<string, Record<string, unknown>>;
    };
    const text = JSON.stringify({ ...file, changes: { 1: { ...file.changes['1'], [key]: 'soon' } } });
    const decoded = decodeState(text);
    expect(decoded.ok ? '' : decoded.failure).toContain(`its entry "changes.1.${key}"`);
  });

  test('whose counters lag behind what it holds gives no number twice', () => {
    const text = encodeState({ ...emptyStateFile, snapshot: snapshotOf(change(task('41'))) });
    const decoded = decodeState(text);
    expect(decoded.ok ? decoded.value.snapshot : undefined).toMatchObject({
      lastChangeId: 1,
      lastTaskId: 41,
    });
  });

  test.each([
    ['', 'it is not JSON'],
    ['[1]', 'its entry "" has another form'],
    ['{"changes":{"1":{"id":1}}}', 'its entry "changes.1.id" has another form'],
  ])('%j is refused with a sentence', (text, sentence) => {
    const decoded = decodeState(text);
    expect(decoded.ok ? '' : decoded.failure).toContain(sentence);
  });

  test('that Pebble wrote is understood, and what djsup does not know in it is kept', () => {
    const pebble = {
      data: { 'patch-level': 2, identities: { bob: {} } },
      changes: {
        7: {
          id: '7',
          kind: 'start',
          summary: 'Start service "a"',
          status: 0,
          clean: true,
          data: { 'service-names': ['a'] },
          'task-ids': ['9'],
          'spawn-time': '2026-11-20T22:55:49.66+08:00',
          'ready-time': '2026-11-20T22:55:50.7+08:00',
        },
      },
      tasks: {
        9: {
          id: '9',
          kind: 'start',
          summary: 'Start service "a"',
          status: 4,
          clean: true,
          lanes: [1],
          change: '7',
          'spawn-time': '2026-11-20T22:55:49.66+08:00',
          'ready-time': '2026-11-20T22:55:50.7+08:00',
          'at-time': '0001-01-01T00:00:00Z',
        },
      },
      notices: [{ id: '1' }],
      'last-change-id': 7,
      'last-task-id': 9,
      'last-lane-id': 2,
      'last-notice-id': 1,
    };
    const decoded = decodeState(JSON.stringify(pebble));
    if (!decoded.ok) throw new Error(decoded.failure);
    const { snapshot, rest } = decoded.value;
    expect(snapshot).toMatchObject({ lastChangeId: 7, lastTaskId: 9, lastLane: 2 });
    expect(snapshot.changes[0]).toMatchObject({ id: '7', services: ['a'] });
    expect(snapshot.changes[0]?.tasks[0]).toMatchObject({ subject: 'a', status: 'Done' });
    expect(rest).toEqual({ data: pebble.data });
    // What is no notice is left out, and its number is not given again.
    expect(snapshot).toMatchObject({ notices: [], lastNoticeId: 1 });
  });
});
