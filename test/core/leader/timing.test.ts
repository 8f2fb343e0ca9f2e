// S1 to S5 at their borders, and the plans that are refused.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkTiming,
  leaseFrom,
  profiles,
  retryAt,
  second,
  waitOut,
} from '../../../src/core/leader/timing.ts';
import type { Timing } from '../../../src/core/leader/timing.ts';

const usual = profiles.default;

function refusal(timing: Timing): string {
  const checked = checkTiming(timing);
  return checked.ok ? 'accepted' : checked.failure;
}

describe('a lease', () => {
  test('counts from the sending, less the drift; the guard kills X before its end, the stop begins Kf and J before that', () => {
    expect(leaseFrom(usual, 100 * second)).toEqual({
      sentAt: 100 * second,
      demoteAt: 111.1 * second,
      killAt: 114.35 * second,
      validUntil: 114.85 * second,
    });
  });

  test('is waited out for longer than it lasts', () => {
    expect(waitOut(usual, usual.lease)).toBe(15.15 * second);
  });

  test('has ended for its holder before anybody has waited it out, as long as both clocks keep to the drift', () => {
    const clock = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_600 * second }), clock, clock, (lease, holder, other) => {
        const timing = { ...usual, lease };
        const ends = leaseFrom(timing, 0).validUntil / (1 + holder * timing.drift);
        const waits = waitOut(timing, lease) / (1 + other * timing.drift);
        expect(ends).toBeLessThanOrEqual(waits);
      }),
    );
  });

  test('is a whole number of nanoseconds in each of its ends', () => {
    const odd = { ...usual, lease: 15 * second + 7, drift: 0.0123 };
    for (const instant of Object.values(leaseFrom(odd, 3))) expect(Number.isInteger(instant)).toBe(true);
    expect(Number.isInteger(waitOut(odd, odd.lease))).toBe(true);
  });
});

describe('the check of a plan', () => {
  test.each([
    ['fast', 2, '2 tries fit: 1s + 2 x 1s + 300ms = 3.3s of 4.39s'],
    ['default', 3, '3 tries fit: 2.5s + 3 x 2s + 2 x 300ms = 9.1s of 11.1s'],
    ['tolerant', 7, '7 tries fit: 10s + 7 x 5s + 6 x 300ms = 46.8s of 47.9s'],
  ] as const)('accepts the profile %s with %i tries', (name, tries, sum) => {
    const checked = checkTiming(profiles[name]);
    expect(checked).toMatchObject({ ok: true, value: { tries } });
    expect(checked.ok ? checked.value.arithmetic[3] : '').toBe(`S4: ${sum}`);
  });

  test('notes where only two tries fit', () => {
    const checked = checkTiming(profiles.fast);
    const notes = [
      'only two tries of a renewal fit in a lease: three would take 1s + 3 x 1s + 2 x 300ms = 4.6s of 4.39s',
    ];
    expect(checked).toMatchObject({ ok: true, value: { notes } });
    expect(checkTiming(usual)).toMatchObject({ ok: true, value: { notes: [] } });
  });

  test('refuses a lease that leaves no room for two tries, and shows the sum', () => {
    expect(refusal({ ...usual, lease: 5 * second })).toBe(
      'cannot use these leader timings: two tries of a renewal take 2.5s + 2 x 2s + 300ms = 6.8s, but a lease leaves ' +
        '1.2s for them (5s less 1% - 500ms - 3s - 250ms); use a lease-duration of 10.657s or more, or shorten ' +
        'renew-period, request-timeout or lost-kill-delay',
    );
  });

  test('accepts the lease that its refusal names, and none that is a millisecond shorter', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer({ min: 1, max: 20_000 }),
        (renew, timeout, lostKillDelay) => {
          const millisecond = second / 1000;
          const timing = {
            ...usual,
            lease: millisecond,
            renew: renew * millisecond,
            timeout: timeout * millisecond,
            lostKillDelay: lostKillDelay * millisecond,
          };
          const named = /lease-duration of (?:(?<minutes>\d+)m)?(?<seconds>[\d.]+)s or more/.exec(
            refusal(timing),
          );
          const { minutes = '0', seconds = '0' } = named?.groups ?? {};
          const lease = Math.round((Number(minutes) * 60 + Number(seconds)) * 1000) * millisecond;
          expect(checkTiming({ ...timing, lease }).ok).toBe(true);
          expect(checkTiming({ ...timing, lease: lease - millisecond }).ok).toBe(false);
        },
      ),
    );
  });

  test.each([
    ['no renew-period', { renew: 0 }, '"renew-period" must be longer than 0s'],
    ['half a nanosecond', { timeout: 0.5 }, '"request-timeout" must be longer than 0s'],
    ['a lease of a day', { lease: 86_400 * second }, '"lease-duration" must be 1h0m0s at most'],
    ['clocks that cannot differ', { drift: 0 }, '"max-clock-drift" must lie between 0% and 50%'],
    ['clocks that differ by all', { drift: 1 }, '"max-clock-drift" must lie between 0% and 50%'],
  ])('refuses %s', (_what, wrong, message) => {
    expect(refusal({ ...usual, ...wrong })).toBe(`cannot use these leader timings: ${message}`);
  });
});

test('a lost request is tried again after 50 to 300 ms, sooner where that would be too late', () => {
  const almost = 0.999_999_999_9;
  expect(retryAt(0, 0)).toBe(0.05 * second);
  expect(retryAt(0, almost)).toBeLessThan(0.3 * second);
  expect(retryAt(0, almost)).toBeGreaterThan(0.29 * second);
  expect(retryAt(0, almost, second)).toBe(retryAt(0, almost));
  expect(retryAt(second, almost, 1.2 * second)).toBeLessThan(1.2 * second);
  expect(retryAt(second, almost, 0)).toBe(1.05 * second);
});
