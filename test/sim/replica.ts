// One replica: the product's machine, driven as the daemon will drive it, on a host that hangs, crashes and comes back.
import { initialLeader, leaderDeadline, mayRun } from '../../src/core/leader/machine.ts';
import type { View } from '../../src/core/leader/record.ts';
import type { LeaderEffect, LeaderEvent, LeaderPolicy, LeaderState } from '../../src/core/leader/state.ts';
import type { Timing } from '../../src/core/leader/timing.ts';
import type { Engine, Line } from './engine.ts';
import type { Referee } from './referee.ts';
import type { Rules } from './rules.ts';
import type { Clock, Random, Schedule } from './schedule.ts';
import { createWork } from './work.ts';
import type { Work } from './work.ts';

export interface Replica {
  readonly name: string;
  readonly line: Line;
  readonly state: () => LeaderState | undefined;
  readonly work: () => Work;
  /** A number of its own for each life. */
  readonly life: () => number;
  /** A life of the supervisor begins, in the same sandbox or in a new one. */
  boot(sandbox: 'same' | 'new'): void;
  /** The supervisor alone is killed; its guard sees that. */
  killSupervisor(): boolean;
  /** Everything in the sandbox dies at one instant. */
  crash(): void;
  /** SIGSTOP or a blocked event loop; `midStep`: between a decision and its carrying out. */
  hang(span: number, midStep: boolean): void;
  /** Supervisor, guard and work stand still together. */
  freeze(span: number): void;
  /** Nothing hangs any more. */
  heal(): void;
  feed(event: LeaderEvent): void;
  /** Another plan; false where it is the same. */
  replan(timing: Timing): boolean;
}

export interface ReplicaDeps {
  readonly name: string;
  readonly rules: Rules;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly engine: Engine;
  readonly referee: Pick<Referee, 'began' | 'ceased' | 'confirmed' | 'breakLaw'>;
  readonly timing: Timing;
  /** How long a SIGTERM and a SIGKILL take, whatever the plan. */
  readonly ends: Pick<Timing, 'kill' | 'lostKillDelay'>;
  readonly hasWatch: boolean;
  /** djsup is PID 1, so that a new life in the same sandbox finds nothing of the old one. */
  readonly isInit: boolean;
  readonly poll: number;
  /** How long a message to or from the engine takes at most. */
  readonly distance: number;
  newClock(): Clock;
  /** Undefined where nobody wants to read it. */
  readonly trace: ((who: string, what: string) => void) | undefined;
}

export function createReplica(deps: ReplicaDeps): Replica {
  const { name, rules, schedule, random, engine, referee } = deps;
  let { timing } = deps;
  const line = engine.line(deps.distance);
  let sandboxes = 0;
  let lives = 0;
  let clock = deps.newClock();
  let policy: LeaderPolicy;
  let state: LeaderState | undefined;
  let work: Work;
  let alarm = Infinity;
  let hungUntil = 0;
  let freezes = false;
  let willHang = 0;
  /** What was decided before it hung; it comes first when it goes on. */
  let unfinished: readonly LeaderEffect[] = [];
  const backlog: (() => void)[] = [];

  if (deps.hasWatch) line.watch((view) => feed({ kind: 'seen', view }));
  boot('new');
  return {
    name,
    line,
    state: () => state,
    work: () => work,
    life: () => lives,
    boot,
    killSupervisor,
    crash,
    hang,
    freeze,
    heal,
    feed,
    replan,
  };

  function boot(sandbox: 'same' | 'new'): void {
    if (sandbox === 'new') {
      sandboxes += 1;
      clock = deps.newClock();
    }
    line.rebooted(sandbox);
    lives += 1;
    const self = {
      name,
      instance: `${name}#${sandboxes}`,
      boot: `${name}.${lives}`,
      isInit: deps.isInit,
    };
    policy = { group: 'schedulers', timing, self, poll: deps.poll, handicap: 0 };
    work = createWork({
      schedule,
      random,
      clock,
      timing: deps.ends,
      referee,
      guard: rules.guard,
      events: {
        drained: (term) => feed({ kind: 'drained', term }),
        guardGone: (term) => feed({ kind: 'guard-gone', term }),
        undying: (term) => feed({ kind: 'undying', term }),
      },
      mayRun: (term) => state !== undefined && mayRun(state, term, clock.now()),
      whenAwake,
    });
    state = initialLeader(clock.now());
    deps.trace?.(name, `life ${lives} in sandbox ${sandboxes}`);
    feed({ kind: 'tick' });
  }

  function feed(event: LeaderEvent): void {
    whenAwake(() => take(event));
  }

  function whenAwake(action: () => void): void {
    if (hungUntil > 0) backlog.push(action);
    else action();
  }

  function take(event: LeaderEvent): void {
    if (state === undefined) return;
    const before = state.role;
    const now = clock.now();
    const isRefused = before.kind === 'leading' && !mayRun(state, before.tenure.term, now);
    const [next, effects] = rules.step(policy, state, event, { now, jitter: random.next() });
    state = next;
    if (event.kind !== 'tick' || before.kind !== next.role.kind)
      deps.trace?.(name, `${told(event)}: ${stands(next)}`);
    // Whatever was refused a start stays down for the rest of the term.
    if (isRefused && mayRun(next, before.tenure.term, now))
      referee.breakLaw(`${before.tenure.term} goes on after it has refused starts`);
    // The start of work is the decision that must not be carried out late.
    if (
      willHang > 0 &&
      effects.some(({ kind }) => kind === 'start' || (kind !== 'tell' && random.chance(0.2)))
    ) {
      unfinished = effects;
      hang(willHang, false);
      willHang = 0;
    } else carryOut(effects);
    arm();
  }

  function carryOut(effects: readonly LeaderEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'read':
        case 'write':
          request(effect);
          break;
        case 'start':
          deps.trace?.(name, `starts ${effect.term}`);
          work.start(effect.term, effect.epoch, effect.killAt);
          break;
        case 'feed':
          work.feed(effect.term, effect.killAt);
          break;
        case 'stop':
          deps.trace?.(name, `stops ${effect.term}, ${effect.how}`);
          work.stop(effect.term, effect.how);
          break;
        case 'report':
          if (effect.report.kind === 'done') confirm(effect.waiter);
          break;
        case 'tell':
          break;
      }
    }
  }

  /** Who waits for an entry is called `key=value`. */
  function confirm(waiter: string): void {
    const [key = '', value] = waiter.split('=');
    if (value !== undefined) referee.confirmed(key, Number(value));
  }

  function replan(next: Timing): boolean {
    if (next === timing) return false;
    timing = next;
    policy = { ...policy, timing };
    feed({ kind: 'tick' });
    return true;
  }

  function request(effect: Extract<LeaderEffect, { kind: 'read' | 'write' }>): void {
    const { call } = effect;
    const life = lives;
    line.send(effect, (outcome) => life === lives && feed({ kind: 'reply', call, outcome }));
  }

  function arm(): void {
    const deadline = state === undefined ? undefined : leaderDeadline(state);
    if (deadline === undefined) return;
    const instant = Math.max(clock.realOf(deadline), schedule.now() + 1);
    if (instant >= alarm) return;
    alarm = instant;
    const life = lives;
    schedule.at(instant, () => {
      if (alarm !== instant || life !== lives) return;
      alarm = Infinity;
      const due = state === undefined ? undefined : leaderDeadline(state);
      if (due !== undefined && clock.now() >= due) feed({ kind: 'tick' });
      else arm();
    });
  }

  function end(): void {
    lives += 1;
    state = undefined;
    alarm = Infinity;
    hungUntil = 0;
    freezes = false;
    willHang = 0;
    unfinished = [];
    backlog.length = 0;
  }

  function killSupervisor(): boolean {
    if (freezes || state === undefined) return false;
    end();
    work.orphan();
    return true;
  }

  function crash(): void {
    end();
    work.vanish();
  }

  function hang(span: number, midStep: boolean): void {
    if (state === undefined) return;
    if (midStep) willHang = span;
    else stall(schedule.now() + span);
  }

  function stall(until: number): void {
    if (until <= hungUntil) return;
    hungUntil = until;
    const life = lives;
    schedule.at(until, () => {
      if (life === lives && hungUntil === until) wake();
    });
  }

  function wake(): void {
    hungUntil = 0;
    if (freezes) {
      freezes = false;
      work.thaw();
    }
    const effects = unfinished;
    unfinished = [];
    carryOut(effects);
    // Timers first or what has come in first, as the event loop happens to be.
    const events = backlog.splice(0);
    if (random.chance(0.5)) take({ kind: 'tick' });
    for (const event of events) {
      // A decision while catching up may hang again.
      if (hungUntil > 0) backlog.push(event);
      else event();
    }
    feed({ kind: 'tick' });
  }

  function freeze(span: number): void {
    if (state === undefined) return;
    freezes = true;
    work.freeze();
    stall(Math.max(hungUntil + 1, schedule.now() + span));
  }

  function heal(): void {
    willHang = 0;
    line.requestsLost = false;
    line.repliesLost = false;
    line.mayWrite = true;
    work.unstick();
    if (hungUntil > 0) wake();
  }
}

function told(event: LeaderEvent): string {
  if (event.kind === 'reply')
    return `${event.outcome.kind} ${event.outcome.kind === 'failed' ? event.outcome.error : shown(event.outcome.view)}`;
  return event.kind === 'seen' ? `seen ${shown(event.view)}` : event.kind;
}

function shown({ found, incarnation }: View): string {
  if (found.kind !== 'record') return `${found.kind}, engine ${incarnation}`;
  const { state, clean, term, write } = found.record;
  return `${state}${clean ? ', clean' : ''} ${term} write ${write}, engine ${incarnation}`;
}

function stands({ role }: LeaderState): string {
  return 'tenure' in role ? `${role.kind} ${role.tenure.term}` : role.kind;
}
