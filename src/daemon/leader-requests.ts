// What operators may ask of a leader group, and the words for what became of it.
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

const verbs: Readonly<Record<LeaderRequest['action'], string>> = {
  'step-down': 'Step down from',
  transfer: 'Transfer',
  pause: 'Pause',
  resume: 'Resume',
};

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

/** One task for each group; `known`: all groups that there are. */
export function draftLeaderChange(
  request: LeaderRequest,
  groups: readonly string[],
  known: readonly string[],
): Result<{ readonly kind: string; readonly summary: string; readonly tasks: readonly TaskDraft[] }> {
  const { action, ...data } = request;
  const stranger = groups.find((group) => !known.includes(group));
  if (stranger !== undefined)
    return refuse('not-found', `cannot find leader group "${stranger}" among those of the plan`);
  if (known.length === 0)
    return refuse('bad-request', `cannot ${action}: no service of the plan belongs to a leader group`);
  const chosen = groups.length === 0 ? known : [...new Set(groups)];
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
