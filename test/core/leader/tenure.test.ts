// A replica that holds the record: its renewals, and how it loses; told as stories.
import { describe, expect, test } from 'vitest';
import { mayRun, stepLeader } from '../../../src/core/leader/machine.ts';
import { millisecond, second } from '../../../src/core/leader/timing.ts';
import {
  leader,
  liveLeader,
  policy,
  recordBy,
  recordIn,
  tenure,
  viewOf,
  words,
} from '../../support/leader-life.ts';

const waiter = 'a';

describe('a leader', () => {
  test('renews each 2.5 s, and feeds the guard with the end of what is proven, counted from the sending', () => {
    const life = leader();
    const { sentAt } = tenure(life.state()).lease;
    life.pass(2.5 * second);
    expect(tenure(life.state()).lease).toMatchObject({
      sentAt: sentAt + 2.5 * second,
      killAt: sentAt + 16.85 * second,
    });
    expect(words(life.pass(10 * second))).toEqual(
      Array.from({ length: 4 }, () => ['write held clean', 'feed']).flat(),
    );
  });

  test('tries again until D, sends SIGTERM at D and SIGKILL after Kf, and lets nothing be renewed meanwhile', () => {
    const life = leader();
    const { demoteAt, validUntil } = tenure(life.state()).lease;
    life.mode = 'down';
    const tries = words(life.pass(demoteAt - 1 - life.now()));
    expect(new Set(tries)).toEqual(new Set(['write held clean']));
    expect(words(life.pass(1))).toEqual(['lost: renew-deadline', 'stop fast']);
    life.mode = 'well';
    expect(words(life.pass(3 * second - 1))).toEqual([]);
    expect(words(life.pass(1))).toEqual(['killing', 'stop kill']);
    expect(life.now()).toBeLessThan(validUntil);
    expect(words(life.pass(3_600 * second))).toEqual(['undrained']);
  });

  test('does not pause for longer than leaves the last try all of its time', () => {
    const life = leader({}, 0.999);
    const { sentAt, demoteAt } = tenure(life.state()).lease;
    const tries: number[] = [];
    life.mode = 'lost';
    while (life.now() < demoteAt - millisecond)
      if (words(life.pass(millisecond)).includes('write held clean')) tries.push(life.now() - sentAt);
    // Each takes 2 s; a pause of 0.3 s before the last would leave it 1.7 s of the 11.1 s.
    expect(demoteAt - sentAt).toBe(11.1 * second);
    expect(tries.map((instant) => (instant / second).toFixed(2))).toEqual(['2.50', '4.80', '7.10', '9.15']);
  });

  test('gives the record up clean if its work has ended in time after all', () => {
    const life = leader();
    const { lease, term } = tenure(life.state());
    life.mode = 'down';
    life.pass(lease.demoteAt - life.now());
    life.mode = 'well';
    life.feed({ kind: 'drained', term });
    expect(words(life.pass(millisecond))).toContain('released');
    expect(recordIn(life)).toMatchObject({ state: 'released', clean: true });
  });

  test('gives nothing up once its lease has ended, but leads again in a new term if nobody has come', () => {
    const life = leader();
    const { lease, term, epoch } = tenure(life.state());
    life.mode = 'down';
    life.pass(lease.validUntil - life.now());
    life.mode = 'well';
    life.feed({ kind: 'drained', term });
    expect(words(life.pass(millisecond))).toEqual(['start', 'gained']);
    expect(recordIn(life)).toMatchObject({ state: 'held', epoch: epoch + 1 });
    expect(recordIn(life).term).not.toBe(term);
  });

  test('kills at once when somebody else holds the record', () => {
    const life = leader();
    life.view = viewOf(recordBy('third', { epoch: 9 }));
    expect(words(life.pass(4 * second))).toEqual([
      'write held clean',
      'lost: overtaken',
      'stop kill',
      'following',
      'undrained',
    ]);
    life.feed({ kind: 'drained', term: tenure(life.state()).term });
    expect(life.role()).toBe('following');
    expect(recordIn(life).holder).toBe('third');
  });

  test('kills at once when the record is gone', () => {
    const life = leader();
    life.view = viewOf(undefined);
    expect(words(life.pass(2.51 * second))).toEqual(['write held clean', 'lost: overtaken', 'stop kill']);
  });

  test('asks the engine at once when the watch shows another holder', () => {
    const life = leader();
    life.view = viewOf(recordBy('third'));
    life.feed({ kind: 'seen', view: life.view });
    expect(words(life.pass(millisecond))).toContain('stop kill');
  });

  test('goes on where a lost answer had carried its renewal out, but counts that as no proof', () => {
    const life = leader();
    const { sentAt } = tenure(life.state()).lease;
    life.mode = 'lost';
    life.pass(2.5 * second);
    life.mode = 'well';
    const effects = words(life.pass(2.1 * second));
    expect(effects).toEqual(['write held clean', 'write held clean', 'feed']);
    expect(tenure(life.state()).lease.sentAt).toBeGreaterThan(sentAt + 4.5 * second);
  });

  test('cuts its lease as it sends a write of a shorter one, for that may stand there although its answer is lost', () => {
    const timing = { ...policy.timing };
    const life = leader({ timing });
    const { killAt } = tenure(life.state()).lease;
    Object.assign(timing, { lease: 9 * second, lostKillDelay: second });
    life.mode = 'lost';
    const effects = life.pass(2.5 * second);
    expect(words(effects)).toEqual(['feed', 'write held clean']);
    const lease = tenure(life.state()).lease;
    expect(lease.killAt).toBeLessThan(killAt);
    expect(effects).toMatchObject([{ killAt: lease.killAt }, { record: { lease: 9 * second } }]);
    const sentAt = life.state().call?.lease.sentAt ?? 0;
    expect(lease).toMatchObject({ demoteAt: sentAt + 7.16 * second, validUntil: sentAt + 8.91 * second });
  });

  test('drops the answer to a request that it has given up', () => {
    const life = leader();
    life.mode = 'lost';
    life.pass(2.5 * second);
    const call = life.state().call?.id ?? 0;
    life.pass(2 * second);
    const { lease } = tenure(life.state());
    life.feed({ kind: 'reply', call, outcome: { kind: 'ok', view: life.view } });
    expect(tenure(life.state()).lease).toEqual(lease);
  });

  test('counts a lease with the timing of its record, even if the plan changes before the answer', () => {
    const timing = { ...policy.timing };
    const life = leader({ timing });
    while (life.state().call === undefined) life.pass(millisecond / 2);
    Object.assign(timing, { lease: 60 * second });
    life.pass(millisecond);
    const { sentAt, validUntil } = tenure(life.state()).lease;
    expect(recordIn(life).lease).toBe(15 * second);
    expect(validUntil - sentAt).toBe(14.85 * second);
  });

  test('stops what it can no longer guard, and lets go', () => {
    const life = leader();
    const { term } = tenure(life.state());
    expect(words(life.feed({ kind: 'guard-gone', term }))).toEqual(['lost: guard-gone', 'stop kill']);
    life.feed({ kind: 'drained', term });
    life.pass(millisecond);
    expect(recordIn(life).state).toBe('released');
  });

  test('lets the record age where its work does not go', () => {
    const life = leader();
    const { term } = tenure(life.state());
    life.feed({ kind: 'shutdown', waiter });
    expect(words(life.feed({ kind: 'undying', term }))).toEqual(['lost: undying', 'stop kill']);
    expect(words(life.pass(60 * second))).toEqual(['undrained']);
    expect(recordIn(life).state).toBe('held');
    expect(words(life.feed({ kind: 'drained', term }))).toEqual(['a: done']);
    expect(life.role()).toBe('off');
  });

  test('does not hear of the guard and the work of another term', () => {
    const life = leader();
    for (const kind of ['drained', 'guard-gone', 'undying'] as const) life.feed({ kind, term: 'b2/0' });
    expect(life.role()).toBe('leading');
  });

  test('may start its work until D, no other, and not a nanosecond longer', () => {
    const life = leader();
    const { term, lease } = tenure(life.state());
    expect(mayRun(life.state(), term, lease.demoteAt - 1)).toBe(true);
    expect(mayRun(life.state(), term, lease.demoteAt)).toBe(false);
    expect(mayRun(life.state(), 'b2/0', life.now())).toBe(false);
    life.feed({ kind: 'pause', span: undefined, waiter });
    expect(mayRun(life.state(), term, life.now())).toBe(false);
  });

  test('that was stopped itself for a minute kills its work, whatever answer has come meanwhile', () => {
    const life = leader();
    life.mode = 'lost';
    life.pass(2.5 * second);
    const state = life.state();
    const reply = {
      kind: 'reply',
      call: state.call?.id ?? 0,
      outcome: { kind: 'ok', view: life.view },
    } as const;
    const [next, effects] = stepLeader(policy, state, reply, { now: life.now() + 60 * second, jitter: 0 });
    expect(words(effects)).toEqual(['lost: renew-deadline', 'stop kill']);
    expect(next.role.kind).toBe('demoting');
  });

  test('that has refused a start because D has passed ends its term, whatever answer has come meanwhile', () => {
    const life = leader();
    const { term, lease } = tenure(life.state());
    life.mode = 'down';
    life.pass(lease.demoteAt - second - life.now());
    life.mode = 'lost';
    // Carried out just in time; but the supervisor is late for the answer.
    life.pass(100 * millisecond);
    const state = life.state();
    const call = state.call?.id ?? 0;
    const reply = (now: number) =>
      stepLeader(
        policy,
        state,
        { kind: 'reply', call, outcome: { kind: 'ok', view: life.view } },
        { now, jitter: 0 },
      );
    const [inTime, fed] = reply(lease.demoteAt - 1);
    expect(words(fed)).toEqual(['feed']);
    expect(mayRun(inTime, term, lease.demoteAt)).toBe(true);
    expect(mayRun(state, term, lease.demoteAt)).toBe(false);
    const [late, effects] = reply(lease.demoteAt);
    expect(words(effects)).toEqual(['lost: renew-deadline', 'stop fast']);
    expect(mayRun(late, term, lease.demoteAt)).toBe(false);
    // It knows what stands there, so that the record can be given up once the work has ended.
    expect(tenure(late).version).toBe(life.view.version);
  });
});

describe('a jump of the clock', () => {
  test('has the lease proven anew at once', () => {
    const life = leader();
    const effects = words(life.feed({ kind: 'clock-jump' }));
    expect(effects).toEqual(['feed', 'write held clean']);
    expect(tenure(life.state()).lease.killAt).toBe(life.now() + 500 * millisecond);
    expect(words(life.pass(second))).toEqual(['feed']);
    expect(life.role()).toBe('leading');
  });

  test('ends in SIGKILL after 500 ms where the engine does not answer', () => {
    const life = leader();
    life.mode = 'lost';
    life.feed({ kind: 'clock-jump' });
    expect(words(life.pass(500 * millisecond))).toEqual(['lost: renew-deadline', 'stop kill']);
  });

  test('leaves work that is being stopped no more time', () => {
    const life = leader();
    life.mode = 'down';
    const { demoteAt } = tenure(life.state()).lease;
    expect(words(life.pass(demoteAt - life.now()))).toContain('stop fast');
    expect(words(life.feed({ kind: 'clock-jump' }))).toEqual(['killing', 'stop kill']);
  });

  test('promises nobody more than the trust that is left', () => {
    const life = leader();
    life.mode = 'lost';
    life.feed({ kind: 'clock-jump' });
    expect(tenure(life.state()).lease.validUntil).toBe(life.now() + 500 * millisecond);
  });

  test('makes an answer under way worthless', () => {
    const life = leader();
    life.pass(2.5 * second - 1);
    life.pass(1);
    const call = life.state().call?.id ?? 0;
    life.mode = 'lost';
    life.feed({ kind: 'clock-jump' });
    life.feed({ kind: 'reply', call, outcome: { kind: 'ok', view: life.view } });
    expect(words(life.pass(500 * millisecond))).toContain('stop kill');
  });
});

test('the arithmetic holds on a machine that has been up for ten years', () => {
  const life = liveLeader({}, { now: 3.2e17, view: viewOf(recordBy('other', { state: 'released' })) });
  expect(words(life.pass(100 * millisecond))).toContain('start');
  const effects = words(life.pass(60 * second));
  expect(effects.filter((word) => word === 'feed')).toHaveLength(24);
});
