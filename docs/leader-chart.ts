// The election's machine for its chart: with time of its own, for of its deadlines several may come first.
import { initialLeader, stepLeader } from '../src/core/leader/machine.ts';
import { standing } from '../src/core/leader/observer.ts';
import type { LeaderRecord, View } from '../src/core/leader/record.ts';
import type { LeaderEvent, LeaderPolicy, LeaderState, Outcome, Role } from '../src/core/leader/state.ts';
import { profiles, second } from '../src/core/leader/timing.ts';
import type { Machine, Trial } from './state-charts.ts';

interface Moment {
  readonly leader: LeaderState;
  readonly now: number;
}

type Timed = LeaderEvent & { readonly at: number };
type TimedTrial = Trial<Timed>;

const policy: LeaderPolicy = {
  group: 'schedulers',
  timing: profiles.default,
  self: { name: 'me', instance: '', boot: 'me', isInit: false },
  poll: second,
  handicap: second / 2,
};
const waiter = 'somebody';

const other: LeaderRecord = {
  group: 'schedulers',
  holder: 'other',
  instance: '',
  boot: 'other',
  term: 'other/1',
  write: 1,
  epoch: 1,
  lease: profiles.default.lease,
  state: 'held',
  clean: true,
  successor: undefined,
  incarnation: 'one',
  board: {},
  about: {},
};
const none: View = { found: { kind: 'none' }, version: undefined, incarnation: 'one', epochFloor: 0 };
const held: View = { ...none, found: { kind: 'record', record: other }, version: 'held' };
const free: View = {
  ...none,
  found: { kind: 'record', record: { ...other, state: 'released' } },
  version: 'free',
};

export const leaderMachine: Machine<LeaderPolicy, Moment, Timed> = {
  initial: { leader: initialLeader(second), now: second },
  policies: [{ name: 'always', policy }],
  step(given, { leader, now }, event) {
    const at = Math.max(now, event.at);
    return { leader: stepLeader(given, leader, event, { now: at, jitter: 0 })[0], now: at };
  },
  trials: ({ leader, now }) => [
    ...asked(now),
    ...ofWork(leader, now),
    ...ofTime(leader, now),
    ...answers(leader, now),
  ],
  node: ({ leader }) => leader.role.kind,
  guards: ({ leader: { role } }) => {
    if (role.kind === 'acquiring')
      return [role.attempt.delay > 0 ? 'the record is missing' : 'the record is over', wished(role)];
    if (role.kind === 'demoting') return [role.overtaken ? 'overtaken' : 'not overtaken', wished(role)];
    return 'wish' in role ? [wished(role)] : [];
  },
  key: ({ leader, now }) => {
    const { role, call, sight } = leader;
    const wish = 'wish' in role ? role.wish.next.kind : '';
    const seen = standing(policy, sight, leader.longestLease, now);
    const settled = role.kind === 'settling' && role.startAt < role.tenure.lease.demoteAt;
    const attempt = role.kind === 'acquiring' && role.attempt.delay > 0;
    const demoting = role.kind === 'demoting' ? [role.stage, role.overtaken] : [];
    const ends = role.kind === 'paused' && role.until !== undefined;
    return JSON.stringify([role.kind, call?.what, wish, seen.kind, settled, attempt, demoting, ends]);
  },
};

function wished({ wish }: Extract<Role, { wish: unknown }>): string {
  return { follow: 'to follow', pause: 'to pause', end: 'to end' }[wish.next.kind];
}

function asked(at: number): readonly TimedTrial[] {
  return [
    trial('step-down', { kind: 'step-down', span: 0, waiter, at }),
    trial('step-down', { kind: 'step-down', span: 3_600 * second, waiter, at }, 'for a while'),
    trial('transfer', { kind: 'transfer', to: 'other', waiter, at }),
    trial('pause', { kind: 'pause', span: undefined, waiter, at }),
    trial('resume', { kind: 'resume', waiter, at }),
    trial('shutdown', { kind: 'shutdown', waiter, at }),
    trial('publish', { kind: 'publish', key: 'a', value: 'b', waiter, at }),
    trial('hint', { kind: 'hint', at }),
    trial('reconfigured', { kind: 'reconfigured', at }),
    trial('clock-jump', { kind: 'clock-jump', at }),
    trial('seen', { kind: 'seen', view: held, at }),
    trial('seen', { kind: 'seen', view: free, at }),
    trial('holder-gone', { kind: 'holder-gone', term: other.term, at }),
  ];
}

function ofWork({ role }: LeaderState, at: number): readonly TimedTrial[] {
  if (!('tenure' in role)) return [];
  const { term, lease } = role.tenure;
  const ends = role.kind === 'handing-over' || role.kind === 'demoting';
  const drained = (when: number): TimedTrial =>
    trial('drained', { kind: 'drained', term, at: when }, when < lease.validUntil ? 'before V' : 'after V');
  return [
    drained(at),
    ...(ends ? [drained(lease.validUntil)] : []),
    trial('guard-gone', { kind: 'guard-gone', term, at }),
    trial('undying', { kind: 'undying', term, at }),
  ];
}

/** `before`: what comes first where it is due no later. */
function tick(word: string, at: number | undefined, before = Infinity): readonly TimedTrial[] {
  return at === undefined || at >= before ? [] : [trial(word, { kind: 'tick', at })];
}

function ofTime({ role, call }: LeaderState, now: number): readonly TimedTrial[] {
  switch (role.kind) {
    case 'following':
      return [
        ...tick('free or aged out', role.bidAt),
        ...tick('look', call?.until ?? role.readAt, role.bidAt),
      ];
    case 'blocked':
      return tick('look', call?.until ?? role.readAt);
    case 'paused':
      return [...tick('pause over', role.until), ...tick('look', call?.until ?? role.readAt, role.until)];
    case 'acquiring': {
      const { demoteAt } = role.attempt.lease;
      return [
        ...tick('no answer', call?.until ?? role.readAt, demoteAt),
        ...tick('no answer until D', demoteAt),
      ];
    }
    case 'settling':
    case 'leading':
    case 'handing-over': {
      const { demoteAt } = role.tenure.lease;
      const startAt = role.kind === 'settling' ? role.startAt : Infinity;
      const isOver = startAt < demoteAt;
      return [
        ...tick('renew', demoteAt - 1, startAt),
        ...tick('no renewal until D', demoteAt, startAt),
        ...(isOver ? tick('start delay over', startAt) : []),
      ];
    }
    case 'demoting':
      return tick('next stage', role.until);
    case 'releasing':
      return [
        ...tick('no answer', call?.until ?? role.tryAt, role.giveUpAt),
        ...tick('given up', Math.max(now, role.giveUpAt)),
      ];
    case 'off':
      return [];
  }
}

function answers({ role, call, terms }: LeaderState, at: number): readonly TimedTrial[] {
  if (call === undefined) return [];
  const reply = (word: string, outcome: Outcome, ...details: string[]): TimedTrial =>
    trial(word, { kind: 'reply', call: call.id, outcome, at }, ...details);
  const failed = [
    reply('not permitted', { kind: 'failed', error: 'permission', message: 'no right' }),
    reply('unsafe', { kind: 'failed', error: 'unsafe', message: 'a replica' }),
    reply('failed', { kind: 'failed', error: 'transient', message: 'refused' }),
  ];
  const term = `me/${terms}`;
  const mine: View = {
    ...held,
    found: { kind: 'record', record: { ...other, holder: 'me', boot: 'me', term } },
    version: 'mine',
  };
  switch (role.kind) {
    case 'following':
    case 'paused':
    case 'blocked':
      return [
        reply('read', { kind: 'ok', view: none }, 'no record'),
        reply('read', { kind: 'ok', view: held }, 'held'),
        reply('read', { kind: 'ok', view: free }, 'free'),
        ...failed,
      ];
    case 'acquiring': {
      const { incarnation } = role.attempt;
      const elsewhere = { ...mine, incarnation: `after ${incarnation}` };
      return [
        reply('won', { kind: 'ok', view: { ...mine, incarnation } }, 'same engine'),
        reply('won', { kind: 'ok', view: elsewhere }, 'the engine failed over'),
        reply('lost', { kind: 'conflict', view: held }),
        // What was not permitted is a write; a read that looks for its outcome says nothing of that.
        ...(call.what === 'write' ? failed : []),
      ];
    }
    case 'settling':
    case 'leading':
    case 'handing-over':
      return [
        reply('renewed', { kind: 'ok', view: mine }),
        reply('conflict with an own write', { kind: 'conflict', view: mine }),
        reply('overtaken', { kind: 'conflict', view: held }),
        ...failed,
      ];
    case 'releasing':
      return [
        reply('released', { kind: 'ok', view: free }),
        reply('conflict with an own write', { kind: 'conflict', view: mine }),
        reply('overtaken', { kind: 'conflict', view: held }),
        ...failed,
      ];
    case 'demoting':
    case 'off':
      return [];
  }
}

function trial(word: string, event: Timed, ...details: string[]): TimedTrial {
  return { word, details, event };
}
