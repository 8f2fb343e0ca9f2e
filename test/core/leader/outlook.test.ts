// What a replica says of its election to people.
import { expect, test } from 'vitest';
import { leaderOutlook } from '../../../src/core/leader/outlook.ts';
import { second } from '../../../src/core/leader/timing.ts';
import { liveLeader, recordBy, viewOf } from '../../support/leader-life.ts';

test('a follower names the leader, its epoch, and how long the record has stood still', () => {
  const life = liveLeader({}, { view: viewOf(recordBy('other')) });
  expect(leaderOutlook(life.state(), life.now())).toMatchObject({ state: 'following', leader: undefined });
  life.pass(5.001 * second);
  expect(leaderOutlook(life.state(), life.now())).toEqual({
    state: 'following',
    leader: 'other',
    epoch: 7,
    validFor: undefined,
    unchangedFor: 5 * second,
    startsIn: undefined,
    detail: undefined,
  });
});

test('a holder says for how long its lease is valid, and when work may start', () => {
  const life = liveLeader();
  life.pass(3 * second);
  const settling = leaderOutlook(life.state(), life.now());
  expect(settling).toMatchObject({ state: 'settling', leader: 'me', epoch: 1 });
  expect(settling.startsIn).toBeGreaterThan(12 * second);
  expect(settling.validFor).toBeGreaterThan(12 * second);
  life.pass(14 * second);
  life.mode = 'down';
  life.pass(3 * second);
  expect(leaderOutlook(life.state(), life.now())).toMatchObject({ state: 'leading', detail: 'refused' });
  life.pass(60 * second);
  expect(leaderOutlook(life.state(), life.now())).toMatchObject({ state: 'demoting', validFor: 0 });
});

test('one that may not take part says why', () => {
  const life = liveLeader({}, { view: viewOf(recordBy('other')) });
  life.mode = 'unsafe';
  life.pass(second);
  expect(leaderOutlook(life.state(), life.now())).toMatchObject({ state: 'blocked', detail: 'a replica' });
});

test('what is for people alone goes into the record', () => {
  const about = { app: 'shop', version: '1.2', host: 'web-1', since: undefined };
  const life = liveLeader({ about });
  life.pass(second);
  expect(life.view.found).toMatchObject({ record: { about } });
});
