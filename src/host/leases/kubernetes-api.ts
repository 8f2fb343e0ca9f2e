// The API of Kubernetes with a pod's service account, and what it may do there.
// Law: the token is read for each request, since it is exchanged while the pod runs; it goes to this server alone.
import { readFileSync } from 'node:fs';
import type { PodFacts } from '../../core/leader/surroundings.ts';
import type { KubernetesLease } from '../../core/leader/settings.ts';
import { reasonOf } from '../errno.ts';
import { openHttp } from './http-json.ts';
import type { HttpConnection } from './http-json.ts';
import { readTlsFiles } from './tls.ts';

export type KubernetesApi = HttpConnection;

type Server = Pick<KubernetesLease, 'server' | 'tokenFile' | 'caFile'>;

/** Throws where the files of the service account cannot be read. */
export function openPod({ server, tokenFile, caFile }: Server): KubernetesApi {
  const http = openHttp(server, readTlsFiles({ ca: caFile }));
  const authorization = (): Record<string, string> => ({
    authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`,
  });
  return {
    call: async (call, signal) => http.call({ ...call, headers: authorization() }, signal),
    stream: async (call, signal, line, ended) =>
      http.stream({ ...call, headers: authorization() }, signal, line, ended),
    close: http.close,
  };
}

interface Review {
  readonly status?: { readonly allowed?: boolean; readonly evaluationError?: string };
}

/** While it starts it knows no rights and says no to everything; every account may ask for this. */
async function isStarting(api: KubernetesApi, signal: AbortSignal): Promise<boolean> {
  return (await api.call({ method: 'GET', path: '/readyz' }, signal)).status >= 500;
}

/** Whether the service account may get and update the Lease; every account may ask that of itself. */
export async function askAccess(
  server: Server,
  lease: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<PodFacts['access']> {
  let api: KubernetesApi | undefined;
  try {
    api = openPod(server);
    for (const verb of ['get', 'update']) {
      const resourceAttributes = { ...lease, verb, group: 'coordination.k8s.io', resource: 'leases' };
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      };
      const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
      const { status, json } = await api.call({ method: 'POST', path, body }, signal);
      if (status === 401 || status === 403)
        return { kind: 'unknown', reason: `its service account is not accepted (${status})` };
      const answer = (json as Review | undefined)?.status;
      if (status >= 300 || typeof answer?.allowed !== 'boolean')
        return { kind: 'unknown', reason: `it answered ${status}` };
      if (answer.allowed) continue;
      const { evaluationError = '' } = answer;
      if (evaluationError !== '') return { kind: 'unknown', reason: evaluationError };
      if (await isStarting(api, signal))
        return { kind: 'unknown', reason: 'it is not ready, and may not know yet what is allowed' };
      return { kind: 'refused', reason: missing(verb, lease) };
    }
    return { kind: 'allowed' };
  } catch (error) {
    return { kind: 'unknown', reason: signal.aborted ? 'it did not answer in time' : reasonOf(error) };
  } finally {
    api?.close();
  }
}

function missing(
  verb: string,
  { name, namespace }: { readonly name: string; readonly namespace: string },
): string {
  return `its service account lacks "${verb}" on the lease "${name}" of coordination.k8s.io in namespace "${namespace}"; allow get, watch and update to have the leader elected there`;
}
