// The judge of effects on a resource that all replicas share (effects.py). Laws: (c) what is fenced is never accepted after
// something fenced of a higher epoch; and who alone runs is never refused.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Life } from './history.ts';

/** One attempt, as the resource took it. */
export interface Effect {
  /** Without a fence; with one, accepted; with one, refused. */
  readonly kind: 'plain' | 'fenced' | 'refused';
  readonly replica: string;
  readonly epoch: number;
  /** When it was tried, s of CLOCK_MONOTONIC. */
  readonly mono: number;
}

export interface FenceVerdict {
  readonly accepted: number;
  /** Fenced, and accepted after one of a higher epoch. */
  readonly broken: readonly Effect[];
  /** Refused, and rightly: another has begun to run since. */
  readonly stale: readonly Effect[];
  /** Refused although nobody had begun to run after it. */
  readonly wronged: readonly Effect[];
  /** Without a fence, and accepted after effects of a higher epoch: what a fence is for. */
  readonly late: readonly Effect[];
}

/** `effects` in the order in which they were accepted. */
export function judgeFence(effects: readonly Effect[], lives: readonly Life[]): FenceVerdict {
  const refused = effects.filter(({ kind }) => kind === 'refused');
  const isWronged = ({ replica, epoch, mono }: Effect): boolean => {
    const latest = lives.findLast(({ start }) => start <= mono);
    return latest?.replica === replica && latest.epoch === epoch;
  };
  return {
    accepted: effects.filter(({ kind }) => kind === 'fenced').length,
    broken: outrun(effects, 'fenced'),
    stale: refused.filter((effect) => !isWronged(effect)),
    wronged: refused.filter(isWronged),
    late: outrun(effects, 'plain'),
  };
}

/** Those of a kind that come after one of that kind with a higher epoch. */
function outrun(effects: readonly Effect[], wanted: Effect['kind']): readonly Effect[] {
  let highest = 0;
  return effects.filter(({ kind, epoch }) => {
    if (kind !== wanted) return false;
    highest = Math.max(highest, epoch);
    return epoch < highest;
  });
}

const script = join(import.meta.dirname, 'effects.py');

export function makeResource(python: string, path: string): void {
  execFileSync(python, ['-S', '-E', script, 'make', path]);
}

export function readEffects(python: string, path: string): readonly Effect[] {
  const text = execFileSync(python, ['-S', '-E', script, 'dump', path], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  return parseEffects(text);
}

function parseEffects(text: string): readonly Effect[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [kind, replica = '', epoch, mono] = line.split(' ');
      return { kind: kind as Effect['kind'], replica, epoch: Number(epoch), mono: Number(mono) };
    });
}
