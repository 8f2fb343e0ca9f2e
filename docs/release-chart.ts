// The machine of a task that is done once for each release, for its chart: each event together with what is seen then.
import { initialReleaseTask } from '../src/core/release-task-state.ts';
import type {
  ReleaseTask,
  ReleaseTaskEvent,
  ReleaseTaskSpec,
  TaskSight,
} from '../src/core/release-task-state.ts';
import { stepReleaseTask } from '../src/core/release-task.ts';
import type { Machine, Trial } from './state-charts.ts';

type Seen = readonly [event: ReleaseTaskEvent, sight: TaskSight];

const seen = { kind: 'seen', leads: true, busy: false, board: {} } as const;
const leads: readonly [string, TaskSight] = ['it leads', seen];
const follows: readonly [string, TaskSight] = ['it follows', { ...seen, leads: false }];
const done: readonly [string, TaskSight] = [
  'done on the board',
  { ...seen, leads: false, board: { '-done r': 'migrate' } },
];
const failed: readonly [string, TaskSight] = [
  'failure on the board',
  { ...seen, board: { 'migrate!': 'r now 1 in b: exit 1' } },
];
/** What may be seen at an event, as far as it matters there. */
const sights: Readonly<Record<ReleaseTaskEvent['kind'], readonly (readonly [string, TaskSight])[]>> = {
  look: [leads, follows, done, failed],
  asked: [leads],
  admitted: [leads],
  outcome: [leads],
  over: [leads, follows, done],
  published: [leads, failed],
};

const events: readonly (readonly [word: string, event: ReleaseTaskEvent])[] = [
  ['look', { kind: 'look' }],
  ['admitted', { kind: 'admitted' }],
  ['success', { kind: 'outcome', outcome: { kind: 'done' } }],
  ['failure', { kind: 'outcome', outcome: { kind: 'failed', end: { code: 1 }, detail: undefined } }],
  ['over', { kind: 'over' }],
  ['written', { kind: 'published', report: { kind: 'done' } }],
  ['not written', { kind: 'published', report: { kind: 'not-leading', leader: undefined } }],
];

export const releaseTaskMachine: Machine<ReleaseTaskSpec, ReleaseTask | undefined, Seen> = {
  initial: initialReleaseTask,
  policies: (['restart', 'ignore'] as const).map((onFailure) => ({
    name: onFailure,
    policy: {
      name: 'migrate',
      release: 'r',
      self: 'a',
      onFailure,
      backoff: { delay: 0, factor: 1, limit: 0 },
      planned: ['migrate'],
    },
  })),
  step(spec, task, [event, sight]) {
    const at = { now: 0, jitter: 0, wall: 'now', sight };
    return task && stepReleaseTask(spec, task, event, at)[0];
  },
  trials(task) {
    if (task === undefined) return [];
    const isSent = task.phase.kind === 'telling' && task.phase.isSent;
    const possible = events.filter(([, { kind }]) => kind !== 'published' || isSent);
    return possible.flatMap(([word, event]) =>
      sights[event.kind].map(([what, sight]): Trial<Seen> => ({
        word,
        details: [what],
        event: [event, sight],
      })),
    );
  },
  node: (task) => task?.phase.kind ?? 'ended',
  guards(task) {
    if (task === undefined || task.phase.kind === 'waiting') return [];
    const { outcome } = task.phase;
    if (outcome === undefined) return ['without an outcome'];
    const came = outcome.kind === 'done' ? 'after a success' : 'after a failure';
    if (task.phase.kind === 'running') return [came];
    return [came, task.phase.isSent ? 'while it is written' : 'to be written'];
  },
};
