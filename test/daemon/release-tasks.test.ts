// Tasks that are done once for each release, by one of several replicas: real keepers over one pretend engine, one clock.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mostTasks } from '../../src/core/release-board.ts';
import type { Backing } from '../../src/ports.ts';
import { leaderCrew, reload } from '../support/leader-crew.ts';
import type { Crew } from '../support/leader-crew.ts';
import { recordBy, viewOf } from '../support/leader-life.ts';

const plan = `
services:
  migrate: {override: replace, command: migrate, startup: enabled, type: task, once: release, before: [web]}
  web: {override: replace, command: web, startup: enabled}
leader:
  releases: {override: merge, profile: fast}
`;
/** The start delay of the fast profile, where no record was there before, and a little more. */
const settled = 6_500;

type World = ReturnType<Crew['join']>;

function runs(world: World, task = 'migrate') {
  return world.spawner.processes.filter(({ launch }) => launch.owner === task);
}

/** Ends the process that runs now. */
function end(world: World, code: number, words = ''): void {
  const latest = world.spawner.latest('migrate');
  if (words !== '') latest.print(`${words}\n`);
  latest.exit(code);
}

/** All that a replica shows to people and programs. */
async function all(crew: Crew, { face, log }: World): Promise<string> {
  const every = { userId: undefined, types: [], keys: [], after: undefined };
  const reading = [face.notices(every, 0, new AbortController().signal), face.metrics()] as const;
  await crew.pass(20);
  const [notices, families] = await Promise.all(reading);
  const shown = [face.services([]), face.changes('all', undefined), face.leaders([]), notices, [...families]];
  return JSON.stringify([...log.lines, ...shown]);
}

async function crewOf(...replicas: readonly string[]) {
  const crew = leaderCrew();
  const worlds = replicas.map((name) => crew.join(name, plan));
  await crew.pass(settled);
  const [runner = ''] = crew.running('migrate');
  const at = (name: string): World => {
    const found = worlds[replicas.indexOf(name)];
    if (found === undefined) throw new Error(`nobody is called "${name}"`);
    return found;
  };
  const others = worlds.filter((_, index) => replicas[index] !== runner);
  return { crew, worlds, runner, holder: at(runner), others, at };
}

function board(crew: Crew): Readonly<Record<string, string>> {
  const { found } = crew.engine.view;
  return found.kind === 'record' ? found.record.board : {};
}

describe('a task that is done once for a release', () => {
  test('runs in one of three replicas, the others wait, and then all go on', async () => {
    const { crew, worlds, holder, others } = await crewOf('a', 'b', 'c');
    await crew.pass(600_000);
    expect(crew.running('migrate')).toHaveLength(1);
    expect(crew.running('web')).toEqual([]);
    for (const each of worlds)
      expect([each.face.health('alive', []), each.face.health('ready', [])]).toEqual([true, false]);
    for (const other of others)
      expect(other.service('migrate')).toMatchObject({
        current: 'standby',
        reason: expect.stringMatching(
          /^waits until it is done for release r1: leader group "releases": "\w" leads$/,
        ),
      });
    expect(holder.spawner.latest('migrate').launch).toMatchObject({
      environment: { DJSUP_LEADER_GROUP: 'releases' },
      guard: { killAt: expect.any(Number) },
    });
    end(holder, 0);
    await crew.pass(2_000);
    expect(crew.running('web')).toEqual(['a', 'b', 'c']);
    expect(worlds.flatMap((each) => runs(each))).toHaveLength(1);
    for (const each of worlds) {
      expect(each.service('migrate')).toMatchObject({
        state: 'done',
        reason: 'done for release r1 (by a test)',
      });
      expect(each.face.health('ready', [])).toBe(true);
    }
    expect(board(crew)).toEqual({ '-done r1': 'migrate' });
    expect(crew.engine.view.found).toMatchObject({ record: { state: 'released', clean: true } });
  });

  test('leaves nothing to lead while there is nothing to do: no alarm, and no word of services that were not started', async () => {
    const led = 'checks:\n  led: {override: replace, threshold: 1, period: 1s, leader: {group: releases}}\n';
    const crew = leaderCrew();
    const [a, b] = [crew.join('a', plan + led), crew.join('b', plan + led)];
    await crew.pass(settled);
    for (const each of crew.running('migrate')) end(each === 'a' ? a : b, 0);
    await crew.pass(600_000);
    for (const each of [a, b]) {
      expect(each.face.checks(undefined, [])).toMatchObject([{ name: 'led', status: 'up' }]);
      expect(each.face.leaders([])[0]?.detail).toContain('nothing of the group is to be done here for now');
    }
  });

  test('is not run by who comes later, nor after a restart, and the record stays free', async () => {
    const { crew, holder } = await crewOf('a', 'b');
    end(holder, 0);
    await crew.pass(1_000);
    const before = crew.engine.view;
    const late = crew.join('late', plan);
    await crew.pass(2_000);
    expect(runs(late)).toEqual([]);
    expect(crew.running('web')).toContain('late');
    expect(crew.engine.view).toBe(before);
  });

  test('whose failure is seen in all replicas, and which is tried again by one of them after each pause', async () => {
    const { crew, worlds, runner, holder } = await crewOf('a', 'b', 'c');
    end(holder, 1, 'OperationalError: no route to "postgres:secret"');
    await crew.pass(100);
    expect(crew.running('migrate')).toEqual([]);
    expect(board(crew)['migrate!']).toMatch(/^r1 \S+Z 1 in \w: exit 1$/);
    expect(JSON.stringify(crew.engine.view)).not.toContain('secret');
    for (const each of worlds) {
      const text = `failed for release r1 in ${runner}: exit 1 (see the log of ${runner})`;
      expect(each.log.lines.join('\n')).toContain(text);
      expect(each.service('migrate').reason).toContain(`failed once in ${runner}: exit 1`);
      const change = each.face.changes('all', 'migrate').find(({ kind }) => kind === 'autostart');
      expect(change?.tasks.flatMap(({ log }) => log).join('\n')).toContain(text);
      expect(change?.status).toBe('Doing');
      expect(each.face.health('ready', [])).toBe(false);
    }
    // What it has printed is for the replica where it ran alone.
    for (const each of worlds) expect((await all(crew, each)).includes('secret')).toBe(each === holder);
    for (const count of [2, 3, 4]) {
      await crew.pass(500 * 2 ** (count - 2) * 1.1 + 200);
      const [next = ''] = crew.running('migrate');
      expect(crew.most('migrate')).toBe(1);
      const again = worlds.find((each) => runs(each).some(({ alive }) => alive));
      if (again === undefined) throw new Error('nobody tries again');
      end(again, 1);
      await crew.pass(100);
      expect(board(crew)['migrate!']).toContain(` ${count} in ${next}: exit 1`);
    }
    await crew.pass(5_000);
    const last = worlds.find((each) => runs(each).some(({ alive }) => alive));
    expect(last).toBeDefined();
    if (last !== undefined) end(last, 0);
    await crew.pass(2_000);
    expect(crew.running('web')).toEqual(['a', 'b', 'c']);
    expect(board(crew)).toEqual({ '-done r1': 'migrate' });
    expect(worlds.flatMap((each) => runs(each))).toHaveLength(5);
  });

  test('is stopped where its replica is cut off from the engine, before another one takes it over', async () => {
    const { crew, worlds, runner, holder, others } = await crewOf('a', 'b', 'c');
    crew.engine.cutOff.add(runner);
    await crew.pass(20_000);
    const [next = ''] = crew.running('migrate');
    expect(next).not.toBe(runner);
    expect(crew.most('migrate')).toBe(1);
    expect(board(crew)).toEqual({});
    const taker = others.find((each) => runs(each).some(({ alive }) => alive));
    if (taker !== undefined) end(taker, 0);
    await crew.pass(2_000);
    expect(crew.running('web')).toHaveLength(2);
    expect(holder.face.health('ready', [])).toBe(false);
    crew.engine.cutOff.clear();
    await crew.pass(8_000);
    expect(crew.running('web')).toEqual(['a', 'b', 'c']);
    expect(worlds.flatMap((each) => runs(each))).toHaveLength(2);
  });

  test('is taken over at once when who runs it ends in order', async () => {
    const { crew, runner, holder, others } = await crewOf('a', 'b');
    holder.supervisor.stop(0, 'test');
    await crew.pass(500);
    expect(crew.running('migrate')).toHaveLength(1);
    expect(crew.running('migrate')).not.toEqual([runner]);
    expect(board(crew)).toEqual({});
    expect(others[0]?.service('migrate').state).toBe('working');
    expect(await holder.supervisor.ended).toBe(0);
  });

  test('waits while the engine cannot be reached, and is never run without it', async () => {
    const crew = leaderCrew();
    crew.engine.refusal = { kind: 'failed', error: 'transient', message: 'ECONNREFUSED' };
    const a = crew.join('a', plan);
    await crew.pass(120_000);
    expect([crew.running('migrate'), crew.running('web')]).toEqual([[], []]);
    expect([a.face.health('alive', []), a.face.health('ready', [])]).toEqual([true, false]);
    crew.engine.refusal = undefined;
    await crew.pass(20_000);
    expect(crew.running('migrate')).toEqual(['a']);
  });

  test('of two releases at once runs for one after the other', async () => {
    const crew = leaderCrew();
    const old = crew.join('old', plan);
    await crew.pass(settled);
    const fresh = crew.join('fresh', plan, undefined, () => 'r2');
    await crew.pass(5_000);
    expect(crew.running('migrate')).toEqual(['old']);
    end(old, 0);
    await crew.pass(1_000);
    expect(crew.running('migrate')).toEqual(['fresh']);
    expect(crew.running('web')).toEqual(['old']);
    end(fresh, 0);
    await crew.pass(2_000);
    expect(crew.running('web')).toEqual(['old', 'fresh']);
    expect(crew.most('migrate')).toBe(1);
    expect(board(crew)).toEqual({ '-done r1': 'migrate', '-done r2': 'migrate' });
  });

  test('of a release that keeps failing leaves room for the next', async () => {
    const crew = leaderCrew();
    const broken = crew.join('broken', plan);
    await crew.pass(settled);
    const fixed = crew.join('fixed', plan, undefined, () => 'r2');
    await crew.pass(1_000);
    end(broken, 1);
    await crew.pass(200);
    expect(crew.running('migrate')).toEqual(['fixed']);
    end(fixed, 0);
    await crew.pass(2_000);
    expect(crew.running('web')).toEqual(['fixed']);
    expect(crew.running('migrate')).toEqual(['broken']);
  });

  test('runs for the new release after a reload that brings one', async () => {
    const crew = leaderCrew();
    let release = 'r1';
    const a = crew.join('a', plan, undefined, () => release);
    await crew.pass(settled);
    end(a, 0);
    await crew.pass(2_000);
    reload(a, plan);
    await crew.pass(1_000);
    expect(runs(a)).toHaveLength(1);
    release = 'r2';
    reload(a, plan);
    await crew.pass(1_000);
    expect(runs(a)).toHaveLength(2);
    end(a, 0);
    await crew.pass(1_000);
    expect(board(crew)).toEqual({ '-done r1': 'migrate', '-done r2': 'migrate' });
  });

  test('runs once more for who names it, and a failure of that undoes nothing', async () => {
    const { crew, holder } = await crewOf('a', 'b');
    end(holder, 0);
    await crew.pass(2_000);
    const id = holder.act('start', 'migrate');
    await crew.pass(1_000);
    expect(runs(holder)).toHaveLength(2);
    end(holder, 1, 'no');
    await crew.pass(1_000);
    expect(holder.change(id)).toMatchObject({ status: 'Error', err: expect.stringContaining('exit 1: no') });
    expect(board(crew)).toEqual({ '-done r1': 'migrate' });
    expect(crew.engine.view.found).toMatchObject({ record: { state: 'released' } });
  });

  test('one after the other are done in one term', async () => {
    const two = plan.replace(
      '  web:',
      '  load: {override: replace, command: load, startup: enabled, type: task, once: release, after: [migrate]}\n  web:',
    );
    const crew = leaderCrew();
    const a = crew.join('a', two);
    await crew.pass(settled);
    end(a, 0);
    await crew.pass(200);
    expect(crew.running('load')).toEqual(['a']);
    a.spawner.latest('load').exit(0);
    await crew.pass(2_000);
    expect(board(crew)).toEqual({ '-done r1': 'load migrate' });
    expect(crew.engine.view.found).toMatchObject({ record: { epoch: 1, state: 'released' } });
  });

  test('whose change is aborted is given up here, and another replica takes it', async () => {
    const { crew, holder, runner } = await crewOf('a', 'b');
    const change = holder.face.changes('in-progress', 'migrate').find(({ kind }) => kind === 'autostart');
    holder.face.abortChange(change?.id ?? '');
    await crew.pass(2_000);
    expect(crew.running('migrate')).toHaveLength(1);
    expect(crew.running('migrate')).not.toEqual([runner]);
    expect(holder.change(change?.id ?? '').status).toBe('Error');
  });

  test('that somebody stops here is left to the others, until something here needs it', async () => {
    const { crew, holder, runner, others } = await crewOf('a', 'b');
    holder.act('stop', 'migrate');
    await crew.pass(2_000);
    expect(crew.running('migrate')).toHaveLength(1);
    expect(crew.running('migrate')).not.toEqual([runner]);
    const [other] = others;
    if (other !== undefined) end(other, 0);
    await crew.pass(2_000);
    const id = holder.act('autostart');
    await crew.pass(2_000);
    expect(holder.change(id).status).toBe('Done');
    expect(crew.running('web')).toEqual(['a', 'b']);
  });

  test('fails for good where its policy says so, in every replica', async () => {
    const crew = leaderCrew();
    const ignoring = plan.replace('once: release', 'once: release, on-failure: ignore');
    const [a, b] = [crew.join('a', ignoring), crew.join('b', ignoring)];
    await crew.pass(settled);
    const holder = crew.running('migrate')[0] === 'a' ? a : b;
    end(holder, 2);
    await crew.pass(20_000);
    for (const each of [a, b]) {
      const change = each.face.changes('all', 'migrate').find(({ kind }) => kind === 'autostart');
      expect(change?.err).toMatch(/task failed for release r1 in \w: exit 2/);
    }
    expect([crew.running('web'), crew.running('migrate')]).toEqual([[], []]);
  });
});

/** A record that was let go, with this on its board, is there before the replicas take part. */
async function crewAfter(entries: Readonly<Record<string, string>>, ...replicas: readonly string[]) {
  const crew = leaderCrew();
  const worlds = replicas.map((name) => crew.join(name, plan));
  await crew.pass(20);
  crew.engine.view = viewOf(recordBy('former', { group: 'releases', state: 'released', board: entries }));
  await crew.pass(2_000);
  return { crew, worlds };
}

describe('the board', () => {
  const names = Array.from({ length: mostTasks }, (_, count) => `load-fixtures-${count}`);
  const many = plan.replace(
    '  web:',
    names
      .map(
        (name) => `  ${name}: {override: replace, command: x, startup: enabled, type: task, once: release}\n`,
      )
      .join('') + '  web:',
  );

  test('tells of as many tasks as the plan may have, though all of them end at the same time', async () => {
    const crew = leaderCrew();
    const rest = many.replace(/^ {2}migrate:.*\n/m, '');
    const worlds = ['a', 'b', 'c'].map((name) => crew.join(name, rest));
    await crew.pass(settled);
    for (const each of worlds)
      for (const one of each.spawner.processes) if (one.alive && one.launch.owner !== 'web') one.exit(1);
    await crew.pass(2_000);
    for (let round = 0; round < 8; round += 1) {
      for (const each of worlds)
        for (const one of each.spawner.processes) if (one.alive && one.launch.owner !== 'web') one.exit(0);
      await crew.pass(2_000);
    }
    for (const name of names) {
      const exits = worlds.flatMap((each) => runs(each, name));
      expect([name, exits.length]).toEqual([name, 2]);
      for (const each of worlds) expect(each.service(name).state).toBe('done');
    }
    expect(worlds.flatMap((each) => each.log.lines).join('\n')).not.toContain('cannot tell');
    const late = crew.join('late', rest);
    await crew.pass(2_000);
    expect(late.spawner.processes.map(({ launch }) => launch.owner)).toEqual(['web']);
  });

  test('that an earlier djsup has written is gone by, and stays as that one reads it', async () => {
    const { crew, worlds } = await crewAfter({ migrate: 'r1 r0' }, 'a', 'b');
    expect(worlds.flatMap((each) => runs(each))).toEqual([]);
    expect(crew.running('web')).toEqual(['a', 'b']);
    const fresh = crew.join('fresh', plan, undefined, () => 'r2');
    await crew.pass(2_000);
    end(fresh, 0);
    await crew.pass(2_000);
    expect(board(crew)).toEqual({ migrate: 'r1 r0', '-done r2': 'migrate' });
  });

  test('that has no room makes others wait, for one replica keeps the record until it can tell them', async () => {
    const crowd = Object.fromEntries(Array.from({ length: 16 }, (_, count) => [`-other ${count}`, 'x']));
    const { crew, worlds } = await crewAfter(crowd, 'a', 'b', 'c');
    const [runner = ''] = crew.running('migrate');
    const holder = worlds['abc'.indexOf(runner)];
    if (holder === undefined) throw new Error('nobody runs it');
    end(holder, 0);
    await crew.pass(60_000);
    expect(worlds.flatMap((each) => runs(each))).toHaveLength(1);
    expect([crew.running('web'), board(crew)]).toEqual([[], crowd]);
    const full = 'cannot publish "-done r1": there are 16 entries already; take one off first';
    expect(holder.log.lines.filter((line) => line.includes(full))).toHaveLength(1);
    expect(holder.service('migrate').reason).toMatch(
      `is done here, and the other replicas do not know it: ${full}; next try in `,
    );
    // Whoever follows it cannot know, but is one again.
    holder.supervisor.stop(0, 'test');
    await crew.pass(60_000);
    expect(crew.running('migrate')).toHaveLength(1);
    expect(worlds.flatMap((each) => runs(each))).toHaveLength(2);
  });

  test('hears of a success with the next term where the lease was lost before, and the task is not run again', async () => {
    const { crew, holder } = await crewOf('a');
    crew.engine.cutOff.add('a');
    end(holder, 0);
    await crew.pass(30_000);
    expect(crew.running('web')).toEqual([]);
    crew.engine.cutOff.clear();
    await crew.pass(20_000);
    expect(runs(holder)).toHaveLength(1);
    expect(crew.running('web')).toEqual(['a']);
    expect(board(crew)).toEqual({ '-done r1': 'migrate' });
  });
});

describe('without a record that replicas share', () => {
  const fixed = (isTold: boolean) => (): Promise<Backing> =>
    Promise.resolve({
      kind: 'fixed',
      backend: isTold ? 'none' : 'static',
      because: 'it is said so',
      runs: isTold,
    });

  test('every replica that is told to runs it itself, and tries again by itself', async () => {
    const crew = leaderCrew();
    const worlds = [crew.join('a', plan, fixed(true)), crew.join('b', plan, fixed(true))];
    await crew.pass(100);
    expect(crew.running('migrate')).toEqual(['a', 'b']);
    for (const each of worlds) end(each, 1);
    await crew.pass(100);
    expect(crew.running('migrate')).toEqual([]);
    await crew.pass(600);
    expect(crew.running('migrate')).toEqual(['a', 'b']);
    for (const each of worlds) end(each, 0);
    await crew.pass(2_000);
    expect(crew.running('web')).toEqual(['a', 'b']);
  });

  test('who is told not to goes on without it, and says so', async () => {
    const crew = leaderCrew();
    const a = crew.join('a', plan, fixed(false));
    await crew.pass(2_000);
    expect(crew.running('web')).toEqual(['a']);
    expect(runs(a)).toEqual([]);
    expect(a.log.lines.join('\n')).toContain('Task "migrate": goes on without it: it is said so');
  });

  test('a refusal to elect keeps it waiting, with the reason', async () => {
    const crew = leaderCrew();
    const a = crew.join('a', plan, () =>
      Promise.resolve({ kind: 'blocked', backend: 'auto', because: 'nothing is shared' }),
    );
    await crew.pass(60_000);
    expect(crew.running('web')).toEqual([]);
    expect(a.service('migrate')).toMatchObject({
      current: 'standby',
      reason: 'waits until it is done for release r1: no election is possible: nothing is shared',
    });
  });
});

test('a replica that did not look at the board would be seen to run it twice', async () => {
  const { crew, holder } = await crewOf('a', 'b');
  end(holder, 0);
  await crew.pass(1_000);
  // The planted fault: somebody takes the entry off.
  const { view } = crew.engine;
  if (view.found.kind === 'record')
    crew.engine.view = { ...view, found: { ...view.found, record: { ...view.found.record, board: {} } } };
  const late = crew.join('late', plan);
  await crew.pass(2_000);
  expect(runs(late)).toHaveLength(1);
});

type Deed =
  'pass' | 'fail' | 'succeed' | 'cut' | 'heal' | 'leave' | 'step-down' | 'stop' | 'autostart' | 'again';
const deeds: readonly Deed[] = [
  ...(['pass', 'pass', 'pass', 'fail', 'fail', 'succeed', 'cut', 'heal', 'leave', 'step-down'] as const),
  ...(['stop', 'autostart', 'again'] as const),
];

/** What comes of deeds in three replicas of one release; `forgetful`: the planted fault, an engine that loses the board. */
async function lived(
  steps: readonly (readonly [deed: Deed, who: number, span: number])[],
  forgetful = false,
): Promise<{ readonly most: number; readonly needless: number; readonly serving: readonly string[] }> {
  const { crew, worlds } = await crewOf('a', 'b', 'c');
  const left = new Set<World>();
  let [asked, succeeded] = [0, 0];
  const alive = () => worlds.flatMap((each) => runs(each)).find((one) => one.alive);
  async function pass(span: number): Promise<void> {
    const { view } = crew.engine;
    const { found } = view;
    if (forgetful && found.kind === 'record' && found.record.state === 'released') {
      const record = { ...found.record, board: {} };
      crew.engine.view = { ...view, version: 'forgotten', found: { kind: 'record', record } };
    }
    await crew.pass(span);
  }
  for (const [deed, who, span] of steps) {
    const each = worlds[who];
    if (each === undefined) continue;
    if (deed === 'fail') alive()?.exit(1);
    if (deed === 'succeed') {
      succeeded += alive() === undefined ? 0 : 1;
      alive()?.exit(0);
    }
    if (deed === 'cut') crew.engine.cutOff.add('abc'[who] ?? '');
    if (deed === 'heal') crew.engine.cutOff.clear();
    if (deed === 'leave' && left.size < 2) {
      left.add(each);
      each.supervisor.stop(0, 'test');
    }
    if (deed === 'step-down') each.face.actOnLeaders({ action: 'step-down', span: 0 }, ['releases']);
    if (deed === 'stop' && !left.has(each)) each.act('stop', 'migrate');
    if (deed === 'autostart' && !left.has(each)) each.act('autostart');
    if (deed === 'again' && !left.has(each)) {
      asked += 1;
      each.act('start', 'migrate');
    }
    // A success is written down before anything else happens: else it may be done once more, which is right.
    await pass(deed === 'succeed' ? 1_000 : span);
  }
  crew.engine.cutOff.clear();
  for (const each of worlds) if (!left.has(each)) each.act('autostart');
  for (let round = 0; round < 8; round += 1) {
    await pass(8_000);
    if (alive() !== undefined) succeeded += 1;
    alive()?.exit(0);
  }
  await pass(2_000);
  const isServing = (_: string, index: number) => !left.has(worlds[index] as World);
  const serving = ['a', 'b', 'c'].filter(isServing).filter((name) => !crew.running('web').includes(name));
  return { most: crew.most('migrate'), needless: Math.max(0, succeeded - 1 - asked), serving };
}

describe('whatever befalls three replicas', () => {
  const steps = fc.array(
    fc.tuple(fc.constantFrom(...deeds), fc.nat({ max: 2 }), fc.integer({ min: 20, max: 9_000 })),
    { maxLength: 20 },
  );

  test(
    'the task never runs twice at a time, in the end all serve, and it succeeds once',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (deed) => {
          // Who is cut off cannot write down that it has succeeded.
          const calm = deed.filter(([one]) => one !== 'cut');
          expect(await lived(calm)).toEqual({ most: 1, needless: 0, serving: [] });
          const { most, serving } = await lived(deed);
          expect({ most, serving }).toEqual({ most: 1, serving: [] });
        }),
        { numRuns: 40 },
      );
    },
  );

  test('a board that forgets would be found out', async () => {
    const long: readonly Deed[] = ['succeed', 'pass', 'pass', 'autostart', 'pass'];
    const { needless } = await lived(
      long.map((deed) => [deed, 0, 9_000]),
      true,
    );
    expect(needless).toBeGreaterThan(0);
  });
});
