// A start of a task that one replica runs for all, once for each release, step by step.
// Laws: it begins only after a look at the board; what came of a run is told to the others before anything else follows
// from it, and until then the record is not let go; who waits is never told "done" before it is, save where nobody could
// ever say; no failure ends the waiting, unless the policy says so.
import { formatDuration } from './duration.ts';
import { doneChanges, failedChanges, failureOf, isDoneFor } from './release-board.ts';
import type {
  ReleaseTask,
  ReleaseTaskAt,
  ReleaseTaskEffect,
  ReleaseTaskEvent,
  ReleaseTaskSpec,
  ReleaseTaskStep,
  Running,
  Telling,
  Waiting,
} from './release-task-state.ts';
import { detailOf, whereFailed } from './release-task-text.ts';

const waiting: Waiting = { kind: 'waiting', retryAt: 0 };

export function stepReleaseTask(
  spec: ReleaseTaskSpec,
  task: ReleaseTask,
  event: ReleaseTaskEvent,
  at: ReleaseTaskAt,
): ReleaseTaskStep {
  const { phase } = task;
  switch (event.kind) {
    case 'look':
      return look(spec, task, at);
    case 'asked': {
      const { sight } = at;
      const isDone = sight.kind === 'seen' && isDoneFor(sight.board, spec.name, spec.release);
      const next = phase.kind === 'running' ? phase : { ...phase, retryAt: 0 };
      return look(spec, { ...task, again: task.again || isDone, phase: next }, at);
    }
    case 'admitted':
      if (phase.kind !== 'waiting') return [task, []];
      return [
        { ...task, phase: { kind: 'running', release: spec.release, outcome: undefined } },
        [{ kind: 'run', release: spec.release }],
      ];
    case 'outcome':
      return [phase.kind === 'running' ? { ...task, phase: { ...phase, outcome: event.outcome } } : task, []];
    case 'over':
      return phase.kind === 'running' ? over(spec, task, phase, at) : [task, []];
    case 'published':
      return phase.kind === 'telling' ? published(spec, task, phase, event, at) : [task, []];
  }
}

function look(spec: ReleaseTaskSpec, task: ReleaseTask, at: ReleaseTaskAt): ReleaseTaskStep {
  const { phase } = task;
  if (phase.kind === 'running') return [task, []];
  const due = phase.retryAt <= at.now ? { ...phase, retryAt: 0 } : phase;
  return due.kind === 'telling'
    ? tell(spec, { ...task, phase: due }, due, at)
    : begin(spec, { ...task, phase: due }, due, at);
}

/** Is it done, may it be run here, or is there a failure that is news? */
function begin(spec: ReleaseTaskSpec, task: ReleaseTask, phase: Waiting, at: ReleaseTaskAt): ReleaseTaskStep {
  const { sight } = at;
  if (sight.kind === 'unknown') return [task, []];
  if (sight.kind === 'fixed' && !sight.runs) {
    const note = `goes on without it: ${sight.because}`;
    return ended({ error: undefined, note, isDone: false }, say('info', `Task "${spec.name}": ${note}`));
  }
  if (sight.kind === 'seen') {
    if (isDoneFor(sight.board, spec.name, spec.release) && !task.again) return done(spec);
    const failure = failureOf(sight.board, spec.name);
    const ours = failure?.release === spec.release ? failure : undefined;
    const heard = ours === undefined ? '' : `${ours.time} ${ours.count}`;
    if (heard !== task.heard) {
      const next = { ...task, heard };
      if (ours === undefined) return begin(spec, next, phase, at);
      const text = `failed for release ${spec.release} ${whereFailed(ours)}`;
      if (spec.onFailure === 'ignore') {
        return failed(`task ${text}`, say('warn', `Task "${spec.name}" ${text}`));
      }
      // Who has just come does not know how long ago that was: it may try at once.
      if (task.heard === undefined) return begin(spec, next, phase, at);
      return pause(spec, next, ours.count, text, at);
    }
  }
  return [task, [{ kind: at.now < phase.retryAt ? 'rest' : 'compete' }]];
}

function over(
  spec: ReleaseTaskSpec,
  task: ReleaseTask,
  { release, outcome }: Running,
  at: ReleaseTaskAt,
): ReleaseTaskStep {
  const { sight } = at;
  const isLeading = sight.kind === 'fixed' || (sight.kind === 'seen' && sight.leads);
  // Whoever leads next looks at the board and begins anew, this replica or another one.
  if (outcome === undefined && !isLeading) return [{ ...task, phase: waiting }, []];
  const telling: Telling = {
    kind: 'telling',
    release,
    outcome: outcome ?? { kind: 'failed', end: 'cut-short', detail: undefined },
    isSent: false,
    tries: 0,
    problem: undefined,
    retryAt: 0,
  };
  return tell(spec, { ...task, phase: telling }, telling, at);
}

/** Others hear what came of it, as soon as this replica may say so. */
function tell(spec: ReleaseTaskSpec, task: ReleaseTask, phase: Telling, at: ReleaseTaskAt): ReleaseTaskStep {
  const { release, outcome } = phase;
  const { sight } = at;
  if (phase.isSent || sight.kind === 'unknown') return [task, []];
  if (sight.kind === 'fixed') return count(spec, task, phase, at);
  if (isDoneFor(sight.board, spec.name, release)) {
    // Somebody wanted it once more, and hears how that went.
    if (outcome.kind === 'failed' && task.again) return failed(`task failed: ${detailOf(outcome)}`);
    return count(spec, task, { ...phase, outcome: { kind: 'done' } }, at);
  }
  if (sight.busy || at.now < phase.retryAt) return [task, []];
  if (!sight.leads) return [task, [{ kind: 'compete' }]];
  const changes =
    outcome.kind === 'done'
      ? doneChanges(sight.board, spec.name, release, spec.planned)
      : failedChanges(
          sight.board,
          spec.name,
          { release, time: at.wall, replica: spec.self, end: outcome.end },
          spec.planned,
        );
  return [{ ...task, phase: { ...phase, isSent: true } }, [{ kind: 'publish', changes }]];
}

function published(
  spec: ReleaseTaskSpec,
  task: ReleaseTask,
  phase: Telling,
  { report }: Extract<ReleaseTaskEvent, { kind: 'published' }>,
  at: ReleaseTaskAt,
): ReleaseTaskStep {
  if (report.kind === 'done') {
    if (phase.outcome.kind === 'done') return count(spec, task, phase, at);
    return look(spec, { ...task, phase: waiting }, at);
  }
  const problem = report.kind === 'refused' ? report.reason : 'the lease was lost';
  const tries = phase.tries + 1;
  const retryAt = at.now + pauseOf(spec, tries) * (1 + at.jitter * 0.1);
  const told = `cannot tell the other replicas what came of it: ${problem}`;
  return [
    { ...task, phase: { ...phase, isSent: false, tries, problem, retryAt } },
    problem === phase.problem ? [] : [say('warn', `Task "${spec.name}": ${told}`, told)],
  ];
}

/** Nobody else has to hear of it any more, or nobody can. */
function count(
  spec: ReleaseTaskSpec,
  task: ReleaseTask,
  { release, outcome }: Telling,
  at: ReleaseTaskAt,
): ReleaseTaskStep {
  // There is another release by now.
  if (release !== spec.release) return look(spec, { ...task, phase: waiting }, at);
  if (outcome.kind === 'done') return done(spec);
  const text = `failed for release ${release} in ${spec.self}: ${detailOf(outcome)}`;
  if (spec.onFailure === 'ignore') return failed(`task ${text}`);
  const failures = task.failures + 1;
  return pause(spec, { ...task, failures }, failures, text, at);
}

function pause(
  spec: ReleaseTaskSpec,
  task: ReleaseTask,
  tries: number,
  text: string,
  at: ReleaseTaskAt,
): ReleaseTaskStep {
  const span = pauseOf(spec, tries);
  const told = `${text}; try ${tries + 1} in ~${formatDuration(Math.round(span))}`;
  return [
    { ...task, phase: { kind: 'waiting', retryAt: at.now + span * (1 + at.jitter * 0.1) } },
    [say('warn', `Task "${spec.name}" ${told}`, told), { kind: 'rest' }],
  ];
}

function pauseOf({ backoff: { delay, factor, limit } }: ReleaseTaskSpec, tries: number): number {
  return Math.min(delay * factor ** (tries - 1), limit);
}

function done({ name, release }: ReleaseTaskSpec): ReleaseTaskStep {
  const note = `done for release ${release}`;
  return ended({ error: undefined, note, isDone: true }, say('info', `Task "${name}": ${note}`));
}

function failed(error: string, ...before: readonly ReleaseTaskEffect[]): ReleaseTaskStep {
  return ended({ error, note: undefined, isDone: false }, ...before);
}

function ended(
  how: Omit<Extract<ReleaseTaskEffect, { kind: 'end' }>, 'kind'>,
  ...before: readonly ReleaseTaskEffect[]
): ReleaseTaskStep {
  return [undefined, [...before, { kind: 'end', ...how }]];
}

function say(level: 'info' | 'warn', text: string, note?: string): ReleaseTaskEffect {
  return { kind: 'say', level, text, note };
}
