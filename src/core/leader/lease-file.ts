// What a singleton is told of its own leadership: DJSUP_LEADER_GROUP, _EPOCH and _ID in its environment, and the file that
// DJSUP_LEADER_FILE names, which each renewal writes anew.
// Laws: who cannot read it does not lead; only the epoch that a process was started with counts for it and its descendants.
import * as z from 'zod/mini';
import { formatDuration } from '../duration.ts';
import { fail, ok } from '../result.ts';
import type { Result } from '../result.ts';

/** A lease as its work may see it. */
export interface LeaseFile {
  readonly group: string;
  /** The replica's name. */
  readonly id: string;
  readonly epoch: number;
  /**
   * V (S1): from this instant of CLOCK_MONOTONIC on nothing of the epoch's work lives, ms; 0 once it has been given up or
   * lost.
   */
  readonly validUntil: number;
  /** What can be asked of it, ms; undefined: a djsup without this key has written it. */
  readonly validity?: { readonly longest: number; readonly steady: number } | undefined;
  /** The kernel's (/proc/sys/kernel/random/boot_id): its clock is meant. */
  readonly bootId: string;
}

const shape = z.looseObject({
  group: z.string(),
  id: z.string(),
  epoch: z.int(),
  /** Seconds, as Python's time.monotonic(). */
  valid_until: z.number(),
  boot_id: z.string(),
  /** Seconds. */
  longest_valid: z.optional(z.number()),
  steady_valid: z.optional(z.number()),
});

export function encodeLeaseFile({ group, id, epoch, validUntil, validity, bootId }: LeaseFile): string {
  const shaped: z.infer<typeof shape> = {
    group,
    id,
    epoch,
    valid_until: seconds(validUntil),
    boot_id: bootId,
    ...(validity && {
      longest_valid: seconds(validity.longest),
      steady_valid: seconds(validity.steady),
    }),
  };
  return `${JSON.stringify(shaped)}\n`;
}

/** Rounded down, to a microsecond. */
function seconds(milliseconds: number): number {
  return Math.floor(milliseconds * 1000) / 1e6;
}

/** Undefined where it is no such file. */
export function decodeLeaseFile(text: string): LeaseFile | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = z.safeParse(shape, raw);
  if (!parsed.success) return undefined;
  const { group, id, epoch, valid_until: until, boot_id: bootId } = parsed.data;
  const { longest_valid: longest, steady_valid: steady } = parsed.data;
  const validity =
    longest === undefined || steady === undefined
      ? undefined
      : { longest: longest * 1000, steady: steady * 1000 };
  return { group, id, epoch, validUntil: until * 1000, validity, bootId };
}

export interface LeaseLeft {
  readonly group: string;
  readonly epoch: number;
  /** How long the lease is valid yet, ms. */
  readonly left: number;
}

/**
 * Whether the process with this environment still leads, and for `minValid` ms at least. `text`: of the lease file,
 * undefined where it cannot be read; `now`: ms of CLOCK_MONOTONIC; `bootId`: the running kernel's. The failure is one sentence.
 */
export function checkLease(
  text: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  now: number,
  bootId: string,
  minValid: number,
): Result<LeaseLeft, string> {
  const group = environment['DJSUP_LEADER_GROUP'];
  const epoch = Number(environment['DJSUP_LEADER_EPOCH']);
  if (!group || !Number.isSafeInteger(epoch))
    return fail(
      'cannot lead here: this is no process of a singleton that holds a lease (DJSUP_LEADER_GROUP and DJSUP_LEADER_EPOCH are not set)',
    );
  const refuse = (reason: string): Result<never, string> =>
    fail(`cannot lead "${group}" in epoch ${epoch}: ${reason}`);
  const lease = text === undefined ? undefined : decodeLeaseFile(text);
  if (lease === undefined) return refuse('its lease file (DJSUP_LEADER_FILE) cannot be read');
  if (lease.group !== group) return refuse(`the lease file is that of "${lease.group}"`);
  if (lease.epoch !== epoch) return refuse(`the lease is that of epoch ${lease.epoch}`);
  if (lease.bootId !== bootId) return refuse('the lease is from before the last boot of this machine');
  const { longest = Infinity, steady = Infinity } = lease.validity ?? {};
  if (minValid > longest)
    return fail(
      `cannot ask for ${span(minValid)} of the lease of "${group}": it is never valid for more than ${span(longest)}; ask for ${span(steady)} or less, or give the group a longer lease-duration`,
    );
  const left = lease.validUntil - now;
  if (left <= 0) return refuse('the lease has run out');
  if (left < minValid)
    return refuse(
      `the lease is valid for ${span(left)} only, and ${span(minValid)} are needed` +
        (minValid > steady
          ? `; before a renewal less than that is normal: ask for ${span(steady)} or less`
          : ''),
    );
  return ok({ group, epoch, left });
}

/** To the millisecond, rounded down. */
function span(milliseconds: number): string {
  return formatDuration(Math.floor(milliseconds));
}
