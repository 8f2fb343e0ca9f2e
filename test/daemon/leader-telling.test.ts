// What people are told of an election that does not go well: of the engine, the record, the guard, and of who asked for what.
import { describe, expect, test } from 'vitest';
import { leaderCrew } from '../support/leader-crew.ts';
import type { Crew } from '../support/leader-crew.ts';
import { viewOf } from '../support/leader-life.ts';

const plan = `
services:
  beat-scheduler: {override: replace, command: beat, startup: enabled, kill-delay: 2s}
leader:
  schedulers: {override: merge, profile: fast}
checks:
  led: {override: replace, threshold: 1, period: 1s, leader: {group: schedulers}}
`;
const beat = 'beat-scheduler';
/** The start delay of the fast profile, where no record was there before, and a little more. */
const settled = 6_500;

type Replica = ReturnType<Crew['join']>;

function detail(replica: Replica): string | undefined {
  return replica.face.leaders([])[0]?.detail;
}

async function warnings(replica: Replica): Promise<readonly unknown[]> {
  const keys = ['djsup.dev/leader-warning', 'djsup.dev/leader-lost'];
  const filter = { userId: undefined, types: [], keys, after: undefined };
  const found = await replica.face.notices(filter, 0, new AbortController().signal);
  return found.map(({ lastData }) => lastData);
}

function isLedSoFar(replica: Replica): boolean {
  return replica.face.health(undefined, []);
}

describe('an engine that does not answer', () => {
  test('is told of by one line when that begins and one when it ends, and by the reasons meanwhile', async () => {
    const crew = leaderCrew();
    const a = crew.join('a', plan);
    await crew.pass(settled);
    const b = crew.join('b', plan);
    await crew.pass(2_000);
    crew.engine.cutOff.add('b');
    await crew.pass(30_000);
    expect(a.log.find('leader unreachable')).toEqual([]);
    expect(b.log.find('leader unreachable group=schedulers error=ECONNREFUSED')).toHaveLength(1);
    const reason = /^ECONNREFUSED \(for 29s; last answer \d+s ago\); "a" led then$/;
    expect(b.service(beat).reason?.replace('leader group "schedulers": ', '')).toMatch(reason);
    expect(detail(b)?.split('; record')[0]).toMatch(reason);
    crew.engine.cutOff.delete('b');
    await crew.pass(3_000);
    expect(b.log.find('leader reachable group=schedulers after=')).toHaveLength(1);
    expect(b.log.find('leader unreachable')).toHaveLength(1);
    expect(b.service(beat).reason).toBe('leader group "schedulers": "a" leads');
    expect(detail(b)).toContain('the pretend engine; "a" leads');
    expect(await warnings(b)).toMatchObject([{ cause: 'reachable', 'last-error': 'ECONNREFUSED' }]);
    expect(b.face.leaders([])[0]?.history.map(({ text }) => text.split(' ')[1])).toContain('unreachable');
  });

  test('from the start says that there was no answer so far, and the alarm goes off after its time', async () => {
    const crew = leaderCrew();
    crew.engine.cutOff.add('a');
    const a = crew.join('a', plan);
    await crew.pass(50_000);
    expect(a.service(beat).reason).toMatch(
      /^leader group "schedulers": ECONNREFUSED \(for [45]\ds; no answer so far\)$/,
    );
    expect(isLedSoFar(a)).toBe(true);
    await crew.pass(15_000);
    expect(isLedSoFar(a)).toBe(false);
  });

  test('shows with the leader, whose lease is not renewed; a short trouble is no line', async () => {
    const crew = leaderCrew();
    const a = crew.join('a', plan);
    await crew.pass(settled);
    for (let blips = 0; blips < 3; blips += 1) {
      crew.engine.cutOff.add('a');
      await crew.pass(900);
      crew.engine.cutOff.delete('a');
      await crew.pass(1_500);
    }
    expect(a.log.find('leader unreachable')).toHaveLength(0);
    crew.engine.cutOff.add('a');
    await crew.pass(3_000);
    expect(a.face.leaders([])[0]?.state).toBe('leading');
    expect(detail(a)).toMatch(
      /^the lease is not renewed: ECONNREFUSED \(for [12]s; last answer [23]s ago\)$/,
    );
    expect(a.log.find('leader unreachable')).toHaveLength(1);
    await crew.pass(3_000);
    expect(a.log.find('leader lost group=schedulers epoch=1 cause=renew-deadline')).toHaveLength(1);
    expect(a.log.find('leader unreachable')).toHaveLength(1);
  });

  test('that refuses is blocked and no outage', async () => {
    const crew = leaderCrew();
    crew.engine.refusal = { kind: 'failed', error: 'unsafe', message: 'it is a replica' };
    const a = crew.join('a', plan);
    await crew.pass(180_000);
    expect(a.log.find('leader blocked')).toHaveLength(1);
    expect(a.log.find('leader unreachable')).toHaveLength(0);
    expect(detail(a)).toBe('blocked: it is a replica');
  });
});

describe('a record that cannot be used', () => {
  test('because a later djsup wrote it says so, once in the log, and what to do', async () => {
    const crew = leaderCrew();
    const a = crew.join('a', plan);
    crew.engine.view = viewOf(undefined, { found: { kind: 'newer', format: 2 }, version: 'v' });
    await crew.pass(100_000);
    const text =
      'the record was written by a later djsup (format 2): update this replica; until then it takes no part';
    expect(a.service(beat).reason).toBe(`leader group "schedulers": ${text}`);
    expect(detail(a)).toContain(`the pretend engine; ${text}`);
    expect(
      a.log.find(`error leader newer-record group=schedulers format=2 reason=${JSON.stringify(text)}`),
    ).toHaveLength(1);
    expect(await warnings(a)).toMatchObject([{ cause: 'newer-record', format: '2' }]);
    expect(crew.running(beat)).toEqual([]);
    expect(isLedSoFar(a)).toBe(false);
  });

  test('because it cannot be read says what may have happened, and the way out', async () => {
    const crew = leaderCrew();
    const a = crew.join('a', plan);
    crew.engine.view = viewOf(undefined, { found: { kind: 'unreadable' }, version: 'v' });
    await crew.pass(5_000);
    expect(a.service(beat).reason).toMatch(/cannot be read: it was damaged, or something else .* "name"/);
    expect(a.log.find('leader unreadable-record group=schedulers')).toHaveLength(1);
    // Two leases until it is replaced, and a start delay.
    await crew.pass(14_000);
    expect(crew.running(beat)).toEqual(['a']);
    expect(a.log.find('leader unreadable-record group=schedulers')).toHaveLength(1);
  });
});

describe('the alarm that nobody leads', () => {
  test('never goes off while three replicas start as they should, whatever the profile', async () => {
    for (const profile of ['fast', 'default', 'tolerant']) {
      const crew = leaderCrew();
      const named = plan.replace('profile: fast', `profile: ${profile}`);
      const replicas = ['a', 'b', 'c'].map((name) => crew.join(name, named));
      for (let passed = 0; passed < 80_000; passed += 1_000) {
        await crew.pass(1_000);
        expect(replicas.map(isLedSoFar)).toEqual([true, true, true]);
      }
      expect(crew.running(beat)).toHaveLength(1);
    }
  });

  test('goes off where the record is that of a replica that has died and nobody takes it', async () => {
    const crew = leaderCrew();
    crew.join('a', plan);
    await crew.pass(settled);
    const b = crew.join('b', plan);
    b.act('stop', beat);
    await crew.pass(2_000);
    crew.hang('a');
    crew.engine.cutOff.add('a');
    await crew.pass(60_000);
    expect(isLedSoFar(b)).toBe(true);
    await crew.pass(10_000);
    expect(isLedSoFar(b)).toBe(false);
  });

  test('goes off where replicas settle again and again and none gets to lead', async () => {
    const crew = leaderCrew();
    const a = crew.join('a', plan);
    for (let passed = 0; passed < 70_000; passed += 5_000) {
      await crew.pass(5_000);
      crew.engine.view = viewOf(undefined);
    }
    expect(crew.running(beat)).toEqual([]);
    expect(isLedSoFar(a)).toBe(false);
  });
});

test('a guard that is less good than it could be is told once, and shows with the group for as long as djsup lives', async () => {
  const crew = leaderCrew();
  const a = crew.join('a', plan);
  a.spawner.weakness = 'no python3 was found; install it';
  await crew.pass(settled);
  a.face.actOnServices('restart', [beat]);
  await crew.pass(2_000);
  expect(a.spawner.processes.filter(({ launch }) => launch.owner === beat)).toHaveLength(2);
  expect(a.log.find('leader group=schedulers: no python3 was found; install it')).toHaveLength(1);
  expect(a.face.leaders([])[0]?.warnings).toEqual(['no python3 was found; install it']);
  expect(await warnings(a)).toMatchObject([{ cause: 'guard', reason: 'no python3 was found; install it' }]);
  const b = crew.join('b', plan);
  await crew.pass(2_000);
  expect(b.face.leaders([])[0]?.warnings).toEqual([]);
});

test('a guard that is killed costs the lead, and log, notice, metric and service say that it was the guard', async () => {
  const crew = leaderCrew();
  const a = crew.join('a', plan);
  await crew.pass(settled);
  const b = crew.join('b', plan);
  await crew.pass(2_000);
  const process = a.spawner.latest(beat);
  process.alive = false;
  process.events.exited({ signal: 'SIGKILL', guardLost: true }, true);
  await crew.pass(1_000);
  const why = 'signal SIGKILL, its guard ("djsup-guard", the process above it) was killed, and it with that';
  expect(a.log.find(`Service "${beat}" stopped unexpectedly with ${why}`)).toHaveLength(1);
  expect(a.log.find('leader lost group=schedulers epoch=1 cause=guard-gone')).toHaveLength(1);
  expect(await warnings(a)).toMatchObject([{ cause: 'guard-gone' }]);
  expect(a.service(beat).lastExit).toBe(why);
  const reading = a.face.metrics();
  await crew.pass(20);
  const causes = [...(await reading)].flatMap(({ points }) =>
    points.filter(([labels, value]) => value === 1 && labels.some((label) => label.startsWith('guard'))),
  );
  expect(causes.map(([labels]) => labels.join())).toEqual(
    expect.arrayContaining([`${beat},guard`, 'schedulers,guard-gone']),
  );
  expect(crew.running(beat)).toEqual(['b']);
  expect(b.face.leaders([])[0]?.state).toBe('leading');
  expect(crew.most(beat)).toBe(1);
});

describe('a replica that takes no part says why', () => {
  async function alone() {
    const crew = leaderCrew();
    const a = crew.join('a', plan);
    await crew.pass(settled);
    return { crew, a };
  }

  test('because somebody has paused it, for how long, or has made it step down', async () => {
    const { crew, a } = await alone();
    a.face.actOnLeaders({ action: 'step-down', span: 90_000 }, []);
    await crew.pass(1_000);
    expect(detail(a)).toContain(
      'this replica stays out on request ("djsup leader step-down"), until 1m29s have passed, or "djsup leader resume"',
    );
    a.face.actOnLeaders({ action: 'pause', span: undefined }, []);
    await crew.pass(1_000);
    expect(detail(a)).toContain(
      'this replica stays out on request ("djsup leader pause"), until "djsup leader resume"',
    );
  });

  test('because its own lease from before has to run out', async () => {
    const { crew, a } = await alone();
    crew.engine.cutOff.add('a');
    await crew.pass(30_000);
    // It was restored from a copy.
    crew.engine.view = { ...crew.engine.view, incarnation: 'another' };
    crew.engine.cutOff.delete('a');
    await crew.pass(1_500);
    expect(crew.running(beat)).toEqual([]);
    expect(a.service(beat).reason).toBe(
      'leader group "schedulers": nobody leads yet: an earlier lease of "a" has to run out',
    );
    await crew.pass(13_000);
    expect(crew.running(beat)).toEqual(['a']);
  });

  test('because somebody has stopped the service, or nobody has started it', async () => {
    const { crew, a } = await alone();
    a.act('stop', beat);
    await crew.pass(1_000);
    expect(a.face.leaders([])[0]?.state).toBe('paused');
    expect(detail(a)).toContain(
      'nothing of the group is wanted here: "beat-scheduler" was stopped on request ("djsup stop"), until "djsup start"',
    );
    const b = crew.join('b', plan.replace('startup: enabled', 'startup: disabled'));
    await crew.pass(1_000);
    expect(detail(b)).toContain('nothing of the group is wanted here: none of its services was started');
  });
});
