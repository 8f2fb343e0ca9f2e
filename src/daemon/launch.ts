// From a service's configuration to what the machine is asked to run.
import { argvOf } from '../core/command.ts';
import type { ServiceConfig } from '../core/config.ts';
import type { Launch } from '../ports.ts';
import type { LaunchTerms } from './singletons.ts';

/** The daemon's own environment with the service's on top; values are literal, nothing is expanded. */
export function launchOf(
  config: ServiceConfig,
  environment: Readonly<Record<string, string>>,
  terms: LaunchTerms,
): Launch {
  const { account } = config;
  const other = account.user !== undefined || account.userId !== undefined;
  // HOME and USER of the daemon are not those of another account; the spawner fills in that account's own.
  const { HOME: _home, USER: _user, ...neutral } = environment;
  return {
    owner: config.name,
    argv: argvOf(config.command),
    environment: { ...(other ? neutral : environment), ...config.environment, ...terms.environment },
    workingDir: config.workingDir,
    account,
    guard: terms.guard,
  };
}
