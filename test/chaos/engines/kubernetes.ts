// Kubernetes as an engine of the chaos tests: a real API server where DJSUP_TEST_KUBE_APISERVER names its program, else the
// contract fake; to replicas both look as to a pod, with TLS and a mounted service account. Law: which one ran is told.
import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates, opensslMissing } from '../../support/engines/certificates.ts';
import {
  kubeApiserverMissing,
  leaderVerbs,
  startKubeApiserver,
} from '../../support/engines/kube-apiserver.ts';
import { startKubernetesFake } from '../../support/engines/kubernetes-fake.ts';
import { lasting, stopping } from '../engine.ts';
import type { ChaosEngine, EngineKind } from '../engine.ts';

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
    faults: {
      'restart engine': () => server.restart(),
      'delete record': async () => void (await server.admin('DELETE', path)),
      'stop engine': stopping(() => server.pids()),
      'revoke rights': lasting(
        () => server.allow(leaderVerbs.filter((verb) => verb !== 'update')),
        () => server.allow(leaderVerbs),
      ),
      async 'rotate token'() {
        const token = randomUUID();
        replaceToken(account, token);
        await server.rotate(token);
      },
    },
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
    faults: {
      // It is this process, and Leases outlive an API server: all that breaks is connections.
      'restart engine': () => fake.restart(),
      'delete record': () => Promise.resolve(fake.remove(lease)),
      'stop engine': 'the contract fake is a part of the process that runs the test',
      'revoke rights': lasting(
        () => Promise.resolve(void fake.denied.add('update')),
        () => Promise.resolve(void fake.denied.delete('update')),
      ),
      'rotate token'() {
        fake.rotate();
        replaceToken(account, fake.token);
        return Promise.resolve();
      },
    },
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

/** As the kubelet does it: never half of it. */
function replaceToken(directory: string, token: string): void {
  writeFileSync(join(directory, 'token.new'), token);
  renameSync(join(directory, 'token.new'), join(directory, 'token'));
}
