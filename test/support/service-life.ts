// One service machine with a pretend operating system around it, for life stories told synchronously.
import { stepService } from '../../src/core/service.ts';
import { idle, serviceDeadline } from '../../src/core/service-state.ts';
import type {
  ServiceEffect,
  ServiceEvent,
  ServicePolicy,
  ServiceState,
} from '../../src/core/service-state.ts';

export const policy: ServicePolicy = {
  type: 'service',
  once: undefined,
  killDelay: 5_000,
  killMode: 'main-first',
  onSuccess: 'restart',
  onFailure: 'restart',
  backoff: { delay: 500, factor: 2, limit: 30_000 },
};

export interface Life {
  readonly state: () => ServiceState;
  readonly now: () => number;
  /** Feeds one event and returns the effects, the outcome of a spawn included. */
  feed(event: ServiceEvent): readonly ServiceEffect[];
  /** Lets time pass, ticking at each deadline. */
  pass(milliseconds: number): readonly ServiceEffect[];
  /** From idle to running: start, sweep, spawn, okay delay. */
  up(): void;
}

/** `spawn` decides what a spawn effect leads to; by default a new pid each time. */
export function liveService(
  given: Partial<ServicePolicy> = {},
  options: {
    readonly spawn?: (run: number) => string | number;
    readonly step?: typeof stepService;
    readonly jitter?: number;
  } = {},
): Life {
  const rules = { ...policy, ...given };
  const step = options.step ?? stepService;
  let state = idle;
  let now = 1_000;
  let lastPid = 100;

  function feed(event: ServiceEvent): readonly ServiceEffect[] {
    const [next, effects] = step(rules, state, event, { now, jitter: options.jitter ?? 0 });
    state = next;
    return effects.flatMap((effect) => {
      if (effect.kind === 'sweep') return [effect, ...sweptAt(effect.run)];
      if (effect.kind !== 'spawn') return [effect];
      lastPid += 1;
      const outcome = options.spawn?.(effect.run) ?? lastPid;
      const { run } = effect;
      const more =
        typeof outcome === 'number'
          ? feed({ kind: 'spawned', run, pid: outcome })
          : feed({ kind: 'spawn-failed', run, reason: outcome });
      return [effect, ...more];
    });
  }

  function sweptAt(run: number): readonly ServiceEffect[] {
    return feed({ kind: 'swept', run, found: 0, left: 0 });
  }

  function pass(milliseconds: number): readonly ServiceEffect[] {
    const end = now + milliseconds;
    const all: ServiceEffect[] = [];
    for (
      let next = serviceDeadline(state);
      next !== undefined && next <= end;
      next = serviceDeadline(state)
    ) {
      now = Math.max(now, next);
      const before = state;
      all.push(...feed({ kind: 'tick' }));
      if (state === before) throw new Error(`a tick at its deadline changed nothing in state ${state.kind}`);
    }
    now = end;
    return all;
  }

  return {
    state: () => state,
    now: () => now,
    feed,
    pass,
    up() {
      feed({ kind: 'start', waiter: 'up' });
      pass(1_000);
    },
  };
}

/** The reports among effects, as `waiter: kind`. */
export function reportsIn(effects: readonly ServiceEffect[]): readonly string[] {
  return effects.flatMap((effect) =>
    effect.kind === 'report' ? `${effect.waiter}: ${effect.report.kind}` : [],
  );
}

/** The signals among effects, as `main SIGTERM`. */
export function signalsIn(effects: readonly ServiceEffect[]): readonly string[] {
  return effects.flatMap((effect) => (effect.kind === 'signal' ? `${effect.to} ${effect.signal}` : []));
}
