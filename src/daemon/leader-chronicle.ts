// What happened to a leader group here, for people and metrics: lines of the log, the latest transitions, counts, since when.
import type { LeaderFigures } from '../core/figures.ts';
import { causeOf } from '../core/leader/causes.ts';
import type { LeaderOutlook } from '../core/leader/outlook.ts';
import type { LeaderTale, Outcome } from '../core/leader/state.ts';
import { second } from '../core/leader/timing.ts';
import type { Clock } from '../ports.ts';
import { leaderStory } from './leader-story.ts';
import { newLeaderTally } from './leader-tallies.ts';
import type { LeaderRecord } from './records.ts';
import type { Teller } from './tell.ts';

export interface Chronicle {
  tell(tale: LeaderTale): void;
  /** Anything may have happened; `led`: somebody can be seen to lead. */
  look(outlook: LeaderOutlook | undefined, led: boolean): void;
  /** A request to the engine was answered, or given up, after `span` ms. */
  answered(what: 'read' | 'write', outcome: Outcome, span: number): void;
  clockJumped(): void;
  /** When state, leader or epoch last changed, as of the latest look. */
  since(): Date;
  /** For how long nobody has been seen to lead, ms, as of the latest look. */
  leaderless(): number;
  history(): LeaderRecord['history'];
  figures(outlook: LeaderOutlook | undefined): LeaderFigures;
}

const kept = 20;

export function createChronicle(
  group: string,
  self: string,
  clock: Clock,
  tell: Pick<Teller, 'leader' | 'say'>,
): Chronicle {
  const tally = newLeaderTally();
  const history: { readonly time: Date; readonly text: string }[] = [];
  let ledAt = clock.now();
  let since = clock.wall();
  let shown = '';
  const leaderless = (): number => Math.max(0, clock.now() - ledAt);
  return {
    tell(tale) {
      const cause = causeOf(tale);
      if (cause !== undefined) tally.transitions[cause] += 1;
      const story = leaderStory(group, self, tale);
      if (story === undefined) return;
      tell.leader(group, story);
      history.push({ time: clock.wall(), text: story.text });
      if (history.length > kept) history.shift();
    },
    look(outlook, led) {
      const key = `${outlook?.state} ${outlook?.leader} ${outlook?.epoch}`;
      if (key !== shown) since = clock.wall();
      shown = key;
      if (led) ledAt = clock.now();
    },
    answered(what, outcome, span) {
      if (outcome.kind === 'failed') tally.failures[outcome.error] += 1;
      else if (what === 'write') tally.writeTimes.observe(span / 1000, 1);
    },
    clockJumped: () => void (tally.clockJumps += 1),
    since: () => since,
    leaderless,
    history: () => [...history],
    figures(outlook) {
      const validFor = outlook?.validFor;
      return {
        ...tally,
        group,
        state: outlook?.state ?? 'blocked',
        epoch: outlook?.epoch,
        validSeconds: validFor === undefined ? undefined : validFor / second,
        leaderlessSeconds: leaderless() / 1000,
      };
    },
  };
}
