// What must be stopped and started so that the running services are those of the plan.
import type { ServiceConfig } from './config.ts';
import { isEqual } from './equal.ts';
import { startClosure, stopClosure } from './order.ts';
import type { Plan } from './plan.ts';

export interface KnownService {
  /** As it was last started. */
  readonly config: ServiceConfig;
  /** Running, on its way up, or waiting for a restart; or a task that is done. */
  readonly active: boolean;
  /** A task that is not done yet: who comes after it has to wait. */
  readonly pending: boolean;
  readonly stoppedByUser: boolean;
}

/** Whether both run the same way; summary and description are only for people. */
export function sameConfig(a: ServiceConfig, b: ServiceConfig): boolean {
  return isEqual({ ...a, summary: '', description: '' }, { ...b, summary: '', description: '' });
}

/**
 * Stopped and started again: active services whose config differs, and the active ones that require them. Started: those that
 * are enabled, and what the started ones require; of these tasks that are under way as well, so that others wait for them. A service that the user has stopped is left alone, even where another
 * requires it. Services that the plan no longer has are not looked at. Both lists are sorted.
 */
export function replanSets(
  plan: Plan,
  known: ReadonlyMap<string, KnownService>,
): { readonly stop: readonly string[]; readonly start: readonly string[] } {
  const isActive = (name: string): boolean => known.get(name)?.active === true;
  const isPending = (name: string): boolean => known.get(name)?.pending === true;
  const changed = [...plan.services.values()].filter((service) => {
    const now = known.get(service.name);
    return now?.active === true && !sameConfig(now.config, service);
  });
  const stop = closureOf(stopClosure(plan, namesOf(changed))).filter(isActive);

  const restarted = new Set(stop);
  const isWanted = (name: string): boolean =>
    known.get(name)?.stoppedByUser !== true && (restarted.has(name) || !isActive(name) || isPending(name));
  const enabled = namesOf([...plan.services.values()].filter((service) => service.startup === 'enabled'));
  const wanted = [...stop, ...enabled].filter(isWanted);
  const start = closureOf(startClosure(plan, wanted)).filter(isWanted);
  return { stop, start };
}

function namesOf(services: readonly ServiceConfig[]): string[] {
  return services.map((service) => service.name);
}

/** Every name comes from the plan, so a closure cannot fail. */
function closureOf(closure: ReturnType<typeof startClosure>): readonly string[] {
  return closure.ok ? closure.value : [];
}
