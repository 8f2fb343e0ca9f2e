import { describe, expect, test } from 'vitest';
import { checkDeadline, checkStatus, inactive, isHealthy, stepCheck } from '../../src/core/check.ts';
import type { CheckEffect, CheckEvent, CheckPolicy, CheckState } from '../../src/core/check.ts';

const free: CheckPolicy = { period: 10_000, threshold: 3, startPeriod: 0, services: [] };
const tied: CheckPolicy = { ...free, services: ['django'] };

function liveCheck(policy: CheckPolicy, answer: () => boolean = () => true) {
  let state: CheckState = inactive;
  let now = 0;
  const probes: number[] = [];
  function feed(event: CheckEvent): readonly CheckEffect[] {
    const [next, effects] = stepCheck(policy, state, event, { now, jitter: 0 });
    state = next;
    return effects.flatMap((effect) => {
      if (effect.kind !== 'probe') return [effect];
      probes.push(now);
      const outcome = answer()
        ? { up: true as const }
        : { up: false as const, error: 'refused', details: '' };
      return [effect, ...feed({ kind: 'result', number: effect.number, outcome })];
    });
  }
  function pass(time: number): readonly CheckEffect[] {
    const end = now + time;
    const all: CheckEffect[] = [];
    for (let next = checkDeadline(state); next !== undefined && next <= end; next = checkDeadline(state)) {
      now = next;
      all.push(...feed({ kind: 'tick' }));
    }
    now = end;
    return all;
  }
  return { feed, pass, probes, state: () => state };
}

function kinds(effects: readonly CheckEffect[]): readonly string[] {
  return effects.map((effect) => effect.kind).filter((kind) => kind !== 'probe');
}

describe('a check that is tied to no service', () => {
  test('runs first after one full period, is up before that, and then each period', () => {
    const check = liveCheck(free);
    check.feed({ kind: 'start', serviceUp: true });
    expect(checkStatus(check.state())).toBe('up');
    check.pass(35_000);
    expect(check.probes).toEqual([10_000, 20_000, 30_000]);
  });

  test('goes down once at its threshold, acts once, counts on, and recovers at the first success', () => {
    let well = false;
    const check = liveCheck(free, () => well);
    check.feed({ kind: 'start', serviceUp: true });
    expect(kinds(check.pass(20_000))).toEqual(['note', 'failed', 'note', 'failed']);
    expect(kinds(check.pass(10_000))).toEqual(['failed', 'went-down']);
    expect(checkStatus(check.state())).toBe('down');
    expect(kinds(check.pass(20_000))).toEqual(['note', 'failed', 'note', 'failed']);
    expect(check.state()).toMatchObject({ failures: 5 });
    well = true;
    expect(kinds(check.pass(10_000))).toEqual(['came-up']);
    expect(check.state()).toMatchObject({ failures: 0, successes: 1, down: false });
  });

  test('tells the details of its output to its task and to whoever asked, once', () => {
    const at = { now: 0, jitter: 0 };
    const policy = { ...free, threshold: 1 };
    const [started] = stepCheck(policy, inactive, { kind: 'start', serviceUp: true }, at);
    const [probing] = stepCheck(policy, started, { kind: 'refresh', waiter: 'me' }, at);
    const outcome = { up: false as const, error: 'exit status 7', details: 'no' };
    const [, effects] = stepCheck(policy, probing, { kind: 'result', number: 1, outcome }, at);
    expect(effects).toEqual([
      { kind: 'failed', failures: 1, error: 'exit status 7' },
      { kind: 'went-down', error: 'exit status 7; no' },
      { kind: 'answer', waiter: 'me', error: 'exit status 7; no' },
    ]);
  });

  test('says so when it succeeds after fewer failures than its threshold', () => {
    let well = false;
    const check = liveCheck(free, () => well);
    check.feed({ kind: 'start', serviceUp: true });
    check.pass(20_000);
    well = true;
    expect(check.pass(10_000)).toContainEqual({
      kind: 'note',
      level: 'INFO',
      text: 'succeeded after 2 failures',
    });
  });

  test('drops a tick that comes while a probe runs, and ignores the result of an old probe', () => {
    let state: CheckState = inactive;
    const step = (event: CheckEvent, now: number) => {
      const [next, effects] = stepCheck(free, state, event, { now, jitter: 0 });
      state = next;
      return effects;
    };
    step({ kind: 'start', serviceUp: true }, 0);
    expect(step({ kind: 'tick' }, 10_000)).toEqual([{ kind: 'probe', number: 1 }]);
    expect(step({ kind: 'tick' }, 20_000)).toEqual([]);
    expect(
      step({ kind: 'result', number: 7, outcome: { up: false, error: 'old', details: '' } }, 21_000),
    ).toEqual([]);
    expect(step({ kind: 'result', number: 1, outcome: { up: true } }, 21_000)).toEqual([]);
    expect(checkDeadline(state)).toBe(30_000);
  });

  test('does not run a burst after a long pause of the machine', () => {
    const check = liveCheck(free);
    check.feed({ kind: 'start', serviceUp: true });
    const [next] = stepCheck(free, check.state(), { kind: 'tick' }, { now: 1_000_005, jitter: 0 });
    expect(checkDeadline(next)).toBe(1_010_000);
  });

  test('answers a refresh with the run that is under way', () => {
    const check = liveCheck(free, () => false);
    check.feed({ kind: 'start', serviceUp: true });
    expect(check.feed({ kind: 'refresh', waiter: 'w' })).toContainEqual({
      kind: 'answer',
      waiter: 'w',
      error: 'refused',
    });
    expect(check.state()).toMatchObject({ failures: 1 });
  });

  test('keeps its counters when stopped and zeroes them when started', () => {
    const check = liveCheck(free);
    check.feed({ kind: 'start', serviceUp: true });
    check.pass(30_000);
    expect(kinds(check.feed({ kind: 'stop' }))).toEqual(['halt']);
    expect(check.state()).toEqual({ kind: 'inactive', successes: 3, failures: 0 });
    check.feed({ kind: 'start', serviceUp: true });
    expect(check.state()).toMatchObject({ successes: 0 });
  });
});

describe('a check that is tied to a service', () => {
  test('never runs before the service is up', () => {
    const check = liveCheck(tied);
    check.feed({ kind: 'start', serviceUp: false });
    check.pass(60_000);
    expect(check.probes).toEqual([]);
    check.feed({ kind: 'service-up' });
    check.pass(1_000);
    expect(check.probes).toEqual([61_000]);
  });

  test('looks each second until it has succeeded once, counting only the failures of its regular runs', () => {
    let well = false;
    const check = liveCheck(tied, () => well);
    check.feed({ kind: 'start', serviceUp: true });
    check.pass(9_500);
    expect(check.probes).toHaveLength(9);
    expect(check.state()).toMatchObject({ failures: 0, proven: false });
    check.pass(500);
    expect(check.state()).toMatchObject({ failures: 1 });
    well = true;
    check.pass(1_000);
    expect(check.state()).toMatchObject({ proven: true, failures: 0 });
    const seen = check.probes.length;
    check.pass(8_999);
    expect(check.probes.length).toBe(seen);
  });

  test('counts no failure within its start period', () => {
    const check = liveCheck({ ...tied, startPeriod: 25_000 }, () => false);
    check.feed({ kind: 'start', serviceUp: true });
    check.pass(20_000);
    expect(check.state()).toMatchObject({ failures: 0 });
    check.pass(10_000);
    expect(check.state()).toMatchObject({ failures: 1 });
  });

  test('goes on while the service is lost, and rests while nobody wants it up', () => {
    const check = liveCheck(tied, () => false);
    check.feed({ kind: 'start', serviceUp: true });
    check.feed({ kind: 'service-down', wanted: false });
    check.pass(30_000);
    expect(checkStatus(check.state())).toBe('down');
    expect(kinds(check.feed({ kind: 'service-down', wanted: true }))).toEqual(['perform']);
    const seen = check.probes.length;
    check.pass(60_000);
    expect(check.probes.length).toBe(seen);
  });

  test('of level ready says no until it has succeeded since the service came up; of level alive only when it is down', () => {
    const ready = { level: 'ready', services: ['django'] } as const;
    const alive = { level: 'alive', services: ['django'] } as const;
    const check = liveCheck(tied);
    check.feed({ kind: 'start', serviceUp: false });
    expect(isHealthy(ready, check.state())).toBe(false);
    expect(isHealthy(alive, check.state())).toBe(true);
    check.feed({ kind: 'service-up' });
    expect(isHealthy(ready, check.state())).toBe(false);
    check.pass(1_000);
    expect(isHealthy(ready, check.state())).toBe(true);
    check.feed({ kind: 'service-down', wanted: false });
    expect(isHealthy(ready, check.state())).toBe(false);
  });
});
