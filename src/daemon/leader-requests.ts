// What operators may ask of a leader group, what that comes to, and the words for what became of it.
import type { LeaderOutlook } from '../core/leader/outlook.ts';
import type { LeaderReport } from '../core/leader/state.ts';
import type { Outcome } from '../core/change.ts';
import { ok, refuse } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import type { TaskDraft } from './changes.ts';

export type LeaderRequest =
  /** Hand over, and stay out for `span` ms; 0: until another replica had the chance. */
  | { readonly action: 'step-down'; readonly span: number }
  | { readonly action: 'transfer'; readonly to: string }
  /** Stay out, for `span` ms or until `resume`. */
  | { readonly action: 'pause'; readonly span: number | undefined }
  | { readonly action: 'resume' };

/** What a request comes to on this replica. */
export type Demand =
  | { readonly kind: 'refused'; readonly reason: string }
  /** Stay out, for `span` ms or until somebody says otherwise. */
  | { readonly kind: 'hold'; readonly by: 'pause' | 'step-down'; readonly span: number | undefined }
  | { readonly kind: 'take-part' }
  | {
      readonly kind: 'let-go';
      readonly event:
        { readonly kind: 'step-down'; readonly span: 0 } | { readonly kind: 'transfer'; readonly to: string };
    };

const verbs: Readonly<Record<LeaderRequest['action'], string>> = {
  'step-down': 'Step down from',
  transfer: 'Transfer',
  pause: 'Pause',
  resume: 'Resume',
};

/** `self`: this replica's name. */
export function demandOf(
  request: LeaderRequest,
  self: string,
  { validFor, leader }: Pick<LeaderOutlook, 'validFor' | 'leader'>,
): Demand {
  const isMine = validFor !== undefined;
  switch (request.action) {
    case 'step-down':
      if (request.span > 0 && isMine) return { kind: 'hold', by: 'step-down', span: request.span };
      return { kind: 'let-go', event: { kind: 'step-down', span: 0 } };
    case 'transfer': {
      if (request.to !== self) return { kind: 'let-go', event: { kind: 'transfer', to: request.to } };
      const elsewhere = `ask the leader, "${leader ?? 'nobody'}"`;
      return { kind: 'refused', reason: isMine ? 'this replica leads already' : elsewhere };
    }
    case 'pause':
      return { kind: 'hold', by: 'pause', span: request.span };
    case 'resume':
      return { kind: 'take-part' };
  }
}

/** The end of the task that asked. */
export function outcomeOf(report: LeaderReport): Outcome {
  switch (report.kind) {
    case 'done':
      return { status: 'Done' };
    case 'not-leading': {
      const who =
        report.leader === undefined ? 'no leader is known' : `the leader is "${report.leader}", ask there`;
      return { status: 'Error', error: `this replica does not lead: ${who}` };
    }
    case 'refused':
      return { status: 'Error', error: report.reason };
  }
}

/**
 * One task for each group. `known`: all groups that there are, `held`: those whose record is this replica's. Where no group is named,
 * what only a leader can do is asked of the groups that it leads.
 */
export function draftLeaderChange(
  request: LeaderRequest,
  groups: readonly string[],
  { known, held }: { readonly known: readonly string[]; readonly held: readonly string[] },
): Result<{ readonly kind: string; readonly summary: string; readonly tasks: readonly TaskDraft[] }> {
  const { action, ...data } = request;
  const stranger = groups.find((group) => !known.includes(group));
  if (stranger !== undefined)
    return refuse('not-found', `cannot find leader group "${stranger}" among those of the plan`);
  if (known.length === 0)
    return refuse('bad-request', `cannot ${action}: no service of the plan belongs to a leader group`);
  const isLeaders = held.length > 0 && (action === 'step-down' || action === 'transfer');
  const chosen = groups.length > 0 ? [...new Set(groups)] : isLeaders ? held : known;
  const summaryOf = (group: string): string => {
    const where = request.action === 'transfer' ? ` to "${request.to}"` : '';
    return `${verbs[action]} leader group "${group}"${where}`;
  };
  const tasks = chosen.map((group, index) => {
    const plain = {
      key: group,
      kind: 'leader',
      summary: summaryOf(group),
      subject: group,
      needs: [],
      follows: [],
    };
    return { ...plain, lane: index + 1, data: { action, ...data } };
  });
  const more = chosen.length > 1 ? ` and ${chosen.length - 1} more` : '';
  return ok({ kind: action, summary: `${summaryOf(chosen[0] ?? '')}${more}`, tasks });
}
