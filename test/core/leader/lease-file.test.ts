import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkLease, decodeLeaseFile, encodeLeaseFile } from '../../../src/core/leader/lease-file.ts';
import { millisecond, profiles, validity } from '../../../src/core/leader/timing.ts';
import type { LeaseFile } from '../../../src/core/leader/lease-file.ts';

const lease: LeaseFile = { group: 'schedulers', id: 'web-1', epoch: 41, validUntil: 20_000, bootId: 'b-1' };
const environment: Readonly<Record<string, string>> = {
  DJSUP_LEADER_GROUP: 'schedulers',
  DJSUP_LEADER_EPOCH: '41',
  DJSUP_LEADER_ID: 'web-1',
};

function check(
  file: LeaseFile | string | undefined,
  { now = 10_000, bootId = 'b-1', minValid = 2000, variables = environment } = {},
): unknown {
  const text = typeof file === 'object' ? encodeLeaseFile(file) : file;
  const result = checkLease(text, variables, now, bootId, minValid);
  return result.ok ? result.value : result.failure;
}

test('the file is one line of JSON, its instant in seconds', () => {
  expect(encodeLeaseFile(lease)).toBe(
    '{"group":"schedulers","id":"web-1","epoch":41,"valid_until":20,"boot_id":"b-1"}\n',
  );
});

test('what is written is read again, and its end never later than it was', () => {
  const instants = fc.double({ min: 0, max: 1e12, noNaN: true });
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(), instants, (group, id, epoch, validUntil) => {
      const read = decodeLeaseFile(encodeLeaseFile({ group, id, epoch, validUntil, bootId: 'b' }));
      expect(read).toMatchObject({ group, id, epoch, bootId: 'b' });
      expect(read?.validUntil).toBeLessThanOrEqual(validUntil + 1e-4);
      expect(read?.validUntil).toBeGreaterThanOrEqual(validUntil - 2e-3);
    }),
  );
});

describe('a process still leads', () => {
  test('with its epoch in the file, and enough time left', () => {
    expect(check(lease)).toEqual({ group: 'schedulers', epoch: 41, left: 10_000 });
    expect(check(lease, { now: 18_000 })).toMatchObject({ left: 2000 });
  });

  test.each([
    ['there is no file', undefined, {}, 'its lease file (DJSUP_LEADER_FILE) cannot be read'],
    ['the file is damaged', '{"group":', {}, 'its lease file (DJSUP_LEADER_FILE) cannot be read'],
    ['the file says something else', '[]', {}, 'its lease file (DJSUP_LEADER_FILE) cannot be read'],
    ['it is of another group', { ...lease, group: 'x' }, {}, 'the lease file is that of "x"'],
    ['there is a newer epoch', { ...lease, epoch: 42 }, {}, 'the lease is that of epoch 42'],
    [
      'the machine was booted since',
      lease,
      { bootId: 'b-2' },
      'the lease is from before the last boot of this machine',
    ],
    ['the lease has run out', lease, { now: 20_000 }, 'the lease has run out'],
    ['it was given up', { ...lease, validUntil: 0 }, {}, 'the lease has run out'],
    ['it runs out too soon', lease, { now: 18_500 }, 'the lease is valid for 1.5s only, and 2s are needed'],
  ])('not where %s', (_, file, further, reason) => {
    expect(check(file, further)).toBe(`cannot lead "schedulers" in epoch 41: ${reason}`);
  });

  test('but no more can be asked of the lease than it is ever valid for, or steadily', () => {
    const { longest, steady } = validity(profiles.fast);
    const fast = { longest: longest / millisecond, steady: steady / millisecond };
    expect(fast).toEqual({ longest: 5940, steady: 3640 });
    const file = { ...lease, validUntil: 15_000, validity: fast };
    expect(decodeLeaseFile(encodeLeaseFile(file))).toEqual(file);
    expect(check(file, { minValid: 3640 })).toMatchObject({ left: 5000 });
    expect(check(file, { minValid: 5000 })).toMatchObject({ left: 5000 });
    expect(check(file, { minValid: 5001 })).toBe(
      'cannot lead "schedulers" in epoch 41: the lease is valid for 5s only, and 5.001s are needed; before a renewal less than that is normal: ask for 3.64s or less',
    );
    expect(check(file, { minValid: 5941 })).toBe(
      'cannot ask for 5.941s of the lease of "schedulers": it is never valid for more than 5.94s; ask for 3.64s or less, or give the group a longer lease-duration',
    );
  });

  test('and one that is no singleton never does', () => {
    for (const variables of [
      {},
      { ...environment, DJSUP_LEADER_EPOCH: 'x' },
      { ...environment, DJSUP_LEADER_GROUP: '' },
    ])
      expect(check(lease, { variables })).toContain('this is no process of a singleton');
  });
});
