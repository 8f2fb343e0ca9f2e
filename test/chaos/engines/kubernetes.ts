// Kubernetes as an engine of the chaos tests: a real API server where DJSUP_TEST_KUBE_APISERVER names its program, else the
// contract fake; to replicas both look as to a pod, with TLS and a mounted service account. Law: which one ran is told.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates, opensslMissing } from '../support/engines/certificates.ts';
import { kubeApiserverMissing, startKubeApiserver } from '../support/engines/kube-apiserver.ts';
import { startKubernetesFake } from '../support/engines/kubernetes-fake.ts';
import type { ChaosEngine, EngineKind } from './engines.ts';

const isReal = (process.env['DJSUP_TEST_KUBE_APISERVER'] ?? '') !== '';
const lease = 'chaos';

export const kubernetes: EngineKind = isReal
  ? { missing: kubeApiserverMissing, start: startReal }
  : { missing: opensslMissing, start: startFake };

const seenByPods = {
  layer: ['backend: kubernetes'],
  environment: (host: string, port: number) => ({
    KUBERNETES_SERVICE_HOST: host,
    KUBERNETES_SERVICE_PORT: String(port),
  }),
} as const;

async function startReal(hosts: readonly string[]): Promise<ChaosEngine> {
  const server = await startKubeApiserver(hosts);
  const account = makeAccount(readFileSync(server.tokenFile, 'utf8'), server.caFile);
  const path = `/apis/coordination.k8s.io/v1/namespaces/prod/leases/${lease}`;
  return {
    ...seenByPods,
    variant: 'real API server',
    port: server.port,
    account,
    restart: () => server.restart(),
    wipe: async () => void (await server.admin('DELETE', path)),
    async stop() {
      await server.stop();
      rmSync(account, { recursive: true });
    },
  };
}

async function startFake(hosts: readonly string[]): Promise<ChaosEngine> {
  const certificates = makeCertificates(hosts);
  const [key, cert] = [readFileSync(certificates.key), readFileSync(certificates.cert)];
  const fake = await startKubernetesFake({ key, cert });
  const account = makeAccount(fake.token, certificates.ca);
  return {
    ...seenByPods,
    variant: 'contract fake, no real API server',
    port: fake.port,
    account,
    // It is this process, and Leases outlive an API server: all that breaks is connections.
    restart: () => fake.restart(),
    wipe: () => Promise.resolve(fake.remove(lease)),
    async stop() {
      await fake.stop();
      rmSync(account, { recursive: true });
      certificates.remove();
    },
  };
}

/** What Kubernetes mounts into a pod. */
function makeAccount(token: string, caFile: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'djsup-chaos-account-'));
  writeFileSync(join(directory, 'token'), token);
  writeFileSync(join(directory, 'namespace'), 'prod');
  copyFileSync(caFile, join(directory, 'ca.crt'));
  return directory;
}
