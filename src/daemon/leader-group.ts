// One leader group on this replica: which of its services are wanted here, whether it takes part, and what people see of it.
// Law: where it is not known whether the services may run, they do not run.
import type { LeaderConfig } from '../core/config.ts';
import { formatDuration } from '../core/duration.ts';
import type { LeaderFigures } from '../core/figures.ts';
import { isEqual } from '../core/equal.ts';
import type { Replica } from '../core/leader/observer.ts';
import type { LeaderOutlook } from '../core/leader/outlook.ts';
import type { About } from '../core/leader/record.ts';
import type { LeaderReport, LeaderTale } from '../core/leader/state.ts';
import { millisecond, second } from '../core/leader/timing.ts';
import type { Backing, Clock } from '../ports.ts';
import { createElection } from './election.ts';
import type { Election, Permit } from './election.ts';
import { createFixedElection } from './fixed-election.ts';
import type { LeaderRequest } from './leader-requests.ts';
import { createChoice } from './leader-choice.ts';
import { backingBlocked, leaderWarning } from './leader-story.ts';
import { createChronicle } from './leader-chronicle.ts';
import { leaderElsewhere, leaderRecord, noElection, reasonText } from './leader-view.ts';
import type { GroupFacts } from './leader-view.ts';
import type { WorkDeps } from './leader-work.ts';
import type { Admission, BoardView } from './leaders.ts';
import type { Mailbox } from './mailbox.ts';
import type { LeaderRecord } from './records.ts';
import type { Teller } from './tell.ts';

export interface GroupDeps {
  readonly clock: Clock;
  readonly mailbox: Pick<Mailbox, 'post'>;
  readonly tell: Pick<Teller, 'leader' | 'say'>;
  readonly self: Replica;
  readonly about: About;
  readonly backing: (config: LeaderConfig) => Promise<Backing>;
  readonly work: Omit<WorkDeps, 'drained' | 'undying' | 'stop'> & {
    readonly stop: (group: string, services: readonly string[], how: 'graceful' | 'fast') => void;
  };
  /** Begins the start of these services of the group. */
  readonly start: (group: string, services: readonly string[]) => void;
  /** What stands of the group's lease: until when, monotonic ms; 0: nothing. */
  readonly lease: (group: string, epoch: number, until: number) => void;
  readonly report: (waiter: string, report: LeaderReport) => void;
  readonly config: LeaderConfig;
  readonly settleUntil: number;
  readonly heritage: Heritage;
  /** What it knows of the group or may do in it is not what it was. */
  readonly moved: (group: string) => void;
  /** Nothing of it runs and nothing is held. */
  readonly over: () => void;
}

/** What the group of before, of the same name and another backend, leaves to this one. */
export interface Heritage {
  readonly heldUntil: number;
  readonly highestEpoch: number;
}

export const noHeritage: Heritage = { heldUntil: 0, highestEpoch: 0 };

export interface Group {
  heritage(): Heritage;
  config(): LeaderConfig;
  /** Goes on by this configuration; false: it is another election. */
  follows(config: LeaderConfig): boolean;
  want(service: string): void;
  unwant(service: string): void;
  wanted(): ReadonlySet<string>;
  /** Forgets others. */
  retain(isMember: (service: string) => boolean): void;
  admit(service: string, asked: boolean): Admission;
  permit(service: string): Permit | undefined;
  /** The service has become another group's. */
  forget(service: string): void;
  ended(service: string): void;
  standby(service: string): string | undefined;
  /** Nothing of the service is to be done for now: the record may be let go. */
  rest(service: string): void;
  board(): BoardView;
  publish(key: string, value: string | undefined, waiter: string): void;
  request(request: LeaderRequest, waiter: string): void;
  record(): LeaderRecord;
  figures(): LeaderFigures;
  leaderless(): number;
  clockJumped(unseen: number): void;
  /** Stops all, lets go, and ends. */
  retire(): void;
  deadline(): number | undefined;
  tick(): void;
}

/** Who holds nothing reads the record this often, besides what the engine's watch tells. */
const poll = second;
/** The same where nothing is wanted of the group. */
const idlePoll = 10 * second;

export function createGroup(deps: GroupDeps): Group {
  const { clock, mailbox, tell, self } = deps;
  const { group } = deps.config;
  const post = (what: string, turn: () => void): void => mailbox.post(`leader group ${group}: ${what}`, turn);
  let { config } = deps;
  let backing: Backing | undefined;
  let election: Election | undefined;
  let place: string | undefined;
  let warnings: readonly string[] = [];
  let retired = false;
  let joined = false;
  /** Somebody has asked this replica to stay out until then, monotonic ms. */
  let { heldUntil } = deps.heritage;
  const chronicle = createChronicle(group, self.name, clock, tell);
  const wanted = new Set<string>();
  /** Somebody has stopped them here. */
  const unwanted = new Set<string>();

  const work = {
    ...deps.work,
    stop: (services: readonly string[], how: 'graceful' | 'fast') => deps.work.stop(group, services, how),
  };
  const start = (): void => {
    const idle = [...wanted].filter((service) => !deps.work.isActive(service));
    if (idle.length > 0 && !retired) deps.start(group, idle);
  };
  const policy = () => ({
    group,
    timing: config.timing,
    self,
    poll: wanted.size > 0 ? poll : idlePoll,
    handicap: config.handicap * millisecond,
    about: deps.about,
  });

  const choice = createChoice({ clock, config, backing: deps.backing, post, chosen: begin });

  const moved = (): void => post('moved', () => deps.moved(group));

  function begin(chosen: Backing): void {
    moved();
    const { kind, backend, because } = chosen;
    const isNew = because !== backing?.because;
    backing = chosen;
    if (retired) {
      if (kind === 'store') void chosen.store.close().catch(() => {});
      return deps.over();
    }
    if (kind === 'blocked') {
      if (isNew) tell.leader(group, backingBlocked(group, backend, because));
      return undefined;
    }
    tell.say('info', `leader backend group=${group} backend=${backend}: ${because}`);
    const shared = { clock, mailbox, work, start, report, over: deps.over };
    if (kind === 'fixed') {
      election = createFixedElection({ ...shared, group, runs: chosen.runs, self: self.name });
    } else if (kind === 'store') {
      election = createElection({
        ...shared,
        store: chosen.store,
        policy,
        settleUntil: deps.settleUntil,
        epochsAbove: deps.heritage.highestEpoch,
        lease: (epoch, until) => deps.lease(group, epoch, until),
        tell: told,
        moved,
        answered: (...answer) => chronicle.answered(...answer),
        opened(opening) {
          place = opening.place;
          for (const warning of opening.warnings)
            if (!warnings.includes(warning)) {
              const text = `leader group=${group}: ${warning}`;
              tell.leader(group, leaderWarning('backend', text, { reason: warning }));
            }
          warnings = opening.warnings;
        },
      });
      // Nothing is wanted before somebody says so; until then it only looks.
      election.feed({ kind: 'pause', span: undefined, waiter: '' });
    }
    decide();
  }

  /** `waiter`: a task; "" where nobody waits. */
  function report(waiter: string, outcome: LeaderReport): void {
    if (waiter !== '') deps.report(waiter, outcome);
  }

  function told(tale: LeaderTale): void {
    // It stays out by itself where nothing is wanted, which is nothing to tell of.
    if (tale.kind !== 'paused' || isHeld()) chronicle.tell(tale);
  }

  /** Takes part, or stays out, by what is wanted now. */
  function decide(waiter = ''): void {
    const takesPart = wanted.size > 0 && clock.now() >= heldUntil && !retired;
    if (election === undefined || takesPart === joined) return report(waiter, { kind: 'done' });
    joined = takesPart;
    election.feed(takesPart ? { kind: 'resume', waiter } : { kind: 'pause', span: undefined, waiter });
  }

  function facts(): GroupFacts {
    const outlook = election?.outlook();
    const shared = { config, self: self.name, backing, outlook, place, warnings, wanted };
    return { ...shared, held: isHeld(), since: chronicle.since(), history: chronicle.history() };
  }

  function isHeld(): boolean {
    return clock.now() < heldUntil;
  }

  function look(): LeaderOutlook | undefined {
    const outlook = election?.outlook();
    chronicle.look(outlook, election?.isLed() === true);
    return outlook;
  }

  return {
    heritage: () => ({
      heldUntil,
      highestEpoch: Math.max(deps.heritage.highestEpoch, election?.highestEpoch() ?? 0),
    }),
    config: () => config,
    follows(next) {
      const same = isEqual(electionOf(next), electionOf(config));
      if (same && !isEqual(next, config)) {
        config = next;
        election?.feed({ kind: 'reconfigured' });
      }
      return same && !retired;
    },
    want(service) {
      wanted.add(service);
      decide();
    },
    unwant(service) {
      wanted.delete(service);
      unwanted.add(service);
      decide();
    },
    rest(service) {
      wanted.delete(service);
      decide();
    },
    board() {
      if (backing?.kind === 'fixed') return backing;
      const board = election?.board();
      // Whoever answers for others there keeps no record that they could read.
      if (backing?.backend === 'external') return { kind: 'unknown', because: noBoard };
      if (board === undefined) return { kind: 'unknown', because: reasonText(facts()) };
      return { kind: 'seen', board, leads: look()?.state === 'leading' };
    },
    publish(key, value, waiter) {
      if (election === undefined || retired)
        return report(waiter, { kind: 'not-leading', leader: undefined });
      election.feed({ kind: 'publish', key, value, waiter });
    },
    wanted: () => new Set(wanted),
    retain(isMember) {
      for (const set of [wanted, unwanted])
        for (const service of set) if (!isMember(service)) set.delete(service);
      decide();
    },
    admit(service, asked) {
      if (asked) unwanted.delete(service);
      if (unwanted.has(service)) return { kind: 'standby', note: 'stopped on request', leader: undefined };
      wanted.add(service);
      decide();
      if (election?.permit(service) !== undefined) return { kind: 'start' };
      const leader = leaderElsewhere(election?.outlook(), self.name);
      const note = `standby in leader group "${group}": ${reasonText(facts())}`;
      return { kind: 'standby', note, leader };
    },
    permit: (service) => (retired ? undefined : election?.permit(service)),
    forget: (service) => election?.forget(service),
    ended: (service) => election?.ended(service),
    standby(service) {
      if (!wanted.has(service) || deps.work.isActive(service)) return undefined;
      const outlook = election?.outlook();
      const runs = outlook?.state === 'leading' || (backing?.kind === 'fixed' && backing.runs);
      return runs ? undefined : `leader group "${group}": ${reasonText(facts())}`;
    },
    request(request, waiter) {
      if (election === undefined) return report(waiter, { kind: 'refused', reason: noElection(backing) });
      const outlook = election.outlook();
      const isMine = outlook.validFor !== undefined;
      const hold = (span: number | undefined): void => {
        heldUntil = span === undefined ? Infinity : clock.now() + span;
        joined = false;
        election?.feed({ kind: 'pause', span: undefined, waiter });
      };
      switch (request.action) {
        case 'step-down':
          if (request.span > 0 && isMine) return hold(request.span);
          return election.feed({ kind: 'step-down', span: 0, waiter });
        case 'transfer':
          if (request.to === self.name) {
            const reason = isMine
              ? 'this replica leads already'
              : `ask the leader, "${outlook.leader ?? 'nobody'}"`;
            return report(waiter, { kind: 'refused', reason });
          }
          return election.feed({ kind: 'transfer', to: request.to, waiter });
        case 'pause':
          return hold(request.span);
        case 'resume':
          heldUntil = 0;
          return decide(waiter);
      }
    },
    record() {
      look();
      return leaderRecord(facts());
    },
    figures: () => chronicle.figures(look()),
    leaderless() {
      look();
      return chronicle.leaderless();
    },
    clockJumped(unseen) {
      chronicle.clockJumped();
      const span = formatDuration(Math.round(unseen));
      const text = `leader clock-jump group=${group} unseen=${span}`;
      tell.leader(group, leaderWarning('clock-jump', text, { unseen: span }));
      election?.feed({ kind: 'clock-jump' });
    },
    retire() {
      if (retired) return;
      retired = true;
      if (election !== undefined) return election.feed({ kind: 'shutdown', waiter: '' });
      if (choice.end()) post('end', deps.over);
    },
    deadline() {
      const held = heldUntil > clock.now() && heldUntil !== Infinity ? heldUntil : Infinity;
      const next = Math.min(held, choice.deadline() ?? Infinity, election?.deadline() ?? Infinity);
      return next === Infinity ? undefined : next;
    },
    tick() {
      choice.tick();
      election?.tick();
      decide();
      look();
    },
  };
}

const noBoard =
  'backend "external" keeps no record in which replicas could tell one another: give the group another backend';

/** What makes it one and the same election: all but timings and priority. */
function electionOf({ group, settings }: LeaderConfig): unknown {
  const {
    'lease-duration': _lease,
    'renew-period': _renew,
    'request-timeout': _timeout,
    'lost-kill-delay': _kill,
    'max-clock-drift': _drift,
    ...rest
  } = settings;
  return { group, rest };
}
