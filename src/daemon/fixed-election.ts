// No election: something else has said once and for all whether the services of a group run here.
import type { Election, Permit } from './election.ts';
import { createWork } from './leader-work.ts';
import type { WorkDeps } from './leader-work.ts';
import type { LeaderOutlook } from '../core/leader/outlook.ts';
import type { LeaderReport } from '../core/leader/state.ts';
import type { Backing } from '../ports.ts';
import type { Mailbox } from './mailbox.ts';

/** Why nobody can hand over or stay out there, and what else there is to do. */
export function electsNobody({
  backend,
  because,
  runs,
}: Extract<Backing, { readonly kind: 'fixed' }>): string {
  const stop = runs ? '"djsup stop" keeps a service down in this replica; ' : '';
  return `backend "${backend}" elects nobody (${because}); ${stop}with another backend the group could hand over`;
}

export function createFixedElection(deps: {
  readonly group: string;
  readonly runs: boolean;
  readonly self: string;
  readonly mailbox: Pick<Mailbox, 'post'>;
  readonly work: Omit<WorkDeps, 'drained' | 'undying'>;
  readonly start: (epoch: number) => void;
  readonly report: (waiter: string, report: LeaderReport) => void;
  readonly over: () => void;
}): Election {
  const { group, runs, mailbox } = deps;
  const work = createWork({
    ...deps.work,
    drained: () => mailbox.post(`end of leader group ${group}`, deps.over),
    undying: () => {},
  });
  let ending = false;
  const permit: Permit = { epoch: 0, killAt: undefined, anchor: undefined };
  const outlook: LeaderOutlook = {
    state: 'off',
    leader: runs ? deps.self : undefined,
    epoch: undefined,
    validFor: undefined,
    unchangedFor: undefined,
    startsIn: undefined,
    strange: undefined,
    detail: undefined,
  };
  return {
    deadline: () => undefined,
    tick() {},
    feed(event) {
      if (event.kind === 'shutdown') {
        ending = true;
        return work.stop(group, 'graceful');
      }
      if (event.kind === 'resume') {
        if (runs) mailbox.post(`start of leader group ${group}`, () => deps.start(0));
        return deps.report(event.waiter, { kind: 'done' });
      }
      if ('waiter' in event) deps.report(event.waiter, { kind: 'not-leading', leader: undefined });
    },
    permit(service) {
      if (!runs || ending) return undefined;
      work.enter(service);
      return permit;
    },
    forget: (service) => work.forget(service),
    ended: () => work.ended(),
    guardLost() {},
    outlook: () => outlook,
    board: () => undefined,
    isLed: () => true,
    highestEpoch: () => 0,
  };
}
