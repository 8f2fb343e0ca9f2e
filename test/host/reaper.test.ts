import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { createReaper } from '../../src/host/reaper.ts';
import type { Reaper } from '../../src/host/reaper.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const adopt = join(import.meta.dirname, 'fixtures/adopt.ts');

interface Adopted {
  readonly pid: number;
  readonly collected: number;
  readonly zombies: number;
  readonly own: number;
  readonly wrong: number;
}

async function adopting(command: string, args: readonly string[]): Promise<Adopted> {
  const { stdout } = await run(command, args, { timeout: 120_000 });
  return JSON.parse(stdout) as Adopted;
}

async function isAvailable(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

describe('with real processes', () => {
  test('as PID 1 of a namespace, 10,000 orphans at once leave no zombie and no exit of an own child is lost', async (context) => {
    if (!(await isAvailable('unshare', ['--pid', '--fork', '--mount-proc', 'true']))) {
      return context.skip('needs the right to make a PID namespace (root, and unshare of util-linux)');
    }
    if (!(await isAvailable('perl', ['-v']))) return context.skip('needs perl to make orphans quickly');
    const args = ['--pid', '--fork', '--mount-proc', process.execPath, adopt, '10000', '50'];
    expect(await adopting('unshare', args)).toMatchObject({
      pid: 1,
      collected: 10_000,
      zombies: 0,
      own: 50,
      wrong: 0,
    });
  }, 150_000);

  test('as a child subreaper, 500 short children among 2,000 orphans all tell their exit codes', async (context) => {
    if (!(await isAvailable('perl', ['-v']))) return context.skip('needs perl to make orphans quickly');
    const adopted = await adopting(process.execPath, [adopt, '2000', '500']);
    expect(adopted).toMatchObject({ collected: 2000, zombies: 0, own: 500, wrong: 0 });
  }, 150_000);
});

describe('with a pretend kernel', () => {
  /** A kernel whose ended children are `ended`, in that order. */
  function kernel(ended: number[]): {
    libc: Parameters<typeof createReaper>[0]['libc'];
    collected: number[];
    peeks: () => number;
  } {
    const collected: number[] = [];
    let peeks = 0;
    return {
      collected,
      peeks: () => peeks,
      libc: {
        peekEnded() {
          peeks += 1;
          return ended[0];
        },
        collect(pid) {
          collected.push(pid);
          ended.splice(ended.indexOf(pid), 1);
          return true;
        },
      },
    };
  }

  const running: Reaper[] = [];
  afterEach(() => {
    for (const reaper of running.splice(0)) reaper.stop();
  });
  function reap(deps: Parameters<typeof createReaper>[0]): void {
    running.push(createReaper(deps));
  }

  test('an own child is never collected, and hides the others only until Node has reaped it', async () => {
    const ended = [7, 8];
    const { libc, collected } = kernel(ended);
    reap({ libc, isOwn: (pid) => pid === 7 });
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(collected).toEqual([]);
    ended.shift();
    await until('the orphan behind it is collected', () => collected.length > 0);
    expect(collected).toEqual([8]);
  });

  test('planted fault: a reaper that does not know its own children steals their exits', async () => {
    const { libc, collected } = kernel([7]);
    reap({ libc, isOwn: () => false });
    await until('something is collected', () => collected.length > 0);
    expect(collected).toEqual([7]);
  });

  test('an own child that is not reaped for long is looked at seldom, not in every turn', async () => {
    const { libc, peeks } = kernel([7]);
    reap({ libc, isOwn: () => true });
    for (let turn = 0; turn < 1000; turn++) await new Promise(setImmediate);
    expect(peeks()).toBeGreaterThan(1);
    expect(peeks()).toBeLessThan(100);
  });

  test('a flood of orphans is collected over many turns, so that other work gets its turn', async () => {
    const { libc, collected } = kernel(Array.from({ length: 1000 }, (_, index) => index + 10));
    reap({ libc, isOwn: () => false });
    const between: number[] = [];
    while (collected.length < 1000) {
      await new Promise(setImmediate);
      between.push(collected.length);
    }
    expect(between.length).toBeGreaterThanOrEqual(10);
  });
});
