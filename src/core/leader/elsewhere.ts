// The engines that a replica which knows less of the surroundings would have chosen by itself.
// Law: only where the choice was left to djsup; what is written out is meant.
import type { LeaderConfig } from '../config.ts';
import { recordName } from './settings.ts';
import { addressOf, isSet, settingsFor } from './engine-settings.ts';
import type { LeaseSettings } from './settings.ts';
import type { Surroundings } from './surroundings.ts';

/** In the order in which they are chosen, after Kubernetes. */
const order = ['postgres', 'mysql', 'etcd', 'redis', 'file'] as const;

/** Those after the chosen one; a pod that was without an address, or a right, elects there. */
export function electedElsewhere(
  { group, settings }: Pick<LeaderConfig, 'group' | 'settings'>,
  app: string,
  around: Surroundings,
  chosen: LeaseSettings['kind'],
): readonly LeaseSettings[] {
  const { environment } = around;
  const asked = environment['DJSUP_LEADER_BACKEND'];
  const isLeftToUs = (settings.backend ?? 'auto') === 'auto' && (!isSet(asked) || asked === 'auto');
  if (!isLeftToUs || settings['moved-from'] !== undefined) return [];
  const name = settings.name ?? recordName(app, group);
  const isThere = (backend: (typeof order)[number]): boolean =>
    backend === 'file'
      ? isSet(settings.file?.path) || isSet(environment['DJSUP_LEADER_LOCK'])
      : addressOf(backend, settings, environment) !== undefined;
  return order
    .slice(order.findIndex((one) => one === chosen) + 1)
    .filter(isThere)
    .map((backend) => settingsFor(backend, name, settings, around))
    .filter((found) => typeof found !== 'string');
}
