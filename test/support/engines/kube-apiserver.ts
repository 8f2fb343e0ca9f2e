// A real API server of Kubernetes of a test's own, on an etcd of its own, with one service account that may use Leases.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openHttp } from '../../../src/host/leases/http-json.ts';
import { readTlsFiles } from '../../../src/host/leases/tls.ts';
import { makeCertificates, opensslMissing } from './certificates.ts';
import { etcdMissing, startEtcd } from './etcd.ts';
import { freePort } from '../free-port.ts';
import { giveToAccount, startProcess } from './private-process.ts';
import type { PrivateProcess } from './private-process.ts';

export interface KubeApiserver {
  readonly port: number;
  readonly tokenFile: string;
  readonly caFile: string;
  /** As an administrator; undefined where the answer says that it failed. */
  admin(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  /** Of the API server and of its etcd. */
  pids(): readonly number[];
  /** What the service account may do with Leases from now on. */
  allow(verbs: readonly string[]): Promise<void>;
  /** A new token for the service account; the old one is not valid any more. Restarts the server, which reads tokens but once. */
  rotate(token: string): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** What an election needs. */
export const leaderVerbs = ['get', 'watch', 'update', 'create'] as const;

const leases = '/apis/coordination.k8s.io/v1/namespaces/prod/leases';
const program = process.env['DJSUP_TEST_KUBE_APISERVER'];

export function kubeApiserverMissing(): string | undefined {
  if (program === undefined || program === '')
    return 'DJSUP_TEST_KUBE_APISERVER is not set; test/support/build-kube-apiserver.sh builds it';
  if (!existsSync(program)) return `"${program}" of DJSUP_TEST_KUBE_APISERVER does not exist`;
  return etcdMissing() ?? opensslMissing();
}

/** `hosts`: where it is reached besides loopback. */
export async function startKubeApiserver(hosts: readonly string[] = []): Promise<KubeApiserver> {
  const certificates = makeCertificates(hosts);
  const { directory, ca, cert, key } = certificates;
  const at = (name: string): string => join(directory, name);
  const port = await freePort();
  const setTokens = (app: string): void =>
    writeFileSync(at('tokens.csv'), `admin-token,admin,1,"system:masters"\n${app},app,2\n`);
  setTokens('app-token');
  writeFileSync(at('token'), 'app-token\n');
  execFileSync('openssl', ['genrsa', '-out', at('accounts.key'), '2048'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  giveToAccount(directory);
  const etcd = await startEtcd();
  const words = [
    [`--etcd-servers=${etcd.endpoint}`, `--secure-port=${port}`, '--bind-address=127.0.0.1'],
    [`--tls-cert-file=${cert}`, `--tls-private-key-file=${key}`, `--cert-dir=${directory}`],
    [
      `--token-auth-file=${at('tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--disable-admission-plugins=ServiceAccount',
    ],
    [
      `--service-account-key-file=${at('accounts.key')}`,
      `--service-account-signing-key-file=${at('accounts.key')}`,
    ],
    ['--service-account-issuer=https://localhost', '--service-cluster-ip-range=10.0.0.0/24'],
  ].flat();
  const http = openHttp(`https://127.0.0.1:${port}`, readTlsFiles({ ca }));
  const admin: KubeApiserver['admin'] = async (method, path, body) => {
    const headers = { authorization: 'Bearer admin-token' };
    const call = { method, path, headers, ...(body === undefined ? {} : { body }) };
    const { status, json } = await http.call(call, AbortSignal.timeout(5000));
    return status < 300 ? json : undefined;
  };
  const isReady = (): Promise<boolean> =>
    admin('GET', leases).then(
      (list) => list !== undefined,
      () => false,
    );
  const boot = (): Promise<PrivateProcess> => startProcess(program ?? '', words, isReady);
  let server = await boot();
  const restart = async (): Promise<void> => {
    await server.stop('SIGKILL');
    server = await boot();
  };
  await admin('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'prod' },
  });
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/prod';
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const role = (verbs: readonly string[]): unknown => ({
    apiVersion,
    kind: 'Role',
    metadata: { name: 'leader' },
    rules: [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs }],
  });
  await admin('POST', `${rbac}/roles`, role(leaderVerbs));
  await admin('POST', `${rbac}/rolebindings`, {
    apiVersion,
    kind: 'RoleBinding',
    metadata: { name: 'leader' },
    subjects: [{ kind: 'User', name: 'app', apiGroup: 'rbac.authorization.k8s.io' }],
    roleRef: { kind: 'Role', name: 'leader', apiGroup: 'rbac.authorization.k8s.io' },
  });
  return {
    port,
    tokenFile: at('token'),
    caFile: ca,
    admin,
    pids: () => [server.pid, etcd.pid()],
    async allow(verbs) {
      await admin('PUT', `${rbac}/roles/leader`, role(verbs));
    },
    async rotate(token) {
      setTokens(token);
      await restart();
    },
    restart,
    async stop() {
      http.close();
      await server.stop('SIGKILL');
      await etcd.stop();
      certificates.remove();
    },
  };
}
