// What can be seen of a leader group on this replica: why its services run or do not, what replicas tell one another, its
// record, its figures. Nothing is decided here; each look is also noted in the group's chronicle.
import type { LeaderConfig } from '../core/config.ts';
import type { LeaderFigures } from '../core/figures.ts';
import type { LeaderOutlook } from '../core/leader/outlook.ts';
import type { GroupBacking } from './leader-backing.ts';
import type { Chronicle } from './leader-chronicle.ts';
import type { Members } from './leader-members.ts';
import { isHindered, leaderRecord, reasonText } from './leader-view.ts';
import type { GroupFacts } from './leader-view.ts';
import type { BoardView } from './leaders.ts';
import type { LeaderRecord } from './records.ts';

export interface GroupView {
  /** Why a service that is wanted does not run here; undefined: it may run, or is not wanted. */
  standby(service: string): string | undefined;
  board(): BoardView;
  record(): LeaderRecord;
  figures(): LeaderFigures;
  /** For how long nobody has been seen to lead, ms. */
  leaderless(): number;
}

interface GroupSight {
  readonly view: GroupView;
  /** Notes what there is to be seen now. */
  look(): LeaderOutlook | undefined;
  /** Services of the group run in this replica, as far as the group is concerned. */
  runsHere(): boolean;
  /** Why the service, or any of the group, does not run here. */
  reason(service: string): string;
  /** It does not come to run here as things are, or not soon. */
  isHindered(): boolean;
}

export function createGroupView(deps: {
  readonly self: string;
  readonly config: () => LeaderConfig;
  readonly engine: GroupBacking;
  readonly members: Members;
  readonly chronicle: Chronicle;
  readonly isActive: (service: string) => boolean;
  /** Why the service may not start in the group yet, whoever leads it. */
  readonly withheld: (service: string) => string | undefined;
  /** Services of the group that somebody has stopped here. */
  readonly stopped: () => readonly string[];
  /** Monotonic ms. */
  readonly now: () => number;
}): GroupSight {
  const { self, config, engine, members, chronicle, withheld } = deps;

  function heldFor(): GroupFacts['held'] {
    const hold = members.hold();
    return hold && { by: hold.by, left: hold.until - deps.now() };
  }

  function facts(): GroupFacts {
    return {
      config: config(),
      self,
      backing: engine.backing(),
      outlook: engine.election()?.outlook(),
      place: engine.place(),
      trouble: chronicle.trouble(),
      warnings: engine.warnings(),
      wanted: members.wanted,
      isAtRest: members.isAtRest(),
      held: heldFor(),
      stopped: deps.stopped(),
      since: chronicle.since(),
      history: chronicle.history(),
    };
  }

  function look(): LeaderOutlook | undefined {
    const election = engine.election();
    const outlook = election?.outlook();
    // Nobody is missed where there is nothing to lead.
    chronicle.look(outlook, election?.isLed() === true || members.isAtRest());
    return outlook;
  }

  function runsHere(): boolean {
    const backing = engine.backing();
    return backing?.kind === 'fixed' ? backing.runs : engine.election()?.outlook().state === 'leading';
  }

  function reason(service: string): string {
    const why = (runsHere() ? withheld(service) : undefined) ?? reasonText(facts());
    return `leader group "${config().group}": ${why}`;
  }

  const view: GroupView = {
    standby(service) {
      if (!members.wanted.has(service) || deps.isActive(service)) return undefined;
      return runsHere() && withheld(service) === undefined ? undefined : reason(service);
    },
    board() {
      const backing = engine.backing();
      if (backing?.kind === 'fixed') return backing;
      const board = engine.election()?.board();
      // Whoever answers for others there keeps no record that they could read.
      if (backing?.backend === 'external') return { kind: 'unknown', because: noBoard };
      if (board === undefined) return { kind: 'unknown', because: reasonText(facts()) };
      return { kind: 'seen', board, leads: look()?.state === 'leading' };
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
  };
  return { view, look, runsHere, reason, isHindered: () => isHindered(facts()) };
}

const noBoard =
  'backend "external" keeps no record in which replicas could tell one another: give the group another backend';
