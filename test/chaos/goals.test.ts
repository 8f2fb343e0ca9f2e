import { expect, test } from 'vitest';
import { judge } from './check.ts';
import type { Fault } from './check.ts';
import { judgeFence } from './fence.ts';
import { brokenLaws, goalsOf, isMet } from './goals.ts';
import type { Life } from './history.ts';
import { formatReport } from './report.ts';
import type { ChaosReport } from './world.ts';

function life(replica: string, epoch: number, from: number, to: number): Life {
  return { replica, epoch, pid: 1, start: from, born: from, stretches: [[from, to]], end: undefined };
}

function fault(kind: string, replica: string, at: number, until: number): Fault {
  return { kind, replica, parts: [`${kind} ${replica}`], at, until, hitLeader: true };
}

function reportOf(lives: readonly Life[], faults: readonly Fault[], unrest: readonly string[]): ChaosReport {
  const verdict = judge(lives, faults);
  const fence = judgeFence([], lives);
  const leftOut = [{ kind: 'promote', why: 'this engine has no such thing' }];
  return { variant: undefined, faults, lives, verdict, fence, unrest, leftOut, logs: '' };
}

test('a run in which all is well breaks no law and meets its goals', () => {
  const lives = [life('r1', 1, 0, 10), life('r2', 2, 10.05, 20.004), life('r3', 3, 22.4, 30)];
  const report = reportOf(lives, [fault('step down', 'r1', 10, 10.1), fault('crash', 'r2', 20, 21)], []);
  expect(brokenLaws(report)).toEqual([]);
  expect(goalsOf(report).map(({ measured }) => measured.length)).toEqual([1, 1, 1]);
  expect(goalsOf(report).every(isMet)).toBe(true);
  expect(formatReport('redis', report)).not.toContain('MISSED');
});

test('what cannot be played is told with its reason', () => {
  expect(formatReport('redis', reportOf([], [], []))).toContain(
    'left out: promote: this engine has no such thing',
  );
});

test('planted fault: each goal that is missed is told', () => {
  const lives = [life('r1', 1, 0, 10), life('r2', 2, 10.2, 20.03), life('r3', 3, 24, 30)];
  const report = reportOf(lives, [fault('step down', 'r1', 10, 10.3), fault('crash', 'r2', 20, 21)], []);
  expect(goalsOf(report).some(isMet)).toBe(false);
  expect(formatReport('redis', report).match(/MISSED/g)).toHaveLength(3);
});

test('a crash in the wake of another fault says nothing about crashes', () => {
  const lives = [life('r1', 1, 0, 10), life('r2', 2, 24, 30)];
  const [, , crash] = goalsOf(reportOf(lives, [fault('hold', 'r1', 7, 9), fault('crash', 'r1', 10, 11)], []));
  expect(crash?.measured).toEqual([]);
});

test('planted fault: each broken law is told', () => {
  const lives = [life('r1', 2, 0, 10), life('r2', 1, 9, 20), life('r3', 3, 22, 30)];
  const laws = brokenLaws(reportOf(lives, [], ['3 lives ran throughout']));
  expect(laws.map((sentence) => sentence.split(':')[0])).toEqual([
    'overlap',
    'disorder',
    'gap without a fault',
    'storm',
  ]);
});
