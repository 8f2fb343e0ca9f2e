// One group's election on this replica: the machine, its calls to the store, and the work of its term.
// Laws: nothing of the group is started without `permit`; "drained" is told only when the work is proven gone; the store is
// closed once the machine is off.
import { initialLeader, isLed, leaderDeadline, mayRun, stepLeader } from '../core/leader/machine.ts';
import { boardOf, leaderOutlook } from '../core/leader/outlook.ts';
import type { LeaderOutlook } from '../core/leader/outlook.ts';
import type { Board } from '../core/leader/record.ts';
import type {
  LeaderAt,
  LeaderEffect,
  LeaderEvent,
  LeaderPolicy,
  LeaderReport,
  LeaderTale,
  Outcome,
} from '../core/leader/state.ts';
import { millisecond } from '../core/leader/timing.ts';
import type { Nanoseconds } from '../core/leader/timing.ts';
import type { Clock, LeaseStore } from '../ports.ts';
import { createLeaseCalls } from './lease-calls.ts';
import type { Opened } from './lease-calls.ts';
import { createWork } from './leader-work.ts';
import type { WorkDeps } from './leader-work.ts';
import type { Mailbox } from './mailbox.ts';

/** What a process of the group needs to be started. */
export interface Permit {
  readonly epoch: number;
  /** Nothing of it lives from then on, monotonic ms. Undefined: whoever says that it may run sets no end. */
  readonly killAt: number | undefined;
  readonly anchor: number | undefined;
}

export interface Election {
  deadline(): number | undefined;
  tick(): void;
  feed(event: LeaderEvent): void;
  /** Allows the start of a process of the group now; to be asked just before each. */
  permit(service: string): Permit | undefined;
  /** The service has ended here and begins anew in another group. */
  forget(service: string): void;
  /** A service of the group has become inactive. */
  ended(service: string): void;
  /** The guard of one of its processes has gone by itself. */
  guardLost(service: string): void;
  outlook(): LeaderOutlook;
  /** Of the record as last seen; undefined: nobody has looked yet, or there is no record to look at. */
  board(): Board | undefined;
  /** False while nobody can be seen to lead. */
  isLed(): boolean;
  /** The highest epoch that was seen here. */
  highestEpoch(): number;
}

export interface ElectionDeps {
  readonly clock: Clock;
  readonly mailbox: Pick<Mailbox, 'post'>;
  readonly store: LeaseStore;
  /** As it is now: timings and priority may change with the plan. */
  readonly policy: () => LeaderPolicy;
  /** No work before this instant, monotonic ms, where the election has come here from elsewhere. */
  readonly settleUntil: number;
  readonly work: Omit<WorkDeps, 'drained' | 'undying'>;
  /** Epochs rise from here: what was the highest before the election came from another backend. */
  readonly epochsAbove: number;
  /** Leadership is gained: what is wanted of the group may be started. */
  readonly start: (epoch: number) => void;
  /** The lease has been proven (anew), or is no longer counted on: `until` 0. Monotonic ms. */
  readonly lease: (epoch: number, until: number) => void;
  readonly report: (waiter: string, report: LeaderReport) => void;
  readonly tell: (tale: LeaderTale) => void;
  readonly opened: (opening: Opened) => void;
  /** A request was answered, or given up; `span`: how long that took, ms. */
  readonly answered: (what: 'read' | 'write', outcome: Outcome, span: number) => void;
  /** The record, or our part in the election, is not what it was. */
  readonly moved: () => void;
  /** It is over, and the store is closed. */
  readonly over: () => void;
}

/** It only looks until somebody says `resume`. */
export function createElection(deps: ElectionDeps): Election {
  const { clock, mailbox, store } = deps;
  const { group } = deps.policy();
  let state = {
    ...initialLeader(nanoseconds(clock.now()), nanoseconds(deps.settleUntil), 'paused'),
    highestEpoch: deps.epochsAbove,
  };
  let closing = false;
  let told = { epoch: 0, until: 0 };

  const later = (event: LeaderEvent): void =>
    mailbox.post(`leader group ${group}: ${event.kind}`, () => feed(event));
  const calls = createLeaseCalls(store, {
    reply(call, what, outcome, sentAt) {
      const span = clock.now() - sentAt;
      mailbox.post(`leader group ${group}: reply`, () => {
        if (!isMoot(call, outcome, span)) deps.answered(what, outcome, span);
        feed({ kind: 'reply', call, outcome });
      });
    },
    opened: (opening) => mailbox.post(`leader group ${group}: open`, () => deps.opened(opening)),
    seen: (view) => later({ kind: 'seen', view }),
    hint: () => later({ kind: 'hint' }),
  });
  const work = createWork({
    ...deps.work,
    drained: (term) => later({ kind: 'drained', term }),
    undying: (term) => later({ kind: 'undying', term }),
  });

  /** Of a request that was given up: before the engine had the time that it has, or so late that it is no news. */
  function isMoot(call: number, { kind }: Outcome, span: number): boolean {
    const timeout = deps.policy().timing.timeout / millisecond;
    return kind === 'failed' && call !== state.call?.id && (span < timeout || span >= 2 * timeout);
  }

  function at(): LeaderAt {
    return { now: nanoseconds(clock.now()), jitter: clock.jitter() };
  }

  function feed(event: LeaderEvent): void {
    if (closing) return;
    const before = state;
    const [next, effects] = stepLeader(deps.policy(), state, event, at());
    state = next;
    if (before.sight !== next.sight || before.role.kind !== next.role.kind) deps.moved();
    for (const effect of effects) carryOut(effect);
    tellLease();
    calls.expecting(state.call?.id);
    if (state.role.kind === 'off') close();
  }

  function carryOut(effect: LeaderEffect): void {
    switch (effect.kind) {
      case 'read':
        return calls.read(effect.call, clock.now());
      case 'write':
        return calls.write(effect.call, clock.now(), effect.expect, effect.record);
      case 'start':
        return mailbox.post(`start of leader group ${group}`, () => deps.start(effect.epoch));
      case 'stop':
        return work.stop(effect.term, effect.how);
      case 'feed':
        return work.feed(effect.killAt / millisecond);
      case 'report':
        return deps.report(effect.waiter, effect.report);
      case 'tell':
        return deps.tell(effect.tale);
    }
  }

  /** The work of the term may count on the lease while it is renewed. */
  function tellLease(): void {
    const { role } = state;
    const counts = role.kind === 'leading' || role.kind === 'handing-over';
    const until = counts ? role.tenure.lease.validUntil / millisecond : 0;
    if (until === told.until) return;
    told = { epoch: counts ? role.tenure.epoch : told.epoch, until };
    deps.lease(told.epoch, until);
  }

  function close(): void {
    closing = true;
    void calls
      .close()
      .catch(() => {})
      .then(() => mailbox.post(`end of leader group ${group}`, deps.over));
  }

  return {
    deadline() {
      const instant = closing ? undefined : leaderDeadline(state);
      return instant === undefined || instant === Infinity ? undefined : instant / millisecond;
    },
    tick() {
      if ((leaderDeadline(state) ?? Infinity) <= nanoseconds(clock.now())) feed({ kind: 'tick' });
    },
    feed,
    permit(service) {
      const { role } = state;
      const now = nanoseconds(clock.now());
      if (closing || role.kind !== 'leading' || !mayRun(state, role.tenure.term, now)) return undefined;
      work.enter(service);
      const { epoch, lease } = role.tenure;
      return { epoch, killAt: lease.killAt / millisecond, anchor: store.anchor() };
    },
    forget: (service) => work.forget(service),
    ended: () => work.ended(),
    guardLost(service) {
      if ('tenure' in state.role && work.has(service))
        later({ kind: 'guard-gone', term: state.role.tenure.term });
    },
    highestEpoch: () => state.highestEpoch,
    outlook: () => leaderOutlook(state, nanoseconds(clock.now())),
    board: () => (state.sight === undefined ? undefined : boardOf(state)),
    isLed: () => isLed(deps.policy(), state, nanoseconds(clock.now())),
  };
}

/** Of monotonic milliseconds, exact to some nanoseconds. */
function nanoseconds(milliseconds: number): Nanoseconds {
  return Math.round(milliseconds * millisecond);
}
