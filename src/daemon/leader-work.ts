// The services of one leader's term: who was let in, and the proof that all of it has gone.
// Law: "gone" means that none of them is active and that a look at all processes, begun after that, found nothing left.
export interface WorkDeps {
  /** Running, on its way up or down, or waiting for a restart. */
  readonly isActive: (service: string) => boolean;
  /** Orderly, with the service's own kill-delay. */
  readonly stop: (services: readonly string[], how: 'graceful' | 'fast') => void;
  readonly kill: (service: string) => void;
  readonly feed: (service: string, killAt: number) => void;
  /** Ends what a service has left behind; `done` in a later turn, with how many would not die. */
  readonly sweep: (service: string, grace: number, done: (left: number) => void) => void;
  /** What strays of the service get between SIGTERM and SIGKILL, ms. */
  readonly killDelay: (service: string) => number;
  /** All of the term has gone. */
  readonly drained: (term: string) => void;
  /** Something does not die. */
  readonly undying: (term: string) => void;
}

export interface Work {
  /** A process of the service is about to be started. */
  enter(service: string): void;
  stop(term: string, how: 'graceful' | 'fast' | 'kill'): void;
  feed(killAt: number): void;
  /** It has ended, its strays too, and is started for another group now. */
  forget(service: string): void;
  /** This term may have left something of the service. */
  has(service: string): boolean;
  /** A service has become inactive. */
  ended(): void;
}

interface Stopping {
  readonly term: string;
  readonly how: 'graceful' | 'fast' | 'kill';
}

export function createWork(deps: WorkDeps): Work {
  /** Services of which this term may have left something. */
  const entered = new Set<string>();
  /** Those of them that are being looked for. */
  const sweeping = new Set<string>();
  let stopping: Stopping | undefined;

  function advance(): void {
    if (stopping === undefined) return;
    const { term, how } = stopping;
    if (entered.size === 0) {
      stopping = undefined;
      return deps.drained(term);
    }
    for (const service of entered) {
      if (deps.isActive(service) || sweeping.has(service)) continue;
      look(service, how === 'graceful' ? deps.killDelay(service) : 0);
    }
  }

  function look(service: string, grace: number): void {
    sweeping.add(service);
    deps.sweep(service, grace, (left) => {
      sweeping.delete(service);
      if (left > 0 && stopping !== undefined) deps.undying(stopping.term);
      if (left === 0 && !deps.isActive(service)) entered.delete(service);
      advance();
    });
  }

  return {
    enter(service) {
      entered.add(service);
    },
    stop(term, how) {
      stopping = { term, how };
      const active = [...entered].filter((service) => deps.isActive(service));
      if (how === 'kill') {
        for (const service of active) deps.kill(service);
        // A look that is under way may wait for an orderly end: this one does not.
        for (const service of sweeping) look(service, 0);
      } else if (active.length > 0) deps.stop(active, how);
      advance();
    },
    feed(killAt) {
      for (const service of entered) deps.feed(service, killAt);
    },
    forget(service) {
      if (entered.delete(service)) advance();
    },
    has: (service) => entered.has(service),
    ended: advance,
  };
}
