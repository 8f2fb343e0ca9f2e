// What a leader group elects with: its surroundings, the choice of the backend, and the store behind it.
import { chooseBackend, recordName } from '../core/leader/choice.ts';
import type { LeaderConfig } from '../core/config.ts';
import type { Backing } from '../ports.ts';
import { openLeaseStore } from './leases.ts';
import { lookAround } from './leases/surroundings.ts';
import type { Libc } from './libc.ts';

export interface BackingDeps {
  readonly libc: Libc;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where this daemon keeps its state. */
  readonly directory: string;
}

/** How long the surroundings may take to answer, ms. */
const patience = 5_000;

export async function openBacking(config: LeaderConfig, deps: BackingDeps): Promise<Backing> {
  const { environment, directory, libc } = deps;
  const { settings, group } = config;
  const app = environment['DJSUP_APP'] || 'djsup';
  const lease = {
    namespace: settings.kubernetes?.namespace,
    name: settings.kubernetes?.lease ?? settings.name ?? recordName(app, group),
  };
  const around = await lookAround(environment, directory, lease, AbortSignal.timeout(patience));
  const choice = chooseBackend(config, app, around);
  const why = choice.why.join('; ');
  switch (choice.kind) {
    case 'use': {
      const { kind: backend } = choice.settings;
      return { kind: 'store', backend, because: why, store: await openLeaseStore(choice.settings, libc) };
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
