// What a leader group elects with: its surroundings, the choice of the backend, and the store behind it.
import { chooseBackend } from '../core/leader/choice.ts';
import { recordName } from '../core/leader/settings.ts';
import type { Choice } from '../core/leader/choice.ts';
import { electedElsewhere } from '../core/leader/elsewhere.ts';
import type { LeaderConfig } from '../core/config.ts';
import { millisecond } from '../core/leader/timing.ts';
import type { Backing, LeaseStore } from '../ports.ts';
import { openLeaseStore } from './leases.ts';
import type { LeaseStoreDeps } from './leases.ts';
import { leadsElsewhere } from './leases/elsewhere.ts';
import { lookAround } from './leases/surroundings.ts';
import { within } from './leases/within.ts';
import { openTwin } from './leases/twin.ts';

export interface BackingDeps extends LeaseStoreDeps {
  /** Where this daemon keeps its state. */
  readonly directory: string;
}

/** How long the surroundings may take to answer, ms. */
const patience = 5_000;

/** Once the signal is aborted nobody wants the answer any more: it comes soon. */
export async function openBacking(
  config: LeaderConfig,
  signal: AbortSignal,
  deps: BackingDeps,
): Promise<Backing> {
  const { environment, directory } = deps;
  const { settings, group } = config;
  const app = environment['DJSUP_APP'] || 'djsup';
  const lease = {
    namespace: settings.kubernetes?.namespace,
    name: settings.kubernetes?.lease ?? settings.name ?? recordName(app, group),
  };
  const around = await lookAround(environment, directory, lease, within(patience, signal));
  const choice = chooseBackend(config, app, around);
  const because = choice.why.join('; ');
  switch (choice.kind) {
    case 'use': {
      const { settings: used, former } = choice;
      const backend = former === undefined ? used.kind : `${former.kind}+${used.kind}`;
      const store = await openStore(choice, deps);
      const others = electedElsewhere(config, app, around, used.kind).map(
        (other) => () => openLeaseStore(other, deps),
      );
      const renewal = config.timing.renew / millisecond;
      const elsewhere = await leadsElsewhere(store, others, renewal, signal);
      if (elsewhere === undefined) return { kind: 'store', backend, because, store };
      await store.close();
      return {
        kind: 'blocked',
        backend,
        because: `cannot elect a leader with backend "${backend}" (${because}): ${elsewhere}. If that is this application, write both out, "backend: ${backend}" and in "moved-from" where it leads now, or "backend" alone to elect there as before; if it is another one, give one of them a "name", or set DJSUP_APP`,
      };
    }
    case 'verdict':
      return {
        kind: 'fixed',
        backend: settings.backend ?? environment['DJSUP_LEADER_BACKEND'] ?? 'auto',
        because: choice.verdict.reason,
        runs: choice.verdict.runs !== false,
      };
    case 'blocked': {
      const backend = settings.backend ?? 'auto';
      return { kind: 'blocked', backend, because: choice.reason };
    }
  }
}

async function openStore(
  { settings, former }: Extract<Choice, { kind: 'use' }>,
  deps: LeaseStoreDeps,
): Promise<LeaseStore> {
  const store = await openLeaseStore(settings, deps);
  return former === undefined ? store : openTwin(await openLeaseStore(former, deps), store);
}
