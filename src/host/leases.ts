// The engines that can keep an election's record, each loaded only when it is chosen.
import type { LeaseSettings } from '../core/leader/settings.ts';
import type { LeaseStore } from '../ports.ts';
import type { ExternalDeps } from './leases/external.ts';
import type { Libc } from './libc.ts';

export interface LeaseStoreDeps extends ExternalDeps {
  readonly libc: Libc;
}

/** Loads the engine's client; nothing is connected before the store's first call, and nothing is refused before it. */
export async function openLeaseStore(settings: LeaseSettings, deps: LeaseStoreDeps): Promise<LeaseStore> {
  switch (settings.kind) {
    case 'file':
      return (await import('./leases/file.ts')).openFileLease(settings, deps.libc);
    case 'postgres':
      return (await import('./leases/postgres.ts')).openPostgres(settings);
    case 'mysql':
      return (await import('./leases/mysql.ts')).openMysql(settings);
    case 'redis':
      return (await import('./leases/redis.ts')).openRedis(settings);
    case 'etcd':
      return (await import('./leases/etcd.ts')).openEtcd(settings);
    case 'kubernetes':
      return (await import('./leases/kubernetes.ts')).openKubernetes(settings);
    case 'external':
      return (await import('./leases/external.ts')).openExternal(settings, deps);
  }
}
