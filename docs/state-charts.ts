// The state charts, found by running the machines: every state that can be reached, fed every event.
// Law: nothing is drawn by hand; an edge whose condition cannot be told stops the generation.
import { checkDeadline, inactive, stepCheck } from '../src/core/check.ts';
import type { CheckEvent, CheckPolicy, CheckState } from '../src/core/check.ts';
import { idle, serviceDeadline } from '../src/core/service-state.ts';
import type { ServiceEvent, ServicePolicy, ServiceState } from '../src/core/service-state.ts';
import { stepService } from '../src/core/service.ts';
import { leaderMachine } from './leader-chart.ts';
import { releaseTaskMachine } from './release-chart.ts';

/** One event that a state is fed: the word for it on the chart, and what of the event may decide where it leads. */
export interface Trial<E> {
  readonly word: string;
  readonly details: readonly string[];
  readonly event: E;
}

export interface Machine<P, S, E> {
  readonly initial: S;
  readonly policies: readonly { readonly name: string; readonly policy: P }[];
  step(policy: P, state: S, event: E): S;
  trials(state: S): readonly Trial<E>[];
  node(state: S): string;
  /** What else of the state may decide where an event leads. */
  guards(state: S): readonly string[];
  /** What makes two states the same to the chart, where their shape does not. */
  readonly key?: (state: S) => string;
}

interface Move {
  readonly from: string;
  readonly word: string;
  readonly to: string;
  readonly conditions: readonly string[];
}

/** Edges as `from --> to: words`, in the order in which they were found. Events that change nothing are left out. */
export function edgesOf<P, S, E>(machine: Machine<P, S, E>): readonly string[] {
  const alternatives = Map.groupBy(movesOf(machine), ({ from, word }) => `${from}, ${word}`);
  const labels = [...alternatives.values()].flatMap((moves) =>
    moves
      .filter(({ from, to }) => from !== to)
      .map((move) => ({ edge: `${move.from} --> ${move.to}`, text: label(move, moves) })),
  );
  const edges = Map.groupBy(labels, ({ edge }) => edge);
  return [...edges].map(([edge, own]) => `${edge}: ${[...new Set(own.map(({ text }) => text))].join(' / ')}`);
}

function movesOf<P, S, E>(machine: Machine<P, S, E>): readonly Move[] {
  const moves: Move[] = [];
  for (const { name, policy } of machine.policies) {
    const { key = shapeOf } = machine;
    const seen = new Set([key(machine.initial)]);
    const open = [machine.initial];
    for (const state of open) {
      for (const { word, details, event } of machine.trials(state)) {
        const next = machine.step(policy, state, event);
        if (!seen.has(key(next))) open.push(next);
        seen.add(key(next));
        const conditions = [...machine.guards(state), name, ...details];
        moves.push({ from: machine.node(state), word, to: machine.node(next), conditions });
      }
    }
  }
  return moves;
}

/** The word with as few of its conditions as tell where it leads, among all that the word can do in this state. */
function label(move: Move, alternatives: readonly Move[]): string {
  const told = subsets(move.conditions).find((some) =>
    alternatives
      .filter(({ conditions }) => some.every((condition) => conditions.includes(condition)))
      .every(({ to }) => to === move.to),
  );
  if (told !== undefined) return [move.word, ...told].join(', ');
  throw new Error(`cannot draw "${move.word}" of "${move.from}": nothing tells where it leads`);
}

/** The smallest first. */
function subsets(items: readonly string[]): readonly (readonly string[])[] {
  const all = items.reduce<string[][]>(
    (some, item) => [...some, ...some.map((each) => [...each, item])],
    [[]],
  );
  return all.toSorted((a, b) => a.length - b.length);
}

/** What makes two states the same to a chart: numbers count as zero or not, lists as empty or not. */
function shapeOf(state: unknown): string {
  return JSON.stringify(state, (_key, value: unknown) => {
    if (typeof value === 'number') return value === 0 ? 0 : 1;
    return Array.isArray(value) ? value.length > 0 : value;
  });
}

type Trials<E extends { readonly kind: string }> = Readonly<
  Record<E['kind'], readonly (readonly [event: E, word?: string, ...details: string[]])[]>
>;

/** Every event's trials; the word is the event's kind where none is given. */
function listed<E extends { readonly kind: string }>(trials: Trials<E>): readonly Trial<E>[] {
  const rows = Object.values<Trials<E>[E['kind']]>(trials).flat();
  return rows.map(([event, word = event.kind, ...details]) => ({ word, details, event }));
}

export const serviceMachine: Machine<ServicePolicy, ServiceState, ServiceEvent> = {
  initial: idle,
  policies: (['restart', 'ignore', 'shutdown'] as const).map((name) => ({
    name,
    policy: {
      type: 'service',
      once: undefined,
      onSuccess: name,
      onFailure: name,
      backoff: { delay: 500, factor: 2, limit: 30_000 },
      killDelay: 5_000,
      killMode: 'main-first',
    },
  })),
  step(policy, state, event) {
    const now = event.kind === 'tick' ? (serviceDeadline(state) ?? 0) : 0;
    return stepService(policy, state, event, { now, jitter: 0 })[0];
  },
  trials(state) {
    const run = 'run' in state ? state.run : 0;
    const waiter = 'somebody';
    const exited = { kind: 'exited', run } as const;
    const failed = { kind: 'check-failed', check: 'c' } as const;
    // A new kind of event has to be given its trials here before this compiles.
    return listed<ServiceEvent>({
      start: [[{ kind: 'start', waiter }]],
      stop: [[{ kind: 'stop', waiter }]],
      abort: [[{ kind: 'abort', waiter }]],
      swept: [[{ kind: 'swept', run, found: 0, left: 0 }]],
      spawned: [[{ kind: 'spawned', run, pid: 1 }]],
      'spawn-failed': [[{ kind: 'spawn-failed', run, reason: 'none' }]],
      withheld: [[{ kind: 'withheld', run }]],
      'done-elsewhere': [[{ kind: 'done-elsewhere' }]],
      outdated: [[{ kind: 'outdated' }]],
      exited: [
        [{ ...exited, exit: { code: 0 }, alone: true }, 'exited', 'code 0', 'alone'],
        [{ ...exited, exit: { code: 1 }, alone: true }, 'exited', 'not code 0', 'alone'],
        [{ ...exited, exit: { code: 0 }, alone: false }, 'exited', 'code 0', 'not alone'],
        [{ ...exited, exit: { code: 1 }, alone: false }, 'exited', 'not code 0', 'not alone'],
      ],
      emptied: [[{ kind: 'emptied', run }]],
      'check-failed': [
        [{ ...failed, action: 'restart' }, 'check-failed', 'on-check-failure restart'],
        [{ ...failed, action: 'ignore' }, 'check-failed', 'on-check-failure ignore'],
        [{ ...failed, action: 'shutdown' }, 'check-failed', 'on-check-failure shutdown'],
        [{ ...failed, action: 'success-shutdown' }, 'check-failed', 'on-check-failure success-shutdown'],
      ],
      kill: [[{ kind: 'kill' }]],
      tick: [[{ kind: 'tick' }, 'deadline']],
    });
  },
  node: (state) => state.kind,
  guards(state) {
    if ('afterwards' in state)
      return [
        state.afterwards.kind === 'restart' ? 'to restart' : 'to stop',
        state.mainGone ? 'main process gone' : 'main process there',
      ];
    if (!('waiters' in state)) return [];
    return [
      state.waiters.length > 0 ? 'somebody waits' : 'nobody waits',
      state.tries.count > 0 ? 'after a failure' : 'first try',
    ];
  },
};

export const taskMachine: Machine<ServicePolicy, ServiceState, ServiceEvent> = {
  ...serviceMachine,
  trials: (state) => [
    ...serviceMachine.trials(state),
    { word: 'start again', details: [], event: { kind: 'start', waiter: 'somebody', again: true } },
  ],
  policies: serviceMachine.policies
    .filter(({ name }) => name !== 'shutdown')
    .map(({ name, policy }) => ({ name, policy: { ...policy, type: 'task', onSuccess: 'ignore' } })),
};

export const checkMachine: Machine<CheckPolicy, CheckState, CheckEvent> = {
  initial: inactive,
  policies: [
    { name: 'threshold reached', policy: tiedCheck(1) },
    { name: 'threshold not reached', policy: tiedCheck(9) },
  ],
  step(policy, state, event) {
    const now = event.kind === 'tick' ? (checkDeadline(state) ?? 0) : 0;
    return stepCheck(policy, state, event, { now, jitter: 0 })[0];
  },
  trials(state) {
    const probing = state.kind === 'active' ? state.probing : undefined;
    const result = { kind: 'result', number: probing?.number ?? 0 } as const;
    const trials = listed<CheckEvent>({
      start: [
        [{ kind: 'start', serviceUp: true }, 'start', 'service up'],
        [{ kind: 'start', serviceUp: false }, 'start', 'service not up'],
      ],
      stop: [[{ kind: 'stop' }]],
      'service-up': [[{ kind: 'service-up' }]],
      'service-down': [
        [{ kind: 'service-down', wanted: true }, 'service-down', 'wanted'],
        [{ kind: 'service-down', wanted: false }, 'service-down', 'not wanted'],
      ],
      refresh: [[{ kind: 'refresh', waiter: 'somebody' }]],
      result: [
        [{ ...result, outcome: { up: true } }, 'success'],
        [{ ...result, outcome: { up: false, error: 'none', details: '' } }, 'failure'],
      ],
      tick: [[{ kind: 'tick' }, 'deadline']],
    });
    return trials.filter(({ event }) => event.kind !== 'result' || probing !== undefined);
  },
  node(state) {
    if (state.kind !== 'active') return state.kind;
    return state.down ? 'down' : 'up';
  },
  guards(state) {
    if (state.kind !== 'active' || state.probing === undefined) return [];
    const { early, waiters } = state.probing;
    return [early && waiters.length === 0 ? 'early look' : 'regular run'];
  },
};

function tiedCheck(threshold: number): CheckPolicy {
  return { period: 10_000, threshold, startPeriod: 0, services: ['its service'] };
}

function chart<P, S, E>(machine: Machine<P, S, E>): string {
  const lines = edgesOf(machine).map((edge) => `    ${edge}\n`);
  return `\`\`\`mermaid\nstateDiagram-v2\n    [*] --> ${machine.node(machine.initial)}\n${lines.join('')}\`\`\``;
}

/** The page as Markdown, ended by a newline. */
export function stateCharts(): string {
  return `# State charts

<!-- Generated from src/core by "npm run docs"; do not edit. -->

Each machine was run through every state it can reach, with every event. An edge names its events, each with as few
conditions as tell where it leads; events that leave a state as it is are not drawn. "deadline" is the state's own deadline.
What else an event causes (a signal, a report to who waits, a shutdown of the daemon) is an effect; the types in
\`src/core/service-state.ts\`, \`src/core/release-task-state.ts\`, \`src/core/check.ts\` and \`src/core/leader/state.ts\` list them.

## Service

Of the events, \`swept\` says that what an earlier run left behind has been ended; \`exited\` that the main process has been
reaped, alone or not in its process group; \`emptied\` that the last of that group has gone. \`restart\`, \`ignore\` and
\`shutdown\` are the action of \`on-success\` after exit code 0 and of \`on-failure\` otherwise; \`success-shutdown\` and
\`failure-shutdown\` lead where \`shutdown\` leads. [Operating](../guides/operating.md#reading-djsup-services---wide) says what
each state means.

${chart(serviceMachine)}

## Task

The same machine for a service with \`type: task\`: it is \`working\` until its process ends, and \`done\` once that was with code 0.
\`restart\` and \`ignore\` are the action of \`on-failure\`. One with \`once: release\` goes to \`exited\` as by \`ignore\`, for all replicas
decide together when it is tried again; \`done-elsewhere\` says that another replica has done it, \`outdated\` that there is
another release.

${chart(taskMachine)}

## Once for each release

What a replica does about a start of such a task, beside the machine above, until the board of its leader group says that it is
done. It looks whenever something has changed; \`admitted\` says that it may run here, \`over\` that the run has ended, \`written\`
that the others can read what came of it. \`restart\` and \`ignore\` are the action of \`on-failure\`.

${chart(releaseTaskMachine)}

## Check

Of a check that is tied to a service; one that is tied to none never waits. Up and down are one state, \`active\`, before and
after its failures have reached the threshold. An early look, between the regular runs, counts success only.

${chart(checkMachine)}

## Leader

One replica's part in the election of one group. It holds the record in \`settling\`, \`leading\`, \`handing-over\` and
\`releasing\`; its services run in \`leading\`, and are being stopped in \`handing-over\` and \`demoting\`. D is when it must
begin to stop without a renewal, V the end of its lease, both counted from the sending of the last renewal that is known to
have been carried out. \`drained\` says that every process has gone; \`free or aged out\` that the record was let go by a holder
that vouches for it, or has stood still for a lease, or is missing. \`won\` leads to \`settling\` where somebody may still believe
in a lost record. \`to follow\`, \`to pause\` and \`to end\` are what was asked for meanwhile: nothing or a step-down, a pause, a
shutdown.

${chart(leaderMachine)}
`;
}
