// The choice of what a group elects with. Law: where nothing safe is found, nothing is used; the surroundings are asked again.
import type { LeaderConfig } from '../core/config.ts';
import type { Backing, Clock } from '../ports.ts';
import type { Keeper } from './mailbox.ts';

export interface Choice extends Keeper {
  /** Nobody needs it any more. True if nothing comes of it from now on; else `chosen` is called once more. */
  end(): boolean;
}

/** How long after a refusal the surroundings are asked again, ms. */
const again = 10_000;

/** `chosen` is called in turns of the mailbox, until something has been found. */
export function createChoice(deps: {
  readonly clock: Clock;
  readonly config: LeaderConfig;
  readonly backing: (config: LeaderConfig, signal: AbortSignal) => Promise<Backing>;
  readonly post: (what: string, turn: () => void) => void;
  readonly chosen: (backing: Backing) => void;
}): Choice {
  const { clock, config } = deps;
  let askAt = Infinity;
  let isAsking = false;
  const controller = new AbortController();

  function ask(): void {
    askAt = Infinity;
    isAsking = true;
    void deps
      .backing(config, controller.signal)
      .catch((error: unknown): Backing => {
        const because = error instanceof Error ? error.message : String(error);
        return { kind: 'blocked', backend: config.settings.backend ?? 'auto', because };
      })
      .then((backing) => deps.post('choice', () => take(backing)));
  }

  function take(backing: Backing): void {
    isAsking = false;
    if (backing.kind === 'blocked') askAt = clock.now() + again;
    deps.chosen(backing);
  }

  ask();
  return {
    end() {
      askAt = Infinity;
      controller.abort();
      return !isAsking;
    },
    deadline: () => (askAt === Infinity ? undefined : askAt),
    tick() {
      if (clock.now() >= askAt) ask();
    },
  };
}
