// The keeper of tasks that one replica runs for all, once for each release: which of them somebody here waits for. It feeds
// the machine of each what happens, and carries out what that wants done.
// Laws: such a task runs only in a term of its group; of one group one change of the board is under way at a time.
import type { Task } from '../core/change.ts';
import type { ServiceConfig } from '../core/config.ts';
import type { Plan } from '../core/plan.ts';
import type { Release } from '../core/release.ts';
import type { BoardChange } from '../core/release-board.ts';
import { initialReleaseTask, releaseTaskDeadline } from '../core/release-task-state.ts';
import type {
  ReleaseTask,
  ReleaseTaskEffect,
  ReleaseTaskEvent,
  ReleaseTaskSpec,
  TaskSight,
} from '../core/release-task-state.ts';
import { outcomeOf, whyWaiting } from '../core/release-task-text.ts';
import { stepReleaseTask } from '../core/release-task.ts';
import { isActive } from '../core/service-state.ts';
import type { Clock } from '../ports.ts';
import type { Changes } from './changes.ts';
import type { Leaders } from './leaders.ts';
import type { Keeper, Mailbox } from './mailbox.ts';
import { draftRelease } from './service-changes.ts';
import type { Services, Tale } from './services.ts';
import type { Teller } from './tell.ts';

export interface ReleaseTasks extends Keeper {
  /** Follows a new plan, and a new release. */
  apply(plan: Plan): void;
  /** Somebody wants the task done: `task` of a change ends once it is. */
  start(task: Task, config: ServiceConfig): void;
  abort(task: Task): void;
  /** Somebody wants it to stay down here. */
  unwant(name: string): void;
  take(...tale: Tale): void;
  /** It has become inactive here. */
  inactive(name: string): void;
  /** This replica leads the group, or knows something new of it. */
  moved(group: string): void;
  /** Why a task that is wanted does not run here; undefined: it runs, or is not waited for. */
  standby(name: string): string | undefined;
  /** What it was done for. */
  remark(name: string): string | undefined;
  /** Nobody waits any more: the daemon ends. */
  stop(): void;
}

export interface ReleaseTaskDeps {
  readonly clock: Clock;
  readonly mailbox: Pick<Mailbox, 'post'>;
  readonly tell: Pick<Teller, 'say'>;
  /** This replica's name. */
  readonly self: string;
  /** Asked at each new plan that has such tasks. */
  readonly release: () => Release;
  readonly leaders: () => Pick<Leaders, 'admit' | 'rest' | 'board' | 'publish' | 'standby'>;
  readonly changes: () => Pick<Changes, 'create' | 'get' | 'finish' | 'note'>;
  readonly services: () => Pick<Services, 'state' | 'stop' | 'doneElsewhere' | 'outdate'>;
  /** Calls in a later turn, once what runs in the group finds its lease. */
  readonly prepared: (group: string, ready: () => void) => void;
}

/** A task that is waited for. */
interface Wait {
  config: ServiceConfig;
  readonly waiters: Set<string>;
  task: ReleaseTask;
}

export function createReleaseTasks(deps: ReleaseTaskDeps): ReleaseTasks {
  const { clock, mailbox, tell } = deps;
  const waits = new Map<string, Wait>();
  /** Groups with a change of the board under way. */
  const publishing = new Set<string>();
  let release: Release | undefined;
  let tasks: ReadonlyMap<string, ServiceConfig> = new Map();

  function spec({ name, onFailure, backoff, leaderGroup }: ServiceConfig): ReleaseTaskSpec {
    const planned = [...tasks.values()].filter((other) => other.leaderGroup === leaderGroup);
    return {
      name,
      onFailure,
      backoff,
      release: release?.id ?? '',
      self: deps.self,
      planned: planned.map((other) => other.name),
    };
  }

  function sight({ name, leaderGroup }: ServiceConfig): TaskSight {
    const view = deps.leaders().board(name);
    return view.kind === 'seen' ? { ...view, busy: publishing.has(leaderGroup ?? '') } : view;
  }

  function feed(name: string, event: ReleaseTaskEvent): void {
    const wait = waits.get(name);
    if (wait === undefined) return;
    const wall = clock.wall().toISOString();
    const at = { now: clock.now(), jitter: clock.jitter(), wall, sight: sight(wait.config) };
    const [next, effects] = stepReleaseTask(spec(wait.config), wait.task, event, at);
    if (next !== undefined) wait.task = next;
    for (const effect of effects) carryOut(name, wait, effect);
  }

  function carryOut(name: string, wait: Wait, effect: ReleaseTaskEffect): void {
    switch (effect.kind) {
      case 'compete': {
        const admission = deps.leaders().admit(wait.config, true);
        if (admission.kind === 'start' && !isActive(deps.services().state(name)))
          feed(name, { kind: 'admitted' });
        return;
      }
      case 'rest':
        return deps.leaders().rest(name);
      case 'run':
        return run(name, wait, effect.release);
      case 'publish':
        return publish(name, wait, effect.changes);
      case 'say':
        tell.say(effect.level, effect.text);
        if (effect.note !== undefined)
          for (const waiter of wait.waiters) deps.changes().note(waiter, 'INFO', effect.note);
        return;
      case 'end': {
        const { error, note, isDone } = effect;
        if (isDone) deps.services().doneElsewhere(wait.config);
        end(name, wait, error === undefined ? { status: 'Done' } : { status: 'Error', error }, note);
      }
    }
  }

  function run(name: string, wait: Wait, of: string): void {
    const { phase } = wait.task;
    deps.prepared(wait.config.leaderGroup ?? '', () => {
      if (waits.get(name)?.task.phase !== phase) return;
      const { kind, summary, services, tasks: drafts } = draftRelease(name, of);
      deps.changes().create(kind, summary, services, drafts);
      // It may not have come so far: the plan or the lease has changed meanwhile.
      if (!isActive(deps.services().state(name))) feed(name, { kind: 'over' });
    });
  }

  function publish(name: string, wait: Wait, changes: readonly BoardChange[]): void {
    const group = wait.config.leaderGroup ?? '';
    publishing.add(group);
    deps.leaders().publish(name, changes, (report) => {
      publishing.delete(group);
      if (waits.get(name) === wait) feed(name, { kind: 'published', report });
      moved(group);
    });
  }

  function moved(group: string): void {
    for (const [name, { config }] of waits) if (config.leaderGroup === group) feed(name, { kind: 'look' });
  }

  function finish(waiter: string, outcome: Parameters<Changes['finish']>[1], note?: string): void {
    mailbox.post('end of a task', () => {
      if (note !== undefined) deps.changes().note(waiter, 'INFO', note);
      deps.changes().finish(waiter, outcome);
    });
  }

  /** Whoever waits hears of it; then the record is free for others, unless the next task is wanted by then. */
  function end(name: string, wait: Wait, outcome: Parameters<Changes['finish']>[1], note?: string): void {
    waits.delete(name);
    for (const waiter of wait.waiters) finish(waiter, outcome, note);
    mailbox.post(`rest of ${name}`, () => {
      if (!waits.has(name)) deps.leaders().rest(name);
    });
  }

  return {
    moved,
    apply(plan) {
      tasks = new Map([...plan.services].filter(([, { once }]) => once !== undefined));
      for (const [name, wait] of waits) {
        const config = tasks.get(name);
        if (config !== undefined) wait.config = config;
        else end(name, wait, { status: 'Error', error: `task "${name}" is not in the plan any more` });
      }
      if (tasks.size === 0) return;
      const before = release;
      release = deps.release();
      if (before?.id === release.id) return;
      tell.say('info', `This is release ${release.id}, by ${release.because}.`);
      if (before !== undefined) for (const name of tasks.keys()) deps.services().outdate(name);
      mailbox.post('another release', () => {
        for (const name of waits.keys()) feed(name, { kind: 'look' });
      });
    },
    start(task, config) {
      const { name } = config;
      const change = deps.changes().get(task.changeId);
      const isNamed = change?.services?.includes(name) === true;
      const isAsked = isNamed && (change.kind === 'start' || change.kind === 'restart');
      const wait = waits.get(name) ?? { config, waiters: new Set(), task: initialReleaseTask };
      waits.set(name, wait);
      wait.waiters.add(task.id);
      feed(name, { kind: isAsked ? 'asked' : 'look' });
    },
    abort(task) {
      const name = task.subject;
      const wait = waits.get(name);
      if (wait?.waiters.delete(task.id) !== true) return;
      finish(task.id, { status: 'Error', error: 'start aborted' });
      if (wait.waiters.size > 0) return;
      end(name, wait, { status: 'Hold' });
      if (isActive(deps.services().state(name))) deps.services().stop(name, '', 'daemon');
    },
    unwant(name) {
      const wait = waits.get(name);
      if (wait !== undefined)
        end(name, wait, { status: 'Error', error: 'task was stopped before it had ended' });
    },
    take(name, tale, { explanation }) {
      const outcome = outcomeOf(tale, explanation);
      if (outcome !== undefined) feed(name, { kind: 'outcome', outcome });
    },
    inactive(name) {
      feed(name, { kind: 'over' });
      feed(name, { kind: 'look' });
    },
    standby(name) {
      const wait = waits.get(name);
      if (wait === undefined || isActive(deps.services().state(name))) return undefined;
      const { config, task } = wait;
      return whyWaiting(spec(config), task, sight(config), deps.leaders().standby(name), clock.now());
    },
    remark(name) {
      if (!tasks.has(name) || deps.services().state(name).kind !== 'done') return undefined;
      return `done for release ${release?.id ?? ''} (by ${release?.because ?? ''})`;
    },
    stop() {
      for (const [name, wait] of waits) end(name, wait, { status: 'Hold' });
    },
    deadline() {
      const instants = [...waits.values()].flatMap(({ task }) => releaseTaskDeadline(task) ?? []);
      return instants.length === 0 ? undefined : Math.min(...instants);
    },
    tick() {
      const now = clock.now();
      for (const [name, { task }] of waits)
        if ((releaseTaskDeadline(task) ?? Infinity) <= now) feed(name, { kind: 'look' });
    },
  };
}
