// What may be concluded from a record by one who does not hold it (S5).
import { describe, expect, test } from 'vitest';
import { certify, observe, standing } from '../../../src/core/leader/observer.ts';
import type { Replica, Sight } from '../../../src/core/leader/observer.ts';
import type { LeaderRecord, View } from '../../../src/core/leader/record.ts';
import { profiles, second } from '../../../src/core/leader/timing.ts';
import { policy, recordBy, viewOf } from '../../support/leader-life.ts';

const full = 15.15 * second;
const seenAt = 50 * second;

function seen(record: LeaderRecord | undefined, rest: Partial<View> = {}): Sight {
  return observe(undefined, viewOf(record, rest), seenAt);
}

function stands(sight: Sight | undefined, now = seenAt, self: Replica = policy.self, longest = 0): unknown {
  return standing({ group: 'schedulers', timing: profiles.default, self }, sight, longest, now);
}

describe('before a record was seen', () => {
  test('nothing is known, however long that lasts', () => {
    expect(stands(undefined, 10_000 * second)).toEqual({ kind: 'unknown' });
  });
});

describe('a missing record', () => {
  test('may be written at once, but work waits out the longest lease that anybody could still believe in', () => {
    expect(stands(seen(undefined))).toEqual({ kind: 'free', delay: full });
    expect(stands(seen(undefined), 10_000 * second)).toEqual({ kind: 'free', delay: full });
  });

  test('may have been one of a longer lease that was seen before', () => {
    expect(stands(seen(undefined), seenAt, policy.self, 60 * second)).toEqual({
      kind: 'free',
      delay: 60.6 * second,
    });
  });
});

test('where it is certain that nobody leads, work may start at once', () => {
  expect(stands(seen(undefined, { found: { kind: 'unused' } }))).toEqual({ kind: 'free', delay: 0 });
});

describe('a released record', () => {
  const released = recordBy('other', { state: 'released' });

  test('is free at once where its holder vouched that nothing older runs', () => {
    expect(stands(seen(released))).toEqual({ kind: 'free', delay: 0 });
  });

  test('is waited out where its holder could not vouch, and then work may start at once', () => {
    const dirty = seen({ ...released, clean: false });
    expect(stands(dirty, seenAt + full - 1)).toEqual({ kind: 'held', until: seenAt + full });
    expect(stands(dirty, seenAt + full)).toEqual({ kind: 'expired', delay: 0 });
  });

  test('vouches for nothing in another incarnation of the engine', () => {
    expect(stands(seen(released, { incarnation: 'two' }))).toEqual({ kind: 'held', until: seenAt + full });
  });
});

describe('a held record', () => {
  test('stands until it has not changed for L(1+ρ) since it was first seen, then work may start at once', () => {
    const sight = seen(recordBy('other'));
    expect(stands(sight, seenAt + full - 1)).toEqual({ kind: 'held', until: seenAt + full });
    expect(stands(sight, seenAt + full)).toEqual({ kind: 'expired', delay: 0 });
  });

  test('is waited out for its own lease where that is longer than ours', () => {
    expect(stands(seen(recordBy('other', { lease: 60 * second })))).toEqual({
      kind: 'held',
      until: seenAt + 60.6 * second,
    });
  });

  test('is waited out for our lease where its own is shorter', () => {
    expect(stands(seen(recordBy('other', { lease: second })))).toMatchObject({ until: seenAt + full });
  });

  test.each([
    ['a renewal', viewOf(recordBy('other', { write: 2 }))],
    ['another version', viewOf(recordBy('other'), { version: 'x' })],
    [
      'another term under the same version',
      viewOf(recordBy('new'), { version: viewOf(recordBy('other')).version }),
    ],
    ['another incarnation', viewOf(recordBy('other'), { incarnation: 'two' })],
    ['its deletion', viewOf(undefined)],
    ['its damage', viewOf(recordBy('other'), { found: { kind: 'unreadable' } })],
  ])('is young again after %s', (_what, view) => {
    const first = seen(recordBy('other'));
    expect(observe(first, view, seenAt + second).since).toBe(seenAt + second);
  });

  test('ages on while it is only read again', () => {
    const first = seen(recordBy('other'));
    const again = observe(first, viewOf(recordBy('other'), { epochFloor: 9 }), seenAt + second);
    expect(again).toBe(first);
  });
});

describe('a certificate', () => {
  const held = recordBy('other');

  test('frees the record of that very term', () => {
    expect(stands(certify(seen(held), held.term))).toEqual({ kind: 'free', delay: 0 });
  });

  test('says nothing of another term', () => {
    expect(stands(certify(seen(held), 'an earlier one'))).toMatchObject({ kind: 'held' });
  });

  test('ends with the next change of the record', () => {
    const certified = certify(seen(held), held.term);
    const next = observe(certified, viewOf({ ...held, write: 2 }), seenAt + second);
    expect(stands(next, seenAt + second)).toMatchObject({ kind: 'held' });
  });

  test('of a holder that was still settling does not shorten the wait', () => {
    const settling = { ...held, clean: false };
    expect(stands(certify(seen(settling), held.term))).toEqual({ kind: 'held', until: seenAt + full });
  });

  test('does not shorten the wait after a rollback, for the longest lease that was ever seen', () => {
    const sight = certify(seen(held, { incarnation: 'two' }), held.term);
    expect(stands(sight)).toEqual({ kind: 'held', until: seenAt + full });
    expect(stands(sight, seenAt, policy.self, 60 * second)).toMatchObject({ until: seenAt + 60.6 * second });
  });
});

describe('a record of our own', () => {
  const earlierLife = recordBy('me', { boot: 'b1' });

  test('from an earlier term of this life is past', () => {
    expect(stands(seen(recordBy('me', { boot: 'b2', instance: '' })))).toEqual({ kind: 'free', delay: 0 });
  });

  test('of another group of this life is held: two groups on one record take turns, and never run together', () => {
    const record = recordBy('me', { boot: 'b2', instance: 'pod/me', group: 'other' });
    expect(stands(seen(record))).toEqual({ kind: 'held', until: seenAt + full });
  });

  test('from an earlier life of this sandbox is past, since we are its PID 1', () => {
    expect(stands(seen(earlierLife))).toEqual({ kind: 'free', delay: 0 });
  });

  test('from an earlier life is waited out where we are not PID 1', () => {
    const self = { ...policy.self, isInit: false };
    expect(stands(seen(earlierLife), seenAt, self)).toMatchObject({ kind: 'held' });
  });

  test('from a sandbox without a certain name is waited out', () => {
    const self = { ...policy.self, instance: '' };
    expect(stands(seen({ ...earlierLife, instance: '' }), seenAt, self)).toMatchObject({ kind: 'held' });
  });
});

describe('what cannot be read', () => {
  test('is waited out, and then settled as well', () => {
    const sight = seen(recordBy('other'), { found: { kind: 'unreadable' } });
    expect(stands(sight)).toEqual({ kind: 'held', until: seenAt + full });
    expect(stands(sight, seenAt + full)).toEqual({ kind: 'expired', delay: full });
  });

  test('because it is of a later format is never overwritten', () => {
    const sight = seen(recordBy('other'), { found: { kind: 'newer', format: 2 } });
    expect(stands(sight, 10_000 * second)).toEqual({ kind: 'unknown' });
  });
});
