// One run of a check's probe, through the port that it needs.
import type { CheckOutcome } from '../core/check.ts';
import type { CheckConfig } from '../core/config.ts';
import { formatDuration } from '../core/duration.ts';
import type { Prober, Spawner } from '../ports.ts';

export interface ProbeDeps {
  readonly prober: Prober;
  readonly spawner: Pick<Spawner, 'run'>;
  readonly environment: Readonly<Record<string, string>>;
  /** For how long nobody has led a group, ms. */
  readonly leaderless: (group: string) => number;
}

export function createProbe(deps: ProbeDeps): (config: CheckConfig) => Promise<CheckOutcome> {
  return ({ timeout, probe: what }) => {
    switch (what.kind) {
      case 'http':
        return deps.prober.http(what.url, what.headers, timeout);
      case 'tcp':
        return deps.prober.tcp(what.host, what.port, timeout);
      case 'leader': {
        const without = deps.leaderless(what.group);
        return Promise.resolve(
          without <= what.after
            ? { up: true }
            : {
                up: false,
                error: `leader group "${what.group}" has had no leader for ${formatDuration(Math.round(without / 1000) * 1000)}`,
                details: '',
              },
        );
      }
      case 'exec': {
        const { command, account, workingDir } = what;
        const environment = { ...deps.environment, ...what.environment };
        return deps.spawner.run({ argv: command, environment, workingDir, account }, timeout);
      }
    }
  };
}
