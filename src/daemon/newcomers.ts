// Services that a new plan has brought into a leader group from elsewhere, and how long they wait there.
// Law: none of them is started until a replica that takes in the same plan up to a third of a lease later has stopped what it
// ran by the plan of before, or can no longer have renewed its lease for it. A replica that goes on by the plan of before is
// not seen from here.
import type { Timing } from '../core/leader/timing.ts';
import { millisecond, waitOut } from '../core/leader/timing.ts';
import type { Plan } from '../core/plan.ts';
import type { Clock } from '../ports.ts';

export interface Newcomers {
  /** `moved`: groups that hold another election from now on. */
  apply(before: Plan, after: Plan, moved: ReadonlySet<string>): void;
  /** It is to be started: who has the same plan stops it by now. */
  meet(service: string): void;
  /** Why it may not start yet. */
  reason(service: string): string | undefined;
  /** When somebody has waited long enough, monotonic ms. */
  deadline(): number | undefined;
  /** Those that have waited long enough, once. */
  due(): readonly string[];
}

interface Newcomer {
  /** Where others may still run it. */
  readonly had: string;
  /** ms. */
  readonly span: number;
  /** Monotonic ms; infinite until it is to be started. */
  readonly until: number;
}

export function createNewcomers(clock: Pick<Clock, 'now'>): Newcomers {
  const waiting = new Map<string, Newcomer>();

  return {
    apply(before, after, moved) {
      for (const name of waiting.keys())
        if (after.services.get(name)?.leaderGroup === undefined) waiting.delete(name);
      for (const { name, leaderGroup } of after.services.values()) {
        const former = before.services.get(name);
        if (former === undefined || leaderGroup === undefined) continue;
        const had = formerPlace(former.leaderGroup, leaderGroup, moved);
        if (had === undefined) continue;
        const groups = [before.leader.get(former.leaderGroup ?? ''), after.leader.get(leaderGroup)];
        const span = patience(
          former.killDelay,
          groups.flatMap((group) => group?.timing ?? []),
        );
        // What runs in an election that is left is stopped at once, everything else when it is to be started.
        const until = former.leaderGroup === leaderGroup ? clock.now() + span : Infinity;
        waiting.set(name, { had, span, until });
      }
    },
    meet(service) {
      const newcomer = waiting.get(service);
      if (newcomer?.until === Infinity)
        waiting.set(service, { ...newcomer, until: clock.now() + newcomer.span });
    },
    reason(service) {
      const newcomer = waiting.get(service);
      return newcomer && `waits until replicas that had it ${newcomer.had} have stopped it`;
    },
    deadline() {
      const next = Math.min(Infinity, ...[...waiting.values()].map(({ until }) => until));
      return next === Infinity ? undefined : next;
    },
    due() {
      const now = clock.now();
      const names = [...waiting].filter(([, { until }]) => until <= now).map(([name]) => name);
      for (const name of names) waiting.delete(name);
      return names;
    },
  };
}

function formerPlace(
  former: string | undefined,
  group: string,
  moved: ReadonlySet<string>,
): string | undefined {
  if (former === undefined) return 'in no group';
  if (former !== group) return 'in another group';
  return moved.has(group) ? 'in another election' : undefined;
}

/**
 * How long it may take until no other replica runs it any more, ms. One that takes in the plan stops it within kill-delay; half a
 * lease more is for taking it in later, and for the kill. One that hangs or is cut off renews no lease, and runs nothing after its end.
 */
function patience(killDelay: number, timings: readonly Timing[]): number {
  const spans = timings.map((timing) => {
    const stop = killDelay * millisecond + timing.lease / 2;
    return waitOut(timing, Math.max(timing.lease, stop)) / millisecond;
  });
  return Math.max(0, ...spans);
}
