// One leader group on this replica: its members and its election brought together, and what people see of both.
// Law: where it is not known whether the services may run, they do not run.
import type { LeaderConfig } from '../core/config.ts';
import { formatDuration } from '../core/duration.ts';
import { isEqual } from '../core/equal.ts';
import type { Replica } from '../core/leader/observer.ts';
import type { About } from '../core/leader/record.ts';
import type { LeaderReport, LeaderTale } from '../core/leader/state.ts';
import { millisecond, second } from '../core/leader/timing.ts';
import type { Timing } from '../core/leader/timing.ts';
import type { Backing, Clock } from '../ports.ts';
import type { Permit } from './election.ts';
import { electsNobody } from './fixed-election.ts';
import { createBacking, isSameElection } from './leader-backing.ts';
import { createChronicle } from './leader-chronicle.ts';
import { createGroupView } from './leader-group-view.ts';
import type { GroupView } from './leader-group-view.ts';
import { createMembers } from './leader-members.ts';
import type { Heritage } from './leader-members.ts';
import { demandOf } from './leader-requests.ts';
import type { LeaderRequest } from './leader-requests.ts';
import { leaderWarning } from './leader-story.ts';
import { leaderElsewhere, noElection } from './leader-view.ts';
import type { WorkDeps } from './leader-work.ts';
import type { Admission } from './leaders.ts';
import type { Keeper, Mailbox } from './mailbox.ts';
import type { Teller } from './tell.ts';

export interface GroupDeps {
  readonly clock: Clock;
  readonly mailbox: Pick<Mailbox, 'post'>;
  readonly tell: Pick<Teller, 'leader' | 'say'>;
  readonly self: Replica;
  readonly about: About;
  readonly backing: (config: LeaderConfig, signal: AbortSignal) => Promise<Backing>;
  readonly work: Omit<WorkDeps, 'drained' | 'undying' | 'stop'> & {
    readonly stop: (group: string, services: readonly string[], how: 'graceful' | 'fast') => void;
  };
  /** Begins the start of these services of the group. */
  readonly start: (group: string, services: readonly string[]) => void;
  /** What stands of the group's lease: until when, monotonic ms; 0: nothing. */
  readonly lease: (group: string, epoch: number, until: number, timing: Timing) => void;
  readonly report: (waiter: string, report: LeaderReport) => void;
  readonly config: LeaderConfig;
  /** As of LeaderPolicy. */
  readonly era: string;
  readonly settleUntil: number;
  readonly heritage: Heritage;
  /** Services that somebody has stopped on this replica. */
  readonly stopped: Set<string>;
  readonly isMember: (service: string) => boolean;
  /** Why the service may not start in the group yet, whoever leads it. */
  readonly withheld: (service: string) => string | undefined;
  /** What it knows of the group or may do in it is not what it was. */
  readonly moved: (group: string) => void;
  /** Nothing of it runs and nothing is held. */
  readonly over: () => void;
}

export interface Group extends Keeper, GroupView {
  /** What it leaves to the next of its name. */
  heritage(): Heritage;
  /** Goes on by this configuration; false: it is another election. */
  follows(config: LeaderConfig): boolean;
  unwant(service: string): void;
  /** Forgets what is no member any more. */
  retain(): void;
  admit(service: string, asked: boolean): Admission;
  /** Begins what is wanted and does not run, if it may run here. */
  begin(): void;
  permit(service: string): Permit | undefined;
  /** The service has become another group's. */
  forget(service: string): void;
  ended(service: string): void;
  guardLost(service: string): void;
  /** Something that people should know of it here. */
  warn(cause: string, warning: string): void;
  /** Nothing of the service is to be done for now: the record may be let go. */
  rest(service: string): void;
  publish(key: string, value: string | undefined, waiter: string): void;
  request(request: LeaderRequest, waiter: string): void;
  clockJumped(unseen: number): void;
  /** Stops all, lets go, and ends. */
  retire(): void;
}

/** Who holds nothing reads the record this often, besides what the engine's watch tells. */
const poll = second;
/** The same where nothing is wanted of the group. */
const idlePoll = 10 * second;

export function createGroup(deps: GroupDeps): Group {
  const { clock, mailbox, tell, self } = deps;
  const { group } = deps.config;
  let { config } = deps;
  let retired = false;
  let joined = false;
  const members = createMembers(clock, deps.stopped, deps.heritage);
  const { wanted } = members;
  const chronicle = createChronicle(group, self.name, clock, tell);

  const engine = createBacking({
    config,
    self: self.name,
    tell,
    choose: deps.backing,
    election: {
      clock,
      mailbox,
      policy: () => ({
        group,
        timing: config.timing,
        self,
        era: deps.era,
        poll: wanted.size > 0 ? poll : idlePoll,
        handicap: config.handicap * millisecond,
        about: deps.about,
      }),
      settleUntil: deps.settleUntil,
      epochsAbove: deps.heritage.highestEpoch,
      work: { ...deps.work, stop: (services, how) => deps.work.stop(group, services, how) },
      start: begin,
      lease: (epoch, until) => deps.lease(group, epoch, until, config.timing),
      report,
      tell: told,
      answered: (...answer) => chronicle.answered(...answer, engine.election()?.outlook().state),
      moved: () => mailbox.post(`leader group ${group}: moved`, () => deps.moved(group)),
      over: deps.over,
    },
    begun: () => decide(),
  });

  function begin(): void {
    const idle = [...wanted].filter((service) => !deps.work.isActive(service));
    if (idle.length > 0 && !retired) deps.start(group, idle);
  }

  /** `waiter`: a task; "" where nobody waits. */
  function report(waiter: string, outcome: LeaderReport): void {
    if (waiter !== '') deps.report(waiter, outcome);
  }

  function told(tale: LeaderTale): void {
    // It stays out by itself where nothing is wanted, which is nothing to tell of.
    if (tale.kind !== 'paused' || members.hold() !== undefined) chronicle.tell(tale);
  }

  /** Takes part, or stays out, by what is wanted now. */
  function decide(waiter = ''): void {
    const election = engine.election();
    const takesPart = members.takesPart() && !retired;
    if (election === undefined || takesPart === joined) return report(waiter, { kind: 'done' });
    joined = takesPart;
    election.feed(takesPart ? { kind: 'resume', waiter } : { kind: 'pause', span: undefined, waiter });
  }

  function permit(service: string): Permit | undefined {
    if (retired || deps.withheld(service) !== undefined) return undefined;
    return engine.election()?.permit(service);
  }

  const sight = createGroupView({
    self: self.name,
    config: () => config,
    engine,
    members,
    chronicle,
    isActive: deps.work.isActive,
    withheld: deps.withheld,
    stopped: () => [...deps.stopped].filter(deps.isMember).toSorted(),
    now: () => clock.now(),
  });

  return {
    ...sight.view,
    heritage: () => ({
      ...members.heritage(),
      highestEpoch: Math.max(deps.heritage.highestEpoch, engine.election()?.highestEpoch() ?? 0),
    }),
    follows(next) {
      const same = isSameElection(next, config);
      if (same && !isEqual(next, config)) {
        config = next;
        engine.election()?.feed({ kind: 'reconfigured' });
      }
      return same && !retired;
    },
    unwant(service) {
      members.unwant(service);
      decide();
    },
    rest(service) {
      members.rest(service);
      decide();
    },
    retain() {
      members.retain(deps.isMember);
      decide();
    },
    admit(service, asked) {
      if (!members.admit(service, asked))
        return { kind: 'standby', note: 'stopped on request', leader: undefined, isHindered: false };
      decide();
      if (permit(service) !== undefined) return { kind: 'start' };
      const leader = leaderElsewhere(engine.election()?.outlook(), self.name);
      const note = `standby in ${sight.reason(service)}`;
      return { kind: 'standby', note, leader, isHindered: sight.isHindered() };
    },
    begin() {
      if (sight.runsHere()) begin();
    },
    permit,
    forget: (service) => engine.election()?.forget(service),
    ended: (service) => engine.election()?.ended(service),
    guardLost: (service) => engine.election()?.guardLost(service),
    warn: engine.warn,
    publish(key, value, waiter) {
      const election = engine.election();
      if (election === undefined || retired)
        return report(waiter, { kind: 'not-leading', leader: undefined });
      election.feed({ kind: 'publish', key, value, waiter });
    },
    request(request, waiter) {
      const [backing, election] = [engine.backing(), engine.election()];
      if (election === undefined) return report(waiter, { kind: 'refused', reason: noElection(backing) });
      // A pause of before may be taken back there.
      if (backing?.kind === 'fixed' && request.action !== 'resume')
        return report(waiter, { kind: 'refused', reason: electsNobody(backing) });
      const demand = demandOf(request, self.name, election.outlook());
      switch (demand.kind) {
        case 'refused':
          return report(waiter, demand);
        case 'hold':
          members.stayOut({ by: demand.by, until: clock.now() + (demand.span ?? Infinity) });
          joined = false;
          return election.feed({ kind: 'pause', span: undefined, waiter });
        case 'take-part':
          members.stayOut(undefined);
          return decide(waiter);
        case 'let-go':
          return election.feed({ ...demand.event, waiter });
      }
    },
    clockJumped(unseen) {
      chronicle.clockJumped();
      const span = formatDuration(Math.round(unseen));
      const text = `leader clock-jump group=${group} unseen=${span}`;
      tell.leader(group, leaderWarning('clock-jump', text, { unseen: span }));
      engine.election()?.feed({ kind: 'clock-jump' });
    },
    retire() {
      retired = true;
      engine.end();
    },
    deadline() {
      const next = Math.min(members.deadline() ?? Infinity, engine.deadline() ?? Infinity);
      return next === Infinity ? undefined : next;
    },
    tick() {
      engine.tick();
      decide();
      sight.look();
    },
  };
}
