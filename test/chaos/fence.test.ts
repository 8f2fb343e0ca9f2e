import { expect, test } from 'vitest';
import { judgeFence } from './fence.ts';
import type { Effect } from './fence.ts';
import type { Life } from './history.ts';

function life(replica: string, epoch: number, from: number, to: number): Life {
  return { replica, epoch, pid: 1, start: from, born: from, stretches: [[from, to]], end: undefined };
}

const effect = (kind: Effect['kind'], replica: string, epoch: number, mono: number): Effect => ({
  kind,
  replica,
  epoch,
  mono,
});

const lives = [life('r1', 1, 0, 5), life('r2', 2, 3, 9)];

test('a fence that lets nothing late in, and refuses only what is late, is whole', () => {
  const effects = [
    effect('fenced', 'r1', 1, 1),
    effect('fenced', 'r2', 2, 3.1),
    effect('refused', 'r1', 1, 3.2),
    effect('plain', 'r2', 2, 3.3),
    effect('plain', 'r1', 1, 3.4),
    effect('fenced', 'r2', 2, 3.5),
  ];
  const { accepted, broken, stale, wronged, late } = judgeFence(effects, lives);
  expect([accepted, broken, wronged]).toEqual([3, [], []]);
  expect(stale.map(({ mono }) => mono)).toEqual([3.2]);
  expect(late.map(({ mono }) => mono)).toEqual([3.4]);
});

test('planted fault: a fence that lets a late effect in is broken', () => {
  const effects = [effect('fenced', 'r2', 2, 3.1), effect('fenced', 'r1', 1, 3.2)];
  expect(judgeFence(effects, lives).broken).toEqual([effects[1]]);
});

test('planted fault: one that refuses the only one that runs is wrong, whatever came before', () => {
  const sunk = [life('r1', 7, 0, 2), life('r2', 3, 4, 9)];
  const effects = [effect('fenced', 'r1', 7, 1), effect('refused', 'r2', 3, 5)];
  const { wronged, stale } = judgeFence(effects, sunk);
  expect([wronged, stale]).toEqual([[effects[1]], []]);
});
