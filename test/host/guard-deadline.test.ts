// Nothing of a guarded tree lives past its deadline, nor past the end of djsup or of the guard, whatever state djsup is in.
// Both guards go through the same tests; what the one without Python does not promise is said.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { monotonicNow } from '../../src/host/clock.ts';
import { openFreezer } from '../chaos/freezer.ts';
import {
  childrenOf,
  directory,
  inTools,
  isAlive,
  kinds,
  mutant,
  note,
  recording,
  script,
  signalTo,
  stage,
  tools,
} from './guard-kit.ts';
import { until } from './until.ts';

describe.each(kinds)('$kind', ({ kind, path, late }) => {
  const on = stage(path);

  describe('the deadline', () => {
    test('kills, and a feed moves it, to an earlier instant too', async () => {
      const work = recording();
      const { child, told } = on.guarded(work.argv, 20_000);
      await work.untilBeats();
      const killAt = monotonicNow() + 400;
      child.feed(killAt + 5000);
      child.feed(killAt);
      await until('it has exited', () => told.exit !== undefined);
      expect(told.exit).toEqual({ signal: 'SIGKILL' });
      note(`${kind}: last beat after its deadline`, work.last() - killAt);
      expect(work.last() - killAt).toBeLessThan(late);
      expect(killAt - work.last()).toBeLessThan(50);
    });

    test('a feed that says an instant that has passed kills; a later one cannot take that back', async () => {
      const work = recording();
      const { child, told } = on.guarded(work.argv);
      await work.untilBeats();
      const now = monotonicNow();
      child.feed(now - 1000);
      child.feed(now + 60_000);
      await until('it has exited', () => told.exit !== undefined);
      expect(work.last() - now).toBeLessThan(late);
    });

    test('holds for one that ignores SIGTERM, its children, and a daemon in a session of its own', async () => {
      const stubborn = [recording(-1), recording(-1), recording(-1)];
      const [a, b, c] = stubborn.map(({ argv }) => argv.join(' '));
      const { child, told } = on.guarded(
        script(`(setsid ${a} >/dev/null 2>&1 &); ${b} & trap "" TERM; ${c}; sleep 100`),
        60_000,
        inTools,
      );
      for (const work of stubborn) await work.untilBeats();
      child.signal('main', 'SIGTERM');
      child.signal('group', 'SIGTERM');
      const killAt = monotonicNow() + 300;
      child.feed(killAt);
      await until('it has exited', () => told.exit !== undefined);
      expect(told).toMatchObject({ exit: { signal: 'SIGKILL' }, alone: true });
      for (const work of stubborn) {
        expect(work.last() - killAt).toBeGreaterThan(-50);
        expect(work.last() - killAt).toBeLessThan(late + 100);
      }
    });

    test('holds while djsup is stopped', async () => {
      const work = recording();
      const { supervisor, guard } = await on.supervised(work.argv, { lease: 500, every: 50 });
      await work.untilBeats();
      const stopped = monotonicNow();
      process.kill(supervisor, 'SIGSTOP');
      await work.untilSilent();
      const after = work.last() - stopped;
      note(`${kind}: last beat after djsup was stopped, lease 500 ms, fed each 50 ms`, after);
      expect(after).toBeGreaterThan(300);
      expect(after).toBeLessThan(500 + late);
      await until('the guard has gone', () => !isAlive(guard));
    });

    test('holds through a freeze: after the thaw it does not run on', async (context) => {
      const freezer = openFreezer();
      if (typeof freezer === 'string') return context.skip(freezer);
      try {
        const work = recording();
        const { supervisor, guard } = await on.supervised(work.argv, { lease: 1000, every: 50 });
        await work.untilBeats();
        const [main = 0] = childrenOf(guard);
        for (const pid of [supervisor, guard, main]) freezer.add(pid);
        freezer.freeze(true);
        await work.untilSilent();
        const frozen = work.last();
        await until('the deadline has passed', () => monotonicNow() > frozen + 1500);
        const thawed = monotonicNow();
        freezer.freeze(false);
        await until('the guard has gone', () => !isAlive(guard));
        const ran = Math.max(0, work.last() - thawed);
        note(`${kind}: last beat after the thaw (${freezer.kind})`, ran);
        expect(ran).toBeLessThan(late + 20);
      } finally {
        freezer.freeze(false);
        on.dismiss();
        await until('the freezer is empty', () => freezer.remove());
      }
    });
  });

  describe('the end of djsup', () => {
    test('kills at once', async () => {
      const figures: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        const work = recording();
        const { supervisor, guard } = await on.supervised(work.argv);
        await work.untilBeats();
        const killed = monotonicNow();
        process.kill(supervisor, 'SIGKILL');
        await until('the guard has gone', () => !isAlive(guard));
        figures.push(Math.max(0, work.last() - killed));
      }
      note(`${kind}: last beat after SIGKILL of djsup`, ...figures);
      expect(Math.min(...figures)).toBeLessThan(late);
      expect(Math.max(...figures)).toBeLessThan(300);
    });
  });

  describe('the end of the guard', () => {
    test('by SIGKILL is that of the command', async (context) => {
      if (kind === 'guard.mjs' && !existsSync('/usr/bin/setpriv'))
        return context.skip('guard.mjs needs setpriv (util-linux) for that');
      const work = recording(-1);
      const { child, told } = on.guarded(work.argv);
      await work.untilBeats();
      const killed = monotonicNow();
      process.kill(child.pid, 'SIGKILL');
      await until('it has exited', () => told.exit !== undefined);
      await work.untilSilent();
      expect(told.exit).toEqual({ signal: 'SIGKILL', guardLost: true });
      note(`${kind}: last beat after SIGKILL of the guard`, Math.max(0, work.last() - killed));
      expect(work.last() - killed).toBeLessThan(late);
    });

    test('SIGKILL to the group ends it all, what has left the group included', async () => {
      const works = [recording(-1), recording(-1)];
      const [a, b] = works.map(({ argv }) => argv.join(' '));
      const { child, told } = on.guarded(
        script(`(setsid ${a} >/dev/null 2>&1 &); exec ${b}`),
        60_000,
        inTools,
      );
      for (const work of works) await work.untilBeats();
      const killed = monotonicNow();
      child.signal('group', 'SIGKILL');
      await until('it has exited', () => told.exit !== undefined);
      expect(told).toMatchObject({ exit: { signal: 'SIGKILL' }, alone: true });
      for (const work of works) expect(work.last() - killed).toBeLessThan(late + 100);
    });

    test('a guard that is stopped goes with its group all the same', async () => {
      const work = recording(-1);
      const { child, told } = on.guarded(work.argv);
      await work.untilBeats();
      process.kill(child.pid, 'SIGSTOP');
      child.signal('group', 'SIGKILL');
      await until('it has exited', () => told.exit !== undefined);
      await work.untilSilent();
      expect(told.exit).toEqual({ signal: 'SIGKILL' });
    });

    test('when the main process has ended, the rest gets SIGTERM and a moment, then SIGKILL; only then it ends', async () => {
      const polite = recording(0.1);
      const stubborn = recording(-1);
      const text = `${polite.argv.join(' ')} & (setsid ${stubborn.argv.join(' ')} &) ; read x <${join(directory, 'gate')}; exit 7`;
      execFileSync('mkfifo', [join(directory, 'gate')]);
      const { told } = on.guarded(script(text), 60_000, inTools);
      await polite.untilBeats();
      await stubborn.untilBeats();
      const ended = monotonicNow();
      writeFileSync(join(directory, 'gate'), 'go\n');
      await until('it has exited', () => told.exit !== undefined);
      rmSync(join(directory, 'gate'));
      expect(told).toMatchObject({ exit: { code: 7 }, alone: true });
      expect(polite.life()?.end).toBeDefined();
      expect(stubborn.last() - ended).toBeGreaterThan(400);
      expect(stubborn.last() - ended).toBeLessThan(1500);
    });

    test('with an environment cleared and two forks a daemon hides from guard.mjs, not from guard.py', async () => {
      const work = recording(-1);
      const { child, told } = on.guarded(
        script(`(env -i ${tools}/setsid ${work.argv.join(' ')} >/dev/null 2>&1 &); exec sleep 100`),
      );
      await work.untilBeats();
      child.signal('group', 'SIGKILL');
      await until('it has exited', () => told.exit !== undefined);
      const pid = work.life()?.pid ?? 0;
      expect(isAlive(pid)).toBe(kind === 'guard.mjs');
      signalTo(pid, 'SIGKILL');
    });
  });

  if (kind !== 'guard.py') return;

  describe('a fault planted in it shows:', () => {
    test('without its timer the guard lets it run on while djsup is stopped', async () => {
      const work = recording();
      const { supervisor } = await on.supervised(work.argv, {
        lease: 500,
        every: 50,
        guards: mutant('signal.setitimer(signal.ITIMER_REAL, max(left, 1e-6))', 'pass'),
      });
      await work.untilBeats();
      const stopped = monotonicNow();
      process.kill(supervisor, 'SIGSTOP');
      await until('it has run past its deadline', () => work.last() - stopped > 700);
      expect(isAlive(work.life()?.pid ?? 0)).toBe(true);
    });

    test('a guard that does not heed the end of its line lets it run on', async () => {
      const work = recording();
      const { supervisor, guard } = await on.supervised(work.argv, {
        guards: mutant('self.set_deadline(0)', 'return'),
      });
      await work.untilBeats();
      const killed = monotonicNow();
      process.kill(supervisor, 'SIGKILL');
      await until('it has run on', () => work.last() - killed > 500);
      expect(isAlive(guard)).toBe(true);
      process.kill(guard, 'SIGKILL');
    });

    test('without the parent-death signal the command would outlive it', async () => {
      const work = recording(-1);
      const { guard } = await on.supervised(work.argv, {
        guards: mutant('prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)', 'pass'),
      });
      await work.untilBeats();
      const killed = monotonicNow();
      process.kill(guard, 'SIGKILL');
      await until('it has run on', () => work.last() - killed > 300);
      expect(isAlive(guard)).toBe(false);
      process.kill(work.life()?.pid ?? 0, 'SIGKILL');
    });
  });
});
