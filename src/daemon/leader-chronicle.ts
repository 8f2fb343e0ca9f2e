// What happened to a leader group here, for people and metrics: lines of the log, the latest transitions, counts, since when.
import type { LeaderFigures } from '../core/figures.ts';
import { causeOf } from '../core/leader/causes.ts';
import { contactText, noContact, outageTurn, withOutcome } from '../core/leader/contact.ts';
import type { LeaderOutlook } from '../core/leader/outlook.ts';
import type { LeaderTale, Outcome } from '../core/leader/state.ts';
import { second } from '../core/leader/timing.ts';
import type { Clock } from '../ports.ts';
import { leaderStory, outageStory } from './leader-story.ts';
import type { LeaderStory } from './leader-story.ts';
import { newLeaderTally } from './leader-tallies.ts';
import type { LeaderRecord } from './records.ts';
import type { Teller } from './tell.ts';

export interface Chronicle {
  tell(tale: LeaderTale): void;
  /** Anything may have happened; `led`: somebody can be seen to lead. */
  look(outlook: LeaderOutlook | undefined, led: boolean): void;
  /** A request to the engine was answered, or given up, after `span` ms; `state`: as it was before that. */
  answered(
    what: 'read' | 'write',
    outcome: Outcome,
    span: number,
    state: LeaderOutlook['state'] | undefined,
  ): void;
  /** What is wrong with the engine, and since when; undefined: it answers. */
  trouble(): string | undefined;
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
  let contact = noContact;
  const leaderless = (): number => Math.max(0, clock.now() - ledAt);

  function publish(story: LeaderStory): void {
    tell.leader(group, story);
    history.push({ time: clock.wall(), text: story.text });
    if (history.length > kept) history.shift();
  }

  return {
    tell(tale) {
      const cause = causeOf(tale);
      if (cause !== undefined) tally.transitions[cause] += 1;
      const story = leaderStory(group, self, tale);
      if (story !== undefined) publish(story);
    },
    look(outlook, led) {
      const key = `${outlook?.state} ${outlook?.leader} ${outlook?.epoch}`;
      if (key !== shown) since = clock.wall();
      shown = key;
      if (led) ledAt = clock.now();
    },
    answered(what, outcome, span, state) {
      if (outcome.kind === 'failed') tally.failures[outcome.error] += 1;
      else if (what === 'write') tally.writeTimes.observe(span / 1000, 1);
      // What is refused to one that is blocked was told when it was blocked.
      if (state === 'blocked' && outcome.kind === 'failed' && outcome.error !== 'transient') return;
      const before = contact;
      const now = clock.now();
      contact = withOutcome(before, outcome, now);
      const turn = outageTurn(before, contact);
      const failing = contact.failing ?? before.failing;
      if (turn !== undefined && failing !== undefined)
        publish(outageStory(group, { turn, error: failing.error, span: now - failing.since }));
    },
    trouble: () => contactText(contact, clock.now()),
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
