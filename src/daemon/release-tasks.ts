// The keeper of tasks that one replica runs for all, once for each release. A start of such a task goes on until the board of
// its leader group says that it is done for the release of this replica, whoever did it.
// Laws: such a task runs only in a term of the group, and only after a look at the board in that term; who waits is never
// told "done" before it is, save where nobody could ever say; no failure ends the waiting, unless the policy says so.
import type { Task } from '../core/change.ts';
import type { ServiceConfig } from '../core/config.ts';
import { formatDuration } from '../core/duration.ts';
import type { Plan } from '../core/plan.ts';
import type { Release } from '../core/release.ts';
import { doneChanges, failedChange, failureOf, isDoneFor } from '../core/release-board.ts';
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

type Outcome = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly line: string };

/** A run here, from the first thought of it until the board tells what came of it. */
interface Run {
  readonly release: string;
  outcome: Outcome | undefined;
  ended: boolean;
}

/** A task that is waited for. */
interface Wait {
  config: ServiceConfig;
  readonly waiters: Set<string>;
  /** Somebody wants it done once more, although it is. */
  again: boolean;
  run: Run | undefined;
  /** The latest failure that was heard of; undefined: nobody has looked yet. */
  heard: string | undefined;
  /** Failures in a row that no board tells of. */
  failures: number;
  /** Not before then, monotonic ms. */
  retryAt: number;
}

export function createReleaseTasks(deps: ReleaseTaskDeps): ReleaseTasks {
  const { clock, mailbox, tell } = deps;
  const waits = new Map<string, Wait>();
  let release: Release | undefined;
  let tasks: ReadonlyMap<string, ServiceConfig> = new Map();

  function id(): string {
    return release?.id ?? '';
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

  function done(name: string, wait: Wait, note: string): void {
    tell.say('info', `Task "${name}": ${note}`);
    deps.services().doneElsewhere(wait.config);
    end(name, wait, { status: 'Done' }, note);
  }

  /** Whatever has changed: what is to be done now? */
  function look(name: string): void {
    const wait = waits.get(name);
    if (wait === undefined || wait.run !== undefined) return;
    const view = deps.leaders().board(name);
    switch (view.kind) {
      case 'unknown':
        return;
      case 'fixed':
        if (!view.runs) {
          const note = `goes on without it: ${view.because}`;
          tell.say('info', `Task "${name}": ${note}`);
          return end(name, wait, { status: 'Done' }, note);
        }
        break;
      case 'seen': {
        if (isDoneFor(view.board, name, id()) && !wait.again)
          return done(name, wait, `done for release ${id()}`);
        if (hear(name, wait, view.board)) return;
      }
    }
    if (clock.now() < wait.retryAt) return deps.leaders().rest(name);
    const admission = deps.leaders().admit(wait.config, true);
    if (admission.kind === 'start' && !isActive(deps.services().state(name))) begin(name, wait);
  }

  /** A failure that is news; true: nobody waits any more. */
  function hear(name: string, wait: Wait, board: Parameters<typeof failureOf>[0]): boolean {
    const failure = failureOf(board, name);
    const isOurs = failure?.release === id();
    const key = isOurs ? `${failure.time} ${failure.count}` : '';
    if (key === wait.heard) return false;
    const isFirst = wait.heard === undefined;
    wait.heard = key;
    if (!isOurs) return false;
    const text = `failed for release ${id()} ${failure.line}`;
    if (wait.config.onFailure === 'ignore') {
      tell.say('warn', `Task "${name}" ${text}`);
      end(name, wait, { status: 'Error', error: `task ${text}` });
      return true;
    }
    // Who has just come does not know how long ago that was: it may try at once.
    if (!isFirst) pause(name, wait, failure.count, text);
    return false;
  }

  function pause(name: string, wait: Wait, tries: number, text: string): void {
    const { delay, factor, limit } = wait.config.backoff;
    const span = Math.min(delay * factor ** (tries - 1), limit);
    wait.retryAt = clock.now() + span * (1 + clock.jitter() * 0.1);
    const told = `${text}; try ${tries + 1} in ~${formatDuration(Math.round(span))}`;
    tell.say('warn', `Task "${name}" ${told}`);
    for (const waiter of wait.waiters) deps.changes().note(waiter, 'INFO', told);
  }

  function begin(name: string, wait: Wait): void {
    const run: Run = { release: id(), outcome: undefined, ended: false };
    wait.run = run;
    deps.prepared(wait.config.leaderGroup ?? '', () => {
      if (waits.get(name)?.run !== run) return;
      const { kind, summary, services, tasks: drafts } = draftRelease(name, run.release);
      deps.changes().create(kind, summary, services, drafts);
      // It may not have come so far: the plan or the lease has changed meanwhile.
      if (!isActive(deps.services().state(name))) over(name);
    });
  }

  /** A run of it has ended here, or has not even begun. */
  function over(name: string): void {
    const wait = waits.get(name);
    const run = wait?.run;
    if (wait === undefined || run === undefined || run.ended) return;
    run.ended = true;
    const view = deps.leaders().board(name);
    const isLeading = view.kind === 'fixed' || (view.kind === 'seen' && view.leads);
    // Whoever leads next looks at the board and begins anew, this replica or another one.
    if (run.outcome === undefined && !isLeading) return void (wait.run = undefined);
    const outcome = run.outcome ?? { kind: 'failed', line: 'stopped before it had ended' };
    if (view.kind !== 'seen') return count(name, wait, run, outcome);
    // Somebody wanted it once more, and hears how that went.
    if (outcome.kind === 'failed' && isDoneFor(view.board, name, run.release))
      return end(name, wait, { status: 'Error', error: `task failed: ${outcome.line}` });
    const time = clock.wall().toISOString();
    const failure = (line: string) => ({ release: run.release, time, line: `in ${deps.self}: ${line}` });
    const changes =
      outcome.kind === 'done'
        ? doneChanges(view.board, name, run.release)
        : [failedChange(view.board, name, failure(outcome.line))];
    deps.leaders().publish(name, changes, (report) => {
      if (waits.get(name) !== wait) return;
      if (report.kind !== 'done') {
        const why = report.kind === 'refused' ? report.reason : 'the lease was lost';
        tell.say('warn', `Task "${name}": cannot tell the other replicas what came of it: ${why}`);
      } else if (outcome.kind === 'failed') {
        wait.run = undefined;
        return look(name);
      }
      count(name, wait, run, outcome);
    });
  }

  /** It counts here, whether or not others hear of it. */
  function count(name: string, wait: Wait, { release: of }: Run, outcome: Outcome): void {
    wait.run = undefined;
    // There is another release by now.
    if (of !== id()) return look(name);
    if (outcome.kind === 'done') return done(name, wait, `done for release ${of}`);
    const text = `failed for release ${of} in ${deps.self}: ${outcome.line}`;
    if (wait.config.onFailure === 'ignore')
      return end(name, wait, { status: 'Error', error: `task ${text}` });
    wait.failures += 1;
    pause(name, wait, wait.failures, text);
    deps.leaders().rest(name);
  }

  return {
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
        for (const name of waits.keys()) look(name);
      });
    },
    start(task, config) {
      const { name } = config;
      const change = deps.changes().get(task.changeId);
      const isNamed = change?.services?.includes(name) === true;
      const isAsked = isNamed && (change.kind === 'start' || change.kind === 'restart');
      const wait = waits.get(name) ?? newWait(config);
      waits.set(name, wait);
      wait.waiters.add(task.id);
      if (isAsked) {
        const view = deps.leaders().board(name);
        wait.again ||= view.kind === 'seen' && isDoneFor(view.board, name, id());
        wait.retryAt = 0;
      }
      look(name);
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
      const run = waits.get(name)?.run;
      if (run === undefined || run.ended) return;
      if (tale.kind === 'finished') run.outcome = { kind: 'done' };
      if (tale.kind === 'spawn-failed') run.outcome = { kind: 'failed', line: tale.reason };
      if (tale.kind !== 'failed') return;
      const how = 'code' in tale.exit ? `exit ${tale.exit.code}` : tale.exit.signal;
      run.outcome = { kind: 'failed', line: explanation === undefined ? how : `${how}: ${explanation}` };
    },
    inactive(name) {
      over(name);
      look(name);
    },
    moved(group) {
      for (const [name, { config }] of waits) if (config.leaderGroup === group) look(name);
    },
    standby(name) {
      const wait = waits.get(name);
      if (wait === undefined || isActive(deps.services().state(name))) return undefined;
      const view = deps.leaders().board(name);
      const failed = view.kind === 'seen' ? failureOf(view.board, name) : undefined;
      const often = failed?.count === 1 ? 'once' : `${failed?.count} times, last`;
      const story = failed?.release === id() ? `; failed ${often} ${failed.line}` : '';
      const left = Math.ceil((wait.retryAt - clock.now()) / 1_000) * 1_000;
      const why =
        view.kind === 'unknown' ? view.because : (deps.leaders().standby(name) ?? 'is about to begin');
      const next = left > 0 ? `next try in ${formatDuration(left)}` : why;
      return `waits until it is done for release ${id()}: ${next}${story}`;
    },
    remark(name) {
      if (!tasks.has(name) || deps.services().state(name).kind !== 'done') return undefined;
      return `done for release ${id()} (by ${release?.because ?? ''})`;
    },
    stop() {
      for (const [name, wait] of waits) end(name, wait, { status: 'Hold' });
    },
    deadline() {
      const instants = [...waits.values()].map(({ retryAt }) => retryAt).filter((at) => at > 0);
      return instants.length === 0 ? undefined : Math.min(...instants);
    },
    tick() {
      const now = clock.now();
      for (const [name, wait] of waits) {
        if (wait.retryAt === 0 || now < wait.retryAt) continue;
        wait.retryAt = 0;
        look(name);
      }
    },
  };
}

function newWait(config: ServiceConfig): Wait {
  return {
    config,
    waiters: new Set(),
    again: false,
    run: undefined,
    heard: undefined,
    failures: 0,
    retryAt: 0,
  };
}
