import { describe, expect, test } from 'vitest';
import { judge, percentile } from './check.ts';
import type { Fault } from './check.ts';
import { parseLife } from './history.ts';
import type { Life } from './history.ts';

function life(replica: string, epoch: number, ...stretches: readonly (readonly [number, number])[]): Life {
  const start = stretches[0]?.[0] ?? 0;
  return { replica, epoch, pid: 1, start, born: start - 0.125, stretches, end: undefined };
}

const fault: Fault = { kind: 'kill', replica: 'r1', parts: ['kill r1'], at: 2, until: 2, hitLeader: true };

describe('the judge', () => {
  test('finds nothing wrong where one follows the other', () => {
    const verdict = judge([life('r1', 1, [0, 2]), life('r2', 2, [5, 7]), life('r2', 2, [7.25, 8])], [fault]);
    expect(verdict).toMatchObject({ overlaps: [], disorder: [] });
    expect(verdict.gaps.map(({ from, born, to, moved }) => [from, born, to, moved])).toEqual([
      [2, 4.875, 5, true],
      [7, 7.125, 7.25, false],
    ]);
    expect(verdict.gaps.map((gap) => gap.fault?.kind)).toEqual(['kill', undefined]);
  });

  test('catches two that run together, however long the first has run, of one replica too', () => {
    const verdict = judge([life('r1', 1, [0, 10]), life('r2', 2, [3, 4]), life('r1', 3, [9.5, 12])], []);
    expect(verdict.overlaps.map(({ from, length }) => [from, length])).toEqual([
      [3, 1],
      [9.5, 0.5],
    ]);
    expect(verdict.overlaps.every(({ isReal }) => isReal)).toBe(true);
  });

  test('tells a few beats after a thaw from two that really run together', () => {
    const freeze = { ...fault, kind: 'freeze', parts: ['freeze r1'], until: 4.999 };
    const after = (faults: readonly Fault[], ...beats: readonly (readonly [number, number])[]): unknown =>
      judge([life('r1', 1, [0, 2], ...beats), life('r2', 2, [4, 8])], faults).overlaps.map(
        ({ isReal }) => isReal,
      );
    expect(after([freeze], [5, 5.002])).toEqual([false]);
    expect(after([freeze], [5, 5.02])).toEqual([true]);
    // It and what it has left behind beat one after the other.
    expect(after([freeze], [5, 5], [5.001, 5.002])).toEqual([false, false]);
    expect(after([freeze], [5, 5.002], [5.004, 5.0055])).toEqual([false, true]);
    // Once only, and only there.
    expect(after([freeze], [5, 5.002], [5.03, 5.032])).toEqual([false, true]);
    expect(after([freeze], [6, 6.002])).toEqual([true]);
    expect(after([{ ...freeze, parts: ['freeze r2'] }], [5, 5.002])).toEqual([true]);
    expect(after([], [5, 5.002])).toEqual([true]);
  });

  test('does not count time in which one was frozen', () => {
    expect(
      judge([life('r1', 1, [0, 2]), life('r2', 2, [3, 4], [8, 9]), life('r3', 3, [5, 7])], []).overlaps,
    ).toEqual([]);
  });

  test('tells how long the work of one whose djsup was killed went on', () => {
    const lives = [life('r1', 1, [0, 2.03]), life('r2', 2, [5, 7])];
    const killed = { ...fault, kind: 'kill djsup' };
    expect(judge(lives, [killed, fault]).outlived.map((span) => span.toFixed(3))).toEqual(['0.030']);
    // It had ended by itself, or it was another's djsup.
    expect(judge(lives, [{ ...killed, at: 3 }]).outlived).toEqual([]);
    expect(judge(lives, [{ ...killed, hitLeader: false }]).outlived).toEqual([]);
  });

  test('catches an epoch that goes back, or that two replicas share', () => {
    expect(judge([life('r1', 2, [0, 1]), life('r2', 1, [2, 3])], []).disorder).toHaveLength(1);
    expect(judge([life('r1', 2, [0, 1]), life('r2', 2, [2, 3])], []).disorder).toHaveLength(1);
  });
});

describe('what a life has lost sight of', () => {
  const parent = 'start 1 42 0.000000 0.000000\nrun 0.000000 2.000000\n';
  const lifeWith = (kin: string): Life => {
    const read = parseLife('r1', parent, kin);
    if (read === undefined) throw new Error('nothing was read');
    return read;
  };

  test('is a part of it', () => {
    const { stretches } = lifeWith('run 0.010000 1.500000\nrun 1.900000 2.001000\n');
    expect(stretches).toEqual([[0, 2.001]]);
  });

  test('planted fault: that it runs on beside another life is an overlap', () => {
    const next = life('r2', 2, [3, 4]);
    expect(judge([lifeWith(''), next], []).overlaps).toEqual([]);
    expect(judge([lifeWith('run 0.010000 3.250000\n'), next], []).overlaps).toMatchObject([
      { from: 3, length: 0.25, isReal: true },
    ]);
  });
});

test('what a recorder wrote is read again, and what it was writing is left out', () => {
  const text =
    'start 7 42 1.500000 1.480000\nrun          1.500000           2.500000\nrun          4.000000           4.250000\nend 4.25';
  expect(parseLife('r1', text)).toEqual({
    replica: 'r1',
    epoch: 7,
    pid: 42,
    start: 1.5,
    born: 1.48,
    stretches: [
      [1.5, 2.5],
      [4, 4.25],
    ],
    end: undefined,
  });
  expect(parseLife('r1', `${text}0000\n`)?.end).toBe(4.25);
  expect(parseLife('r1', 'sta')).toBeUndefined();
});

test('percentiles are numbers that occurred', () => {
  const numbers = [5, 1, 4, 2, 3];
  expect([0.5, 0.99, 1, 0.01].map((share) => percentile(numbers, share))).toEqual([3, 5, 5, 1]);
  expect(percentile([], 0.5)).toBeNaN();
});
