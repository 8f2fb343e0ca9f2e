// Which services of a leader group are wanted on this replica, and whether it takes part in the group's election.
// Laws: it takes part exactly while something is wanted here and nobody has asked it to stay out; what somebody has stopped
// is wanted again only when somebody asks for it.
import type { Clock } from '../ports.ts';

/** Somebody has asked this replica to stay out. */
export interface Hold {
  /** Monotonic ms; Infinity: until somebody says otherwise. */
  readonly until: number;
  /** The command of `djsup leader` that said so. */
  readonly by: 'pause' | 'step-down';
}

/** What the group of before, of the same name and another backend, leaves to this one. */
export interface Heritage {
  readonly wanted: ReadonlySet<string>;
  readonly resting: ReadonlySet<string>;
  readonly hold: Hold | undefined;
  readonly highestEpoch: number;
}

export const noHeritage: Heritage = {
  wanted: new Set(),
  resting: new Set(),
  hold: undefined,
  highestEpoch: 0,
};

export interface Members {
  readonly wanted: ReadonlySet<string>;
  /** Wanted from now on; false: somebody has stopped it here, and nobody asks for it (`asked`) now. */
  admit(service: string, asked: boolean): boolean;
  /** Somebody wants it to stay down here. */
  unwant(service: string): void;
  /** There is nothing to do for it for now. */
  rest(service: string): void;
  /** Nothing is wanted, for what there is to be done here is done or waits for its next try. */
  isAtRest(): boolean;
  /** Forgets others. */
  retain(isMember: (service: string) => boolean): void;
  /** Stays out; undefined: no longer. */
  stayOut(hold: Hold | undefined): void;
  heritage(): Omit<Heritage, 'highestEpoch'>;
  /** Undefined: it does not stay out, or not any more. */
  hold(): Hold | undefined;
  takesPart(): boolean;
  /** When it takes part again by itself, monotonic ms. */
  deadline(): number | undefined;
}

/** `stopped`: services that somebody has stopped here, of all groups, so that it counts in whichever group they are. */
export function createMembers(
  clock: Pick<Clock, 'now'>,
  stopped: Set<string>,
  heritage: Omit<Heritage, 'highestEpoch'>,
): Members {
  const wanted = new Set(heritage.wanted);
  const resting = new Set(heritage.resting);
  let latest = heritage.hold;
  const hold = (): Hold | undefined =>
    latest !== undefined && clock.now() < latest.until ? latest : undefined;
  return {
    wanted,
    admit(service, asked) {
      if (asked) stopped.delete(service);
      if (stopped.has(service)) return false;
      wanted.add(service);
      resting.delete(service);
      return true;
    },
    unwant(service) {
      wanted.delete(service);
      resting.delete(service);
      stopped.add(service);
    },
    rest(service) {
      wanted.delete(service);
      resting.add(service);
    },
    isAtRest: () => wanted.size === 0 && resting.size > 0,
    retain(isMember) {
      for (const services of [wanted, resting])
        for (const service of services) if (!isMember(service)) services.delete(service);
    },
    stayOut(next) {
      latest = next;
    },
    heritage: () => ({ wanted: new Set(wanted), resting: new Set(resting), hold: hold() }),
    hold,
    takesPart: () => wanted.size > 0 && hold() === undefined,
    deadline() {
      const until = hold()?.until;
      return until === Infinity ? undefined : until;
    },
  };
}
