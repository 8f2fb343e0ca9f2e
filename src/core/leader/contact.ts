// How the engine of an election answers, for people: since when it does not, and what it says.
// Law: nothing is decided by it.
import { formatDuration } from '../duration.ts';
import type { Outcome } from './state.ts';

/** Instants: monotonic ms. */
export interface Contact {
  /** When the latest answer came; undefined: none has. */
  readonly heardAt: number | undefined;
  /** Undefined: the latest request was answered. */
  readonly failing: Failing | undefined;
}

interface Failing {
  readonly since: number;
  /** When the latest request came to nothing. */
  readonly latest: number;
  /** What was wrong with the latest: a sentence of the store, without any secret. */
  readonly error: string;
}

/** Requests that come to nothing for less than this are no outage: a line of the log for each would hide those that are, ms. */
const outage = 1_000;
/** Of what engines say, characters. */
const longestError = 512;

export const noContact: Contact = { heardAt: undefined, failing: undefined };

/** A request has been answered, or given up. */
export function withOutcome({ heardAt, failing }: Contact, outcome: Outcome, now: number): Contact {
  if (outcome.kind !== 'failed') return { heardAt: now, failing: undefined };
  const error = outcome.message.replaceAll(/\p{Cc}/gu, ' ').slice(0, longestError);
  return { heardAt, failing: { since: failing?.since ?? now, latest: now, error } };
}

/** Whether an outage, as worth a line in the log, begins or ends between these two. */
export function outageTurn(before: Contact, after: Contact): 'begins' | 'ends' | undefined {
  const [was, is] = [isOutage(before), isOutage(after)];
  if (was === is) return undefined;
  return is ? 'begins' : 'ends';
}

/** "cannot reach Redis at 10.0.0.5:6379: connection refused (for 12s; last answer 40s ago)"; undefined while it answers. */
export function contactText({ heardAt, failing }: Contact, now: number): string | undefined {
  if (failing === undefined) return undefined;
  const last = heardAt === undefined ? 'no answer so far' : `last answer ${ago(heardAt, now)} ago`;
  return `${failing.error} (for ${ago(failing.since, now)}; ${last})`;
}

function isOutage({ failing }: Contact): boolean {
  return failing !== undefined && failing.latest - failing.since >= outage;
}

/** Whole seconds. */
function ago(instant: number, now: number): string {
  return formatDuration(Math.floor(Math.max(0, now - instant) / 1000) * 1000);
}
