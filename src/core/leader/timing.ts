// How long a lease is believed and when its work must have ended: S1 to S5 as arithmetic, and the refusal of a plan
// in which they cannot hold. Law: all in integer nanoseconds, what we believe rounded down, what we wait for rounded up.
import { formatDuration } from '../duration.ts';
import { fail, ok } from '../result.ts';
import type { Result } from '../result.ts';

/** A duration, or an instant of one machine's monotonic clock; an integer. */
export type Nanoseconds = number;

export const millisecond: Nanoseconds = 1_000_000;
export const second: Nanoseconds = 1_000_000_000;

export interface Timing {
  /** L: how long a record stands once it has been written. */
  readonly lease: Nanoseconds;
  /** ρ: bound on the relative difference in speed of any two clocks, ours, the engine's, another replica's; 0.01 is 1 %. */
  readonly drift: number;
  /** R: from the sending of one renewal to that of the next. */
  readonly renew: Nanoseconds;
  /** Q: a request without an answer for this long counts as lost. */
  readonly timeout: Nanoseconds;
  /** Kf: from SIGTERM to SIGKILL once leadership is lost. */
  readonly lostKillDelay: Nanoseconds;
  /** X: from SIGKILL until the whole tree has gone. */
  readonly kill: Nanoseconds;
  /** J: how late a supervisor that is well may be. */
  readonly lag: Nanoseconds;
}

export type ProfileName = 'fast' | 'default' | 'tolerant';

export const profiles: Readonly<Record<ProfileName, Timing>> = {
  fast: profile(6, 1, 1, 1, 0.4, 0.15),
  default: profile(15, 2.5, 2, 3, 0.5, 0.25),
  tolerant: profile(60, 10, 5, 10, 1, 0.5),
};

/** b: the pause before a lost request is tried again lies between these. */
const retryPause = { least: 50 * millisecond, most: 300 * millisecond } as const;

/** The proof that a replica may lead, with its ends. */
export interface Lease {
  /** Just before the renewal that proves it was sent. */
  readonly sentAt: Nanoseconds;
  /** D (S3): from here on the supervisor stops the work and no longer renews. */
  readonly demoteAt: Nanoseconds;
  /** G (S2): the guard kills the whole tree at this instant, whatever else happens. */
  readonly killAt: Nanoseconds;
  /** V (S1): nothing of the tree lives any more. */
  readonly validUntil: Nanoseconds;
}

/** S1 to S3. `sentAt`: before the sending of a write that is known to have been carried out, never its reply. */
export function leaseFrom(timing: Timing, sentAt: Nanoseconds): Lease {
  const validUntil = sentAt + believed(timing);
  const killAt = validUntil - timing.kill;
  return { sentAt, demoteAt: killAt - timing.lostKillDelay - timing.lag, killAt, validUntil };
}

/** How long a lease is valid. */
export interface Validity {
  /** Just after its renewal: never more. */
  readonly longest: Nanoseconds;
  /** Just before it, even where one try of a renewal was lost: what work may count on as long as nothing worse happens. */
  readonly steady: Nanoseconds;
}

export function validity(timing: Timing): Validity {
  const longest = believed(timing);
  return { longest, steady: longest - timing.renew - timing.timeout - retryPause.most };
}

/** The earlier of two leases in each of its ends. */
export function shorterLease(one: Lease, other: Lease): Lease {
  return {
    sentAt: one.sentAt,
    demoteAt: Math.min(one.demoteAt, other.demoteAt),
    killAt: Math.min(one.killAt, other.killAt),
    validUntil: Math.min(one.validUntil, other.validUntil),
  };
}

/** S5: after this long without a change nobody believes in a record any more that was written for `lease`. */
export function waitOut(timing: Timing, lease: Nanoseconds): Nanoseconds {
  return Math.ceil(lease * (1 + timing.drift));
}

/** When a lost request is tried again; `jitter` in [0, 1). `latest`: sooner, as far as a pause may be, where it would be after that. */
export function retryAt(now: Nanoseconds, jitter: number, latest: Nanoseconds = Infinity): Nanoseconds {
  const { least, most } = retryPause;
  const longest = Math.min(most, Math.max(least, latest - now));
  return now + least + Math.floor(jitter * (longest - least));
}

/** The last instant at which a renewal can be sent that has all of its time before D. */
export function lastTryAt(timing: Timing, { demoteAt }: Lease): Nanoseconds {
  return demoteAt - timing.timeout;
}

export interface Soundness {
  /** m: how often a renewal can be tried before the lease counts as lost; two at least. */
  readonly tries: number;
  /** S1 to S4 in numbers, for people. */
  readonly arithmetic: readonly string[];
  /** What is allowed, but worth telling. */
  readonly notes: readonly string[];
}

/** S4. The failure shows the sum that does not come out, and the shortest lease with which it would. */
export function checkTiming(timing: Timing): Result<Soundness, string> {
  const wrong = wrongValue(timing);
  if (wrong !== undefined) return fail(`cannot use these leader timings: ${wrong}`);
  const room = believed(timing) - timing.kill - timing.lostKillDelay - timing.lag;
  const tries = triesWithin(timing, room);
  if (tries < 2) {
    const least = Math.ceil((need(timing, 2) - room + believed(timing)) / (1 - timing.drift) / millisecond);
    return fail(
      `cannot use these leader timings: two tries of a renewal take ${sum(timing, 2)}, but a lease leaves ` +
        `${span(room)} for them (${rest(timing)}); use a lease-duration of ${formatDuration(least)} or more, ` +
        'or shorten renew-period, request-timeout or lost-kill-delay',
    );
  }
  const room3 = `three would take ${sum(timing, 3)} of ${span(room)}`;
  return ok({
    tries,
    arithmetic: arithmetic(timing, room, tries),
    notes: tries === 2 ? [`only two tries of a renewal fit in a lease: ${room3}`] : [],
  });
}

function profile(
  lease: number,
  renew: number,
  timeout: number,
  lostKillDelay: number,
  kill: number,
  lag: number,
): Timing {
  const seconds = (count: number): Nanoseconds => Math.round(count * second);
  return {
    lease: seconds(lease),
    drift: 0.01,
    renew: seconds(renew),
    timeout: seconds(timeout),
    lostKillDelay: seconds(lostKillDelay),
    kill: seconds(kill),
    lag: seconds(lag),
  };
}

function believed(timing: Timing): Nanoseconds {
  return Math.floor(timing.lease * (1 - timing.drift));
}

/** The left side of S4. */
function need(timing: Timing, tries: number): Nanoseconds {
  return timing.renew + tries * timing.timeout + (tries - 1) * retryPause.most;
}

function triesWithin(timing: Timing, room: Nanoseconds): number {
  return Math.floor((room - timing.renew + retryPause.most) / (timing.timeout + retryPause.most));
}

/** The longest lease that a record may claim, so that a mistake cannot keep everybody waiting for days. */
export const longestLease: Nanoseconds = 3_600 * second;

function wrongValue(timing: Timing): string | undefined {
  const durations = {
    'lease-duration': timing.lease,
    'renew-period': timing.renew,
    'request-timeout': timing.timeout,
    'lost-kill-delay': timing.lostKillDelay,
  };
  for (const [name, value] of Object.entries(durations)) {
    if (!Number.isSafeInteger(value) || value <= 0) return `"${name}" must be longer than 0s`;
  }
  if (timing.lease > longestLease) return `"lease-duration" must be ${span(longestLease)} at most`;
  if (!(timing.drift > 0 && timing.drift < 0.5)) return '"max-clock-drift" must lie between 0% and 50%';
  return undefined;
}

function arithmetic(timing: Timing, room: Nanoseconds, tries: number): readonly string[] {
  const { demoteAt, killAt, validUntil } = leaseFrom(timing, 0);
  return [
    `S1: a renewal is believed for ${span(validUntil)} from its sending (lease ${span(timing.lease)} less ${percent(timing)})`,
    `S2: the guard kills ${span(killAt)} after it (${span(timing.kill)} earlier)`,
    `S3: the stop begins ${span(demoteAt)} after it (lost-kill-delay ${span(timing.lostKillDelay)} and lag ${span(timing.lag)} earlier)`,
    `S4: ${tries} tries fit: ${sum(timing, tries)} of ${span(room)}`,
    `S5: others wait until a record has stood still for ${span(waitOut(timing, timing.lease))}`,
  ];
}

function sum(timing: Timing, tries: number): string {
  const pauses = tries === 2 ? span(retryPause.most) : `${tries - 1} x ${span(retryPause.most)}`;
  return `${span(timing.renew)} + ${tries} x ${span(timing.timeout)} + ${pauses} = ${span(need(timing, tries))}`;
}

function rest(timing: Timing): string {
  const { lease, lostKillDelay, kill, lag } = timing;
  return `${span(lease)} less ${percent(timing)} - ${span(kill)} - ${span(lostKillDelay)} - ${span(lag)}`;
}

function percent(timing: Timing): string {
  return `${Number((timing.drift * 100).toFixed(3))}%`;
}

function span(duration: Nanoseconds): string {
  return formatDuration(duration / millisecond);
}
