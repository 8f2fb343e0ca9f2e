// From what is asked of services to the tasks of a change: which, in which order, holding what.
import { startClosure, startSteps, stopClosure, stopSteps } from '../core/order.ts';
import type { Step } from '../core/order.ts';
import type { Plan } from '../core/plan.ts';
import { replanSets } from '../core/replan.ts';
import type { KnownService } from '../core/replan.ts';
import type { Result } from '../core/result.ts';
import { ok, refuse } from '../core/result.ts';
import type { TaskDraft } from './changes.ts';
import type { ServiceAction } from './face.ts';

export interface ChangeDraft {
  readonly kind: string;
  readonly summary: string;
  readonly services: readonly string[];
  readonly tasks: readonly TaskDraft[];
}

type Known = ReadonlyMap<string, KnownService>;

export function draftChange(
  plan: Plan,
  known: Known,
  action: ServiceAction,
  names: readonly string[],
): Result<ChangeDraft> {
  switch (action) {
    case 'start':
      return draftStart(plan, 'start', names);
    case 'stop':
      return draftStop(plan, names);
    case 'restart':
      return draftRestart(plan, names);
    case 'autostart': {
      const enabled = [...plan.services.values()].filter((service) => service.startup === 'enabled');
      if (enabled.length === 0) return refuse('no-default-services', 'no default services');
      return draftStart(
        plan,
        'autostart',
        enabled.map((service) => service.name),
      );
    }
    case 'replan':
      return draftReplan(plan, known);
  }
}

/** Stops everything that is active, whether or not the plan still knows it. */
export function draftStopAll(plan: Plan, active: readonly string[]): ChangeDraft {
  const tasks = stopTasks(plan, active);
  return { kind: 'stop', summary: 'Stop all running services', services: active, tasks };
}

/** Services of a leader group, and what they require, now that this replica leads. */
export function draftLead(plan: Plan, group: string, names: readonly string[]): ChangeDraft {
  const known = names.filter((name) => plan.services.has(name));
  const closure = startClosure(plan, known);
  const tasks = startSteps(plan, closure.ok ? closure.value : known).map((step) => startDraft(step));
  return { kind: 'lead', summary: `Lead group "${group}"`, services: known, tasks };
}

/** A task that this replica is to run for all of them, now that it leads. */
export function draftRelease(name: string, release: string): ChangeDraft {
  const step: Step = { name, lane: 1, needs: [], follows: [] };
  const task = { ...startDraft(step), summary: `Run task "${name}"` };
  return {
    kind: 'release',
    summary: `Run task "${name}" for release ${release}`,
    services: [name],
    tasks: [task],
  };
}

/** Services of a leader group before its lease is let go. */
export function draftHandOver(plan: Plan, group: string, names: readonly string[]): ChangeDraft {
  return {
    kind: 'hand-over',
    summary: `Hand over group "${group}"`,
    services: names,
    tasks: stopTasks(plan, names),
  };
}

/** Services that the plan no longer has are stopped too, in no order. */
function stopTasks(plan: Plan, names: readonly string[]): readonly TaskDraft[] {
  const planned = names.filter((name) => plan.services.has(name));
  const strangers = names.filter((name) => !plan.services.has(name));
  const loose = strangers.map((name): Step => ({ name, lane: 0, needs: [], follows: [] }));
  return [...stopSteps(plan, planned), ...loose].map(stopDraft);
}

function draftStart(plan: Plan, kind: 'start' | 'autostart', names: readonly string[]): Result<ChangeDraft> {
  const closure = startClosure(plan, names);
  if (!closure.ok) return refuse('bad-request', `cannot start services: ${closure.failure.message}`);
  const steps = startSteps(plan, closure.value);
  const first = kind === 'start' ? names[0] : steps[0]?.name;
  return ok({
    kind,
    summary: summaryOf(kind, first, steps.length),
    services: [...names],
    tasks: steps.map((step) => startDraft(step)),
  });
}

function draftStop(plan: Plan, names: readonly string[]): Result<ChangeDraft> {
  const closure = stopClosure(plan, names);
  if (!closure.ok) return refuse('bad-request', `cannot stop services: ${closure.failure.message}`);
  const tasks = stopSteps(plan, closure.value).map(stopDraft);
  return ok({
    kind: 'stop',
    summary: summaryOf('stop', names[0], tasks.length),
    services: [...names],
    tasks,
  });
}

function draftRestart(plan: Plan, names: readonly string[]): Result<ChangeDraft> {
  const closure = startClosure(plan, names);
  if (!closure.ok) return refuse('bad-request', `cannot restart services: ${closure.failure.message}`);
  const stopped = closure.value.filter((name) => names.includes(name));
  const tasks = stopThenStart(plan, stopped, closure.value);
  return ok({
    kind: 'restart',
    summary: summaryOf('restart', names[0], closure.value.length),
    services: [...names],
    tasks,
  });
}

function draftReplan(plan: Plan, known: Known): Result<ChangeDraft> {
  const { stop: changed, start } = replanSets(plan, known);
  const gone = [...known].filter(([name, { active }]) => active && !plan.services.has(name));
  const stop = [...changed, ...gone.map(([name]) => name)];
  const affected = [...new Set([...stop, ...start])].toSorted();
  const summary =
    affected.length === 0 ? 'Replan - no services' : summaryOf('replan', affected[0], affected.length);
  return ok({ kind: 'replan', summary, services: affected, tasks: stopThenStart(plan, stop, start) });
}

function stopThenStart(plan: Plan, stop: readonly string[], start: readonly string[]): readonly TaskDraft[] {
  const stopping = new Set(stop);
  const starts = startSteps(plan, start).map((step) => startDraft(step, stopping.has(step.name)));
  return [...stopTasks(plan, stop), ...starts];
}

function startDraft(step: Step, afterItsStop = false): TaskDraft {
  return {
    key: startKey(step.name),
    kind: 'start',
    summary: `Start service "${step.name}"`,
    subject: step.name,
    needs: [...step.needs.map(startKey), ...(afterItsStop ? [stopKey(step.name)] : [])],
    follows: step.follows.map(startKey),
    lane: step.lane,
  };
}

function stopDraft(step: Step): TaskDraft {
  return {
    key: stopKey(step.name),
    kind: 'stop',
    summary: `Stop service "${step.name}"`,
    subject: step.name,
    needs: step.needs.map(stopKey),
    follows: step.follows.map(stopKey),
    lane: step.lane,
  };
}

function startKey(name: string): string {
  return `start ${name}`;
}

function stopKey(name: string): string {
  return `stop ${name}`;
}

function summaryOf(kind: string, first: string | undefined, total: number): string {
  const action = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
  const more = total > 1 ? ` and ${total - 1} more` : '';
  return `${action} service "${first ?? ''}"${more}`;
}
