import { describe, expect, test } from 'vitest';
import { judgeCalm } from './calm.ts';
import type { Fault } from './check.ts';
import type { Life } from './history.ts';

function life(replica: string, epoch: number, from: number, to: number): Life {
  return { replica, epoch, pid: 1, start: from, born: from, stretches: [[from, to]], end: undefined };
}

const fault: Fault = {
  kind: 'crash',
  replica: 'r1',
  parts: ['crash r1'],
  at: 10,
  until: 13,
  hitLeader: true,
};
const lease = 2.4;

describe('peace', () => {
  const calm = [{ from: 2, to: 5 }];

  test('is where one runs throughout and nothing starts', () => {
    expect(judgeCalm([life('r1', 1, 0, 8)], [], calm, lease)).toEqual([]);
  });

  test('planted fault: one that is started anew in it is told, with the gap', () => {
    const lives = [life('r1', 1, 0, 3), life('r1', 1, 3.1, 8)];
    expect(judgeCalm(lives, [], calm, lease)).toEqual([
      'r1 started under epoch 1 in 3.0 s without a fault',
      '0 lives ran throughout in 3.0 s without a fault',
    ]);
  });

  test('planted fault: that nobody runs is told', () => {
    expect(judgeCalm([life('r1', 1, 0, 3)], [], calm, lease)).toHaveLength(1);
  });
});

describe('a fault', () => {
  const starts = (count: number): readonly Life[] =>
    Array.from({ length: count }, (_, index) => life('r2', index, 10.5 + index * 0.1, 10.55 + index * 0.1));

  test('may cost a few lives, and one more for each lease that it lasts', () => {
    expect(judgeCalm(starts(4), [fault], [], lease)).toEqual([]);
  });

  test('planted fault: a storm of starts in its wake is told', () => {
    expect(judgeCalm(starts(5), [fault], [], lease)).toEqual([
      '"crash r1" had 5 lives in its wake, more than 4',
    ]);
    // Each fault has its own.
    expect(judgeCalm(starts(5), [fault, { ...fault, at: 10.75 }], [], lease)).toEqual([]);
  });
});
