// The keeper of leader groups: one election for each group that has services in the plan, and who of them is wanted here.
// Laws: a group takes part in its election exactly while something of it is wanted here and nobody has asked it to stay
// out; an election that was left for another backend has ended before the next begins, and that one settles first, unless whoever
// leads by it holds all the records of the one before.
import type { LeaderConfig, ServiceConfig } from '../core/config.ts';
import type { BoardChange } from '../core/release-board.ts';
import type { LeaderFigures } from '../core/figures.ts';
import { emptyPlan } from '../core/plan.ts';
import type { Plan } from '../core/plan.ts';
import type { Replica } from '../core/leader/observer.ts';
import type { Board } from '../core/leader/record.ts';
import type { LeaderReport } from '../core/leader/state.ts';
import { waitOut, millisecond } from '../core/leader/timing.ts';
import { holdsAllOf } from '../core/leader/twin-choice.ts';
import type { Clock } from '../ports.ts';
import { createGroup } from './leader-group.ts';
import type { Group, GroupDeps } from './leader-group.ts';
import { noHeritage } from './leader-members.ts';
import { createJumpDetector } from './clock-jumps.ts';
import type { Permit } from './election.ts';
import type { Keeper } from './mailbox.ts';
import type { LeaderRecord } from './records.ts';
import type { LeaderRequest } from './leader-requests.ts';
import { createNewcomers } from './newcomers.ts';

/** What becomes of a request to start a service. */
export type Admission =
  | { readonly kind: 'start' }
  /**
   * It starts here once this replica leads; `leader`: who leads now, if somebody else is seen to; `isHindered`: nobody does, and
   * this replica will not before somebody has seen to what is wrong.
   */
  | {
      readonly kind: 'standby';
      readonly note: string;
      readonly leader: string | undefined;
      readonly isHindered: boolean;
    };

/** What replicas tell one another in a group's record. */
export type BoardView =
  | { readonly kind: 'seen'; readonly board: Board; readonly leads: boolean }
  /** There is no record: it is said once and for all whether this replica runs the services of the group. */
  | { readonly kind: 'fixed'; readonly runs: boolean; readonly because: string }
  | { readonly kind: 'unknown'; readonly because: string };

export interface Leaders extends Keeper {
  /** Follows a new plan. */
  apply(plan: Plan): void;
  /** The service is wanted here, unless somebody has stopped it and nobody asks for it (`asked`) now. */
  admit(config: ServiceConfig, asked: boolean): Admission;
  /** Somebody wants it to stay down here. */
  unwant(service: string): void;
  /** There is nothing to do for the service for now: others may lead. */
  rest(service: string): void;
  /** Of the service's group. */
  board(service: string): BoardView;
  /** Changes entries; `done` once it is known what came of all of them, in this turn or a later one. */
  publish(service: string, changes: readonly BoardChange[], done: (report: LeaderReport) => void): void;
  /** To be asked just before each start of a process; undefined: not now. */
  permit(service: string, group: string): Permit | undefined;
  /** It is started as a service that every replica runs: its former run, if a group had one, is over. */
  free(service: string): void;
  /** The service has become inactive. */
  ended(service: string): void;
  /** The guard of a process of the service has gone by itself. */
  guardLost(service: string): void;
  /** It was started with a guard that is not as good as it could be: a warning of its group. */
  guardWeak(service: string, weakness: string): void;
  /** Why a service that is wanted does not run here; undefined: it may run, or is not wanted. */
  standby(service: string): string | undefined;
  request(request: LeaderRequest, group: string, waiter: string): void;
  records(groups: readonly string[]): readonly LeaderRecord[];
  /** For metrics, by group. */
  figures(): readonly LeaderFigures[];
  /** For how long nobody has been seen to lead, ms; 0 while somebody does or where there is no such group. */
  leaderless(group: string): number;
  /** Hands everything over, for the daemon's end. */
  stop(): void;
  /** Calls once nothing is held any more. */
  whenOver(listener: () => void): void;
}

type OfOneGroup =
  'era' | 'config' | 'settleUntil' | 'heritage' | 'stopped' | 'isMember' | 'withheld' | 'over';

export interface LeadersDeps extends Omit<GroupDeps, OfOneGroup> {
  readonly clock: Clock;
  readonly self: Replica;
}

export function createLeaders(deps: LeadersDeps): Leaders {
  const { clock } = deps;
  const groups = new Map<string, Group>();
  let elections = 0;
  /** Until when nothing of a group may run, whatever its record says; monotonic ms. */
  const settling = new Map<string, number>();
  /** Groups whose election ends, and what they are to go on with; undefined: with nothing. */
  const moving = new Map<string, LeaderConfig | undefined>();
  const newcomers = createNewcomers(clock);
  /** Services that somebody has stopped here, whichever group they are in. */
  const stopped = new Set<string>();
  let planned: Plan = emptyPlan;
  /** Who waits until an entry stands on a board. */
  const publishing = new Map<string, (report: LeaderReport) => void>();
  let posts = 0;
  const listeners: (() => void)[] = [];
  const jumps = createJumpDetector(clock);
  let stopping = false;

  function open(config: LeaderConfig, settleUntil: number, heritage = noHeritage): Group {
    settling.set(config.group, settleUntil);
    // What the new one missed while there was nothing to stop is no jump to it.
    lookForJump();
    const over = (): void => closed(config);
    const name = config.group;
    elections += 1;
    const group = createGroup({
      ...deps,
      era: `.${elections}`,
      report,
      config,
      settleUntil,
      heritage,
      stopped,
      isMember: (service) => isMember(service, name),
      withheld: (service) => (isMember(service, name) ? newcomers.reason(service) : undefined),
      over,
    });
    groups.set(name, group);
    return group;
  }

  /** Tells of it all groups that there are. */
  function lookForJump(): void {
    const jump = jumps.look();
    if (jump !== undefined) for (const group of groups.values()) group.clockJumped(jump);
  }

  function report(waiter: string, outcome: LeaderReport): void {
    const done = publishing.get(waiter);
    if (done === undefined) return deps.report(waiter, outcome);
    publishing.delete(waiter);
    done(outcome);
  }

  /** The election has ended and its store is closed. */
  function closed(former: LeaderConfig): void {
    const name = former.group;
    const heritage = groups.get(name)?.heritage();
    const next = moving.get(name);
    groups.delete(name);
    moving.delete(name);
    if (next !== undefined && !stopping) {
      // Other replicas may still elect by the plan of before.
      const longest = Math.max(former.timing.lease, next.timing.lease);
      const span = holdsAllOf(next.settings, former.settings) ? 0 : waitOut(next.timing, longest);
      const until = Math.max(settling.get(name) ?? 0, clock.now() + span / millisecond);
      open(next, until, heritage).retain();
    }
    if (groups.size === 0) for (const listener of listeners.splice(0)) listener();
  }

  function isMember(service: string, group: string): boolean {
    return planned.services.get(service)?.leaderGroup === group;
  }

  function of(service: string): Group | undefined {
    return groups.get(planned.services.get(service)?.leaderGroup ?? '');
  }

  return {
    apply(plan) {
      const before = planned;
      planned = plan;
      const moved = new Set<string>();
      const used = new Set([...plan.services.values()].flatMap(({ leaderGroup }) => leaderGroup ?? []));
      for (const [name, group] of groups) {
        const config = used.has(name) ? plan.leader.get(name) : undefined;
        if (config === undefined || !group.follows(config)) {
          const former = before.leader.get(name);
          const isKept =
            config !== undefined && former !== undefined && holdsAllOf(config.settings, former.settings);
          if (!isKept) moved.add(name);
          moving.set(name, config);
          group.retire();
        } else group.retain();
      }
      newcomers.apply(before, plan, moved);
      for (const name of stopped)
        if (plan.services.get(name)?.leaderGroup === undefined) stopped.delete(name);
      for (const name of used) {
        const config = plan.leader.get(name);
        if (config !== undefined && !groups.has(name) && !stopping) open(config, clock.now());
      }
    },
    admit: ({ name }, asked) => {
      const group = of(name);
      if (group === undefined)
        return {
          kind: 'standby',
          note: 'its leader group is being set up',
          leader: undefined,
          isHindered: false,
        };
      newcomers.meet(name);
      return group.admit(name, asked);
    },
    unwant: (service) => of(service)?.unwant(service),
    rest: (service) => of(service)?.rest(service),
    board: (service) =>
      of(service)?.board() ?? { kind: 'unknown', because: 'its leader group is being set up' },
    publish(service, changes, done) {
      const group = of(service);
      if (group === undefined) return done({ kind: 'refused', reason: 'its leader group is being set up' });
      let left = changes.length;
      let worst: LeaderReport = { kind: 'done' };
      for (const { key, value } of changes) {
        posts += 1;
        publishing.set(`publish ${posts}`, (outcome) => {
          if (outcome.kind !== 'done') worst = outcome;
          left -= 1;
          if (left === 0) done(worst);
        });
        group.publish(key, value, `publish ${posts}`);
      }
    },
    permit(service, name) {
      const permit = groups.get(name)?.permit(service);
      if (permit === undefined) return undefined;
      for (const [other, group] of groups) if (other !== name) group.forget(service);
      return permit;
    },
    free(service) {
      for (const group of groups.values()) group.forget(service);
    },
    ended: (service) => {
      for (const group of groups.values()) group.ended(service);
    },
    guardLost: (service) => of(service)?.guardLost(service),
    guardWeak: (service, weakness) => of(service)?.warn('guard', weakness),
    standby: (service) => of(service)?.standby(service),
    request(request, name, waiter) {
      const group = groups.get(name);
      if (group === undefined)
        deps.report(waiter, { kind: 'refused', reason: `there is no leader group "${name}"` });
      else group.request(request, waiter);
    },
    records(names) {
      const wanted = [...groups].filter(([name]) => names.length === 0 || names.includes(name));
      return wanted.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group.record());
    },
    figures: () => [...groups.values()].map((group) => group.figures()),
    leaderless: (name) => groups.get(name)?.leaderless() ?? 0,
    stop() {
      stopping = true;
      moving.clear();
      for (const group of groups.values()) group.retire();
    },
    whenOver(listener) {
      if (groups.size === 0) listener();
      else listeners.push(listener);
    },
    deadline() {
      if (groups.size === 0) return undefined;
      const instants = [...groups.values()].map((group) => group.deadline() ?? Infinity);
      const next = Math.min(jumps.deadline(), newcomers.deadline() ?? Infinity, ...instants);
      return next === Infinity ? undefined : next;
    },
    tick() {
      if (groups.size === 0) return;
      lookForJump();
      for (const group of groups.values()) group.tick();
      for (const group of new Set(newcomers.due().map(of))) group?.begin();
    },
  };
}
