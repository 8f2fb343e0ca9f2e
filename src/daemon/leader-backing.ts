// What a leader group elects with: chosen once, then an election on it, and what its store, and others, warn of.
// Laws: where nothing safe is found there is no election; a store that is chosen too late is closed unused.
import type { LeaderConfig } from '../core/config.ts';
import { isEqual } from '../core/equal.ts';
import type { Backing } from '../ports.ts';
import { createElection } from './election.ts';
import type { Election, ElectionDeps } from './election.ts';
import { createFixedElection } from './fixed-election.ts';
import { createChoice } from './leader-choice.ts';
import { backingBlocked, leaderWarning } from './leader-story.ts';
import type { Opened } from './lease-calls.ts';
import type { Keeper } from './mailbox.ts';
import type { Teller } from './tell.ts';

export interface GroupBacking extends Keeper {
  /** Undefined: it is being chosen. */
  backing(): Backing | undefined;
  /** Undefined: there is none yet. */
  election(): Election | undefined;
  /** What the store talks to. */
  place(): string | undefined;
  warnings(): readonly string[];
  /** Adds one for good, which is told once. `cause`: a word for programs. */
  readonly warn: (cause: string, warning: string) => void;
  /** Stops all, lets go, and ends. */
  end(): void;
}

export interface BackingDeps {
  readonly config: LeaderConfig;
  readonly self: string;
  readonly tell: Pick<Teller, 'leader' | 'say'>;
  readonly choose: (config: LeaderConfig, signal: AbortSignal) => Promise<Backing>;
  readonly election: Omit<ElectionDeps, 'store' | 'opened'>;
  /** There is an election from now on. */
  readonly begun: () => void;
}

export function createBacking(deps: BackingDeps): GroupBacking {
  const { config, self, tell, begun } = deps;
  const { group } = config;
  const { clock, mailbox, moved, over } = deps.election;
  const post = (what: string, turn: () => void): void => mailbox.post(`leader group ${group}: ${what}`, turn);
  let backing: Backing | undefined;
  let election: Election | undefined;
  let place: string | undefined;
  let warnings: readonly string[] = [];
  const lasting = new Set<string>();
  let isEnding = false;
  const choice = createChoice({ clock, config, backing: deps.choose, post, chosen: begin });

  function begin(chosen: Backing): void {
    moved();
    const { kind, backend, because } = chosen;
    const isNew = because !== backing?.because;
    backing = chosen;
    if (isEnding) {
      if (kind === 'store') void chosen.store.close().catch(() => {});
      return over();
    }
    if (kind === 'blocked') {
      if (isNew) tell.leader(group, backingBlocked(group, backend, because));
      return undefined;
    }
    tell.say('info', `leader backend group=${group} backend=${backend}: ${because}`);
    election =
      kind === 'fixed'
        ? createFixedElection({ ...deps.election, group, runs: chosen.runs, self })
        : createElection({ ...deps.election, store: chosen.store, opened });
    begun();
  }

  function opened(opening: Opened): void {
    place = opening.place;
    for (const warning of opening.warnings) if (!warnings.includes(warning)) tellOf('backend', warning);
    warnings = opening.warnings;
  }

  function tellOf(cause: string, warning: string): void {
    const text = `leader group=${group}: ${warning}`;
    tell.leader(group, leaderWarning(cause, text, { reason: warning }));
  }

  return {
    backing: () => backing,
    election: () => election,
    place: () => place,
    warnings: () => [...warnings, ...lasting],
    warn(cause, warning) {
      if (lasting.has(warning)) return;
      lasting.add(warning);
      tellOf(cause, warning);
    },
    end() {
      if (isEnding) return;
      isEnding = true;
      if (election !== undefined) return election.feed({ kind: 'shutdown', waiter: '' });
      if (choice.end()) post('end', over);
    },
    deadline() {
      const next = Math.min(choice.deadline() ?? Infinity, election?.deadline() ?? Infinity);
      return next === Infinity ? undefined : next;
    },
    tick() {
      choice.tick();
      election?.tick();
    },
  };
}

/** All but timings and priority make it one and the same election. */
export function isSameElection(one: LeaderConfig, other: LeaderConfig): boolean {
  return isEqual(electionOf(one), electionOf(other));
}

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
