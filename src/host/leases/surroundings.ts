// What djsup looks up before it chooses an engine. Law: what could not be asked is said to be unknown, never guessed.
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { kubernetesServer } from '../../core/leader/surroundings.ts';
import type { PodFacts, Surroundings } from '../../core/leader/surroundings.ts';
import { askAccess } from './kubernetes-api.ts';

const mounted = '/var/run/secrets/kubernetes.io/serviceaccount';

/** `lease`: the Lease that would be used, its namespace only where it is not the pod's. `account`: where Kubernetes mounts it. */
export async function lookAround(
  environment: Readonly<Record<string, string | undefined>>,
  stateDirectory: string,
  lease: { readonly namespace: string | undefined; readonly name: string },
  signal: AbortSignal,
  account = mounted,
): Promise<Surroundings> {
  const host = environment['HOSTNAME'] ?? hostname();
  return {
    environment,
    hostname: host,
    stateDirectory,
    pod: await podFacts(environment, lease, signal, account),
  };
}

async function podFacts(
  environment: Surroundings['environment'],
  lease: { readonly namespace: string | undefined; readonly name: string },
  signal: AbortSignal,
  account: string,
): Promise<PodFacts | undefined> {
  const tokenFile = join(account, 'token');
  const caFile = join(account, 'ca.crt');
  const server = kubernetesServer(environment);
  if (server === undefined || !existsSync(tokenFile) || !existsSync(caFile)) return undefined;
  const namespace = environment['POD_NAMESPACE'] ?? namespaceIn(join(account, 'namespace'));
  const wanted = { name: lease.name, namespace: lease.namespace ?? namespace };
  return {
    namespace,
    tokenFile,
    caFile,
    access: await askAccess({ server, tokenFile, caFile }, wanted, signal),
  };
}

function namespaceIn(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : 'default';
}
