// One replica's part in a task that is done once for each release, step by step, against its laws.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Board } from '../../src/core/leader/record.ts';
import { doneChanges, isDoneFor } from '../../src/core/release-board.ts';
import { initialReleaseTask, releaseTaskDeadline } from '../../src/core/release-task-state.ts';
import type {
  ReleaseTask,
  ReleaseTaskEffect,
  ReleaseTaskEvent,
  ReleaseTaskSpec,
  TaskSight,
} from '../../src/core/release-task-state.ts';
import { stepReleaseTask } from '../../src/core/release-task.ts';

const spec: ReleaseTaskSpec = {
  name: 'migrate',
  release: 'r1',
  self: 'a',
  onFailure: 'restart',
  backoff: { delay: 500, factor: 2, limit: 30_000 },
  planned: ['migrate'],
};
const done: Board = Object.fromEntries(
  doneChanges({}, 'migrate', 'r1', ['migrate']).map(({ key, value = '' }) => [key, value]),
);
const free: TaskSight = { kind: 'seen', board: {}, leads: true, busy: false };
const lost: TaskSight = { ...free, leads: false };
const told: ReleaseTaskEvent = { kind: 'published', report: { kind: 'done' } };
const refused: ReleaseTaskEvent = { kind: 'published', report: { kind: 'refused', reason: 'it is full' } };
const success: ReleaseTaskEvent = { kind: 'outcome', outcome: { kind: 'done' } };

/** Feeds events, each with what is seen at that instant. */
function life(step: typeof stepReleaseTask = stepReleaseTask, rules = spec) {
  let task: ReleaseTask | undefined = initialReleaseTask;
  let now = 1_000;
  return {
    task: () => task,
    pass: (span: number) => (now += span),
    feed(event: ReleaseTaskEvent, sight: TaskSight = free): readonly ReleaseTaskEffect[] {
      if (task === undefined) return [];
      const at = { now, jitter: 0, wall: '2026-11-21T10:00:00.000Z', sight };
      const [next, effects] = step(rules, task, event, at);
      task = next;
      return effects;
    },
  };
}

function kinds(effects: readonly ReleaseTaskEffect[]): readonly string[] {
  return effects.map(({ kind }) => kind);
}

/** As far as a run that has ended well. */
function ran(step = stepReleaseTask) {
  const one = life(step);
  expect(kinds(one.feed({ kind: 'look' }))).toEqual(['compete']);
  expect(kinds(one.feed({ kind: 'admitted' }))).toEqual(['run']);
  expect(kinds(one.feed(success))).toEqual([]);
  return one;
}

describe('what came of a run', () => {
  test('is told before anybody hears that it is done', () => {
    const one = ran();
    expect(one.feed({ kind: 'over' })).toEqual([
      { kind: 'publish', changes: [{ key: '-done r1', value: 'migrate' }] },
    ]);
    expect(one.feed({ kind: 'look' })).toEqual([]);
    expect(one.feed(told)).toMatchObject([{ kind: 'say' }, { kind: 'end', error: undefined, isDone: true }]);
  });

  test('is told later where that is refused: the record is not let go, and the task is not run again', () => {
    const one = ran();
    one.feed({ kind: 'over' });
    const text = 'cannot tell the other replicas what came of it: it is full';
    expect(one.feed(refused)).toMatchObject([{ kind: 'say', level: 'warn', note: text }]);
    for (const pause of [500, 1_000, 2_000]) {
      expect(one.feed({ kind: 'look' })).toEqual([]);
      one.pass(pause);
      expect(kinds(one.feed({ kind: 'look' }))).toEqual(['publish']);
      expect(one.feed(refused)).toEqual([]);
    }
    one.pass(4_000);
    one.feed({ kind: 'look' });
    expect(kinds(one.feed(told))).toEqual(['say', 'end']);
  });

  test('is told with the next term where the lease was lost, unless somebody has done it meanwhile', () => {
    for (const meanwhile of [false, true]) {
      const one = ran();
      one.feed({ kind: 'over' });
      one.feed({ kind: 'published', report: { kind: 'not-leading', leader: undefined } }, lost);
      one.pass(500);
      expect(kinds(one.feed({ kind: 'look' }, { kind: 'unknown', because: 'nobody answers' }))).toEqual([]);
      expect(kinds(one.feed({ kind: 'look' }, lost))).toEqual(['compete']);
      const next = one.feed({ kind: 'look' }, meanwhile ? { ...lost, board: done } : free);
      expect(kinds(next)).toEqual(meanwhile ? ['say', 'end'] : ['publish']);
    }
  });

  test('waits while another entry is on its way', () => {
    const one = ran();
    expect(one.feed({ kind: 'over' }, { ...free, busy: true })).toEqual([]);
    expect(kinds(one.feed({ kind: 'look' }))).toEqual(['publish']);
  });

  test('counts at once where there is no record', () => {
    const fixed: TaskSight = { kind: 'fixed', runs: true, because: 'it is said so' };
    expect(kinds(ran().feed({ kind: 'over' }, fixed))).toEqual(['say', 'end']);
  });

  test('is nothing where it was stopped by the loss of its lease, and a failure where it was not', () => {
    for (const sight of [free, lost]) {
      const one = life();
      one.feed({ kind: 'admitted' });
      expect(kinds(one.feed({ kind: 'over' }, sight))).toEqual(sight.leads ? ['publish'] : []);
      expect(one.task()?.phase.kind).toBe(sight.leads ? 'telling' : 'waiting');
    }
  });
});

const board = fc.constantFrom<Board>({}, {}, {}, done, { 'migrate!': 'r1 now 1 in b: exit 1' });
const sight = fc.oneof(
  fc.constant(free),
  fc.constant(free),
  fc.record({ kind: fc.constant('seen' as const), board, leads: fc.boolean(), busy: fc.boolean() }),
  fc.constant<TaskSight>({ kind: 'unknown', because: 'nobody answers' }),
);
/** What can happen next, most of the time something that leads on. */
function possible(task: ReleaseTask, mayRun: boolean, isSent: boolean): readonly ReleaseTaskEvent[] {
  const events: ReleaseTaskEvent[] = [{ kind: 'look' }, { kind: 'asked' }];
  if (mayRun) events.push({ kind: 'admitted' }, { kind: 'admitted' });
  if (isSent)
    events.push(told, refused, refused, { kind: 'published', report: { kind: 'not-leading', leader: 'b' } });
  if (task.phase.kind !== 'running') return events;
  const failure: ReleaseTaskEvent = {
    kind: 'outcome',
    outcome: { kind: 'failed', end: { code: 1 }, detail: undefined },
  };
  return [
    ...events,
    { kind: 'over' },
    { kind: 'over' },
    { kind: 'over' },
    success,
    success,
    success,
    failure,
  ];
}

/** Which law a story breaks. */
function broken(
  story: readonly (readonly [choice: number, seen: TaskSight, span: number])[],
  step = stepReleaseTask,
): string | undefined {
  const one = life(step);
  let [mayRun, isSent, isTold] = [false, false, false];
  /** A success of this replica's that the board does not tell of. */
  let isOwed = false;
  for (const [choice, seen, span] of story) {
    const before = one.task();
    if (before === undefined) return undefined;
    const events = possible(before, mayRun, isSent);
    const next = events[choice % events.length] ?? told;
    one.pass(span);
    if (next.kind === 'published') {
      isSent = false;
      isTold = next.report.kind === 'done';
    }
    const isDone = seen.kind === 'seen' && isDoneFor(seen.board, 'migrate', 'r1');
    const wasOwed: boolean = isOwed && !isDone && !isTold;
    const effects = one.feed(next, seen);
    mayRun = effects.some(({ kind }) => kind === 'compete') && one.task()?.phase.kind === 'waiting';
    if (next.kind === 'outcome') isOwed = next.outcome.kind === 'done';
    else isOwed = wasOwed && one.task() !== undefined;
    for (const effect of effects) {
      if (effect.kind === 'publish' && isSent) return 'it writes twice at a time';
      if (effect.kind === 'publish' && !(seen.kind === 'seen' && seen.leads && !seen.busy))
        return 'it writes what it may not';
      if (effect.kind === 'publish') isSent = true;
      if (wasOwed && (effect.kind === 'rest' || effect.kind === 'run'))
        return 'it lets a success be done again';
      if (effect.kind === 'end' && effect.isDone && !isDone && !isTold) return 'it says "done" before it is';
      if (effect.kind === 'compete' && isDone && one.task()?.again === false) return 'it runs what is done';
    }
    isTold = false;
    const due = one.task() && releaseTaskDeadline(one.task() ?? initialReleaseTask);
    if (next.kind === 'look' && due !== undefined && due <= 1_000) return 'it is due for ever';
  }
  return undefined;
}

const story = fc.array(fc.tuple(fc.nat(1_000), sight, fc.nat(40_000)), { maxLength: 40 });

test('whatever happens, no law is broken', () => {
  fc.assert(
    fc.property(story, (each) => {
      expect(broken(each)).toBeUndefined();
    }),
    { numRuns: 3_000 },
  );
});

test.each<[string, typeof stepReleaseTask]>([
  [
    'lets go of what it could not tell',
    (rules, task, next, at) => {
      const [after, effects] = stepReleaseTask(rules, task, next, at);
      const isRefused = next.kind === 'published' && next.report.kind !== 'done';
      return [after, isRefused ? [...effects, { kind: 'rest' }] : effects];
    },
  ],
  [
    'counts as done what was refused',
    (rules, task, next, at) => stepReleaseTask(rules, task, next.kind === 'published' ? told : next, at),
  ],
  [
    'minds nobody else who writes',
    (rules, task, next, at) => {
      const seen = at.sight.kind === 'seen' ? { ...at.sight, busy: false } : at.sight;
      return stepReleaseTask(rules, task, next, { ...at, sight: seen });
    },
  ],
])('a replica that %s is found out', (_what, step) => {
  const found = fc.check(
    fc.property(story, (each) => broken(each, step) === undefined),
    { numRuns: 3_000 },
  );
  expect(found.failed).toBe(true);
});
