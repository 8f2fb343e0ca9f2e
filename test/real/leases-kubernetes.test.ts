// The lease store on Leases of Kubernetes: a fake API, and a real one where DJSUP_TEST_KUBE_APISERVER names its program.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeRecord } from '../../src/core/leader/record.ts';
import type { View } from '../../src/core/leader/record.ts';
import { askAccess } from '../../src/host/leases/kubernetes-api.ts';
import { openKubernetes } from '../../src/host/leases/kubernetes.ts';
import { lookAround } from '../../src/host/leases/surroundings.ts';
import type { LeaseStore } from '../../src/ports.ts';
import { held, leaseContract, look, recordFor, soon, take } from '../host/leases.contract.ts';
import { kubeApiserverMissing, startKubeApiserver } from '../support/engines/kube-apiserver.ts';
import { startKubernetesFake } from '../support/engines/kubernetes-fake.ts';
import type { KubernetesFake } from '../support/engines/kubernetes-fake.ts';
import { until } from '../support/rig.ts';

const annotation = 'djsup.dev/record';

leaseContract('kubernetes, contract fake', undefined, async () => {
  const fake = await startKubernetesFake();
  const directory = mkdtempSync(join(tmpdir(), 'djsup-kube-'));
  const tokenFile = join(directory, 'token');
  writeFileSync(tokenFile, fake.token);
  return {
    settings: (name, port = fake.port) => ({
      kind: 'kubernetes',
      name,
      namespace: 'prod',
      server: `http://127.0.0.1:${port}`,
      tokenFile,
      caFile: undefined,
    }),
    port: fake.port,
    put(name, text) {
      fake.remove(name);
      if (text !== undefined) {
        fake.make(name);
        fake.edit(name, (lease) => {
          lease.metadata.annotations = { [annotation]: text };
          const found = decodeRecord(text);
          if (found.kind === 'record') lease.spec = { holderIdentity: found.record.holder };
        });
      }
      return Promise.resolve();
    },
    restart: () => fake.restart(),
    async stop() {
      await fake.stop();
      rmSync(directory, { recursive: true });
    },
  };
});

leaseContract('kubernetes, real API server', kubeApiserverMissing(), async () => {
  const server = await startKubeApiserver();
  const leases = '/apis/coordination.k8s.io/v1/namespaces/prod/leases';
  return {
    settings: (name, port = server.port) => ({
      kind: 'kubernetes',
      name,
      namespace: 'prod',
      server: `https://127.0.0.1:${port}`,
      tokenFile: server.tokenFile,
      caFile: server.caFile,
    }),
    port: server.port,
    async put(name, text) {
      await server.admin('DELETE', `${leases}/${name}`);
      if (text === undefined) return;
      const found = decodeRecord(text);
      await server.admin('POST', leases, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, annotations: { [annotation]: text } },
        spec: found.kind === 'record' ? { holderIdentity: found.record.holder } : {},
      });
    },
    restart: () => server.restart(),
    stop: () => server.stop(),
  };
});

describe('on Kubernetes, contract fake', () => {
  let fake: KubernetesFake;
  const directory = mkdtempSync(join(tmpdir(), 'djsup-kube-'));
  const tokenFile = join(directory, 'token');
  const stores: LeaseStore[] = [];
  beforeAll(async () => {
    fake = await startKubernetesFake();
    writeFileSync(tokenFile, fake.token);
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await fake.stop();
    rmSync(directory, { recursive: true });
  });

  function open(name: string): LeaseStore {
    const server = `http://127.0.0.1:${fake.port}`;
    const store = openKubernetes({
      kind: 'kubernetes',
      name,
      namespace: 'prod',
      server,
      tokenFile,
      caFile: undefined,
    });
    stores.push(store);
    return store;
  }

  test('a lease that a chart has made is enough: nothing is created then', async () => {
    fake.make('chart');
    fake.denied.add('create');
    const store = open('chart');
    expect((await look(store)).found).toEqual({ kind: 'none' });
    await take(store);
    fake.denied.delete('create');
  });

  test.each(['end', 'are too old'] as const)(
    'where watches %s at once, who looks again at each hint asks a few times a second, and at once after one that lasted',
    async (fate) => {
      fake.watches = fate;
      const store = open(`hasty ${fate}`.replaceAll(' ', '-'));
      let hints = 0;
      await look(store);
      store.watch({
        seen: () => {},
        hint() {
          hints += 1;
          void store.read(soon());
        },
      });
      const [from, before] = [performance.now(), fake.requests()];
      await store.read(soon());
      await until('a while has passed', () => performance.now() - from > 2_000);
      // Three requests to begin anew, and pauses of 50, 100, 200, 400, 800 ms.
      expect(fake.requests() - before).toBeGreaterThan(6);
      expect(fake.requests() - before).toBeLessThan(60);
      fake.watches = 'go on';
      const hasty = hints;
      await until('it connects again', () => hints > hasty);
      const born = performance.now();
      await until('this session lasts', () => performance.now() - born > 1_200);
      const lasted = hints;
      fake.expireWatches();
      const lost = performance.now();
      await until('it hears of the end', () => hints > lasted);
      expect(performance.now() - lost).toBeLessThan(500);
    },
  );

  test('what kubectl shows is true', async () => {
    const store = open('shown');
    const record = await take(store, { holder: 'web-7' });
    let spec: Record<string, unknown> = {};
    fake.edit('shown', (lease) => (spec = lease.spec ?? {}));
    expect(spec).toMatchObject({ holderIdentity: 'web-7', leaseDurationSeconds: 15, leaseTransitions: 1 });
    expect(String(spec['renewTime'])).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    const view = await look(store);
    await store.write(view.version, { ...record, write: record.write + 1 }, soon());
    fake.edit('shown', (lease) => (spec = lease.spec ?? {}));
    expect(spec).toMatchObject({ leaseTransitions: 1 });
    await take(store, { state: 'released' });
    fake.edit('shown', (lease) => (spec = lease.spec ?? {}));
    expect(spec['holderIdentity']).toBeUndefined();
  });

  test('another holder by an administrator, or by other software, is no record of ours', async () => {
    const store = open('edited');
    await take(store);
    const view = await look(store);
    fake.edit('edited', (lease) => (lease.spec = { ...lease.spec, holderIdentity: 'somebody' }));
    expect((await look(store)).found).toEqual({ kind: 'unreadable' });
    expect((await store.write(view.version, recordFor(view), soon())).kind).toBe('conflict');
    fake.make('foreign');
    fake.edit('foreign', (lease) => (lease.spec = { holderIdentity: 'controller-1', renewTime: '2026' }));
    const other = open('foreign');
    const before = await look(other);
    expect(before.found).toEqual({ kind: 'unreadable' });
    fake.edit('foreign', (lease) => (lease.spec = { holderIdentity: 'controller-1', renewTime: '2027' }));
    expect((await look(other)).version).not.toBe(before.version);
  });

  test('a lease that was made anew is another life', async () => {
    const store = open('anew');
    const record = await take(store);
    const before = await look(store);
    expect(record.incarnation).not.toBe(before.incarnation);
    fake.remove('anew');
    expect((await look(store)).found).toEqual({ kind: 'none' });
    await take(store);
    expect((await look(store)).incarnation).not.toBe(before.incarnation);
  });

  test('each missing right is named', async () => {
    for (const [verb, pattern] of [
      ['get', /get, watch and update/],
      ['update', /get, watch and update/],
      ['create', /make it with kubectl|verb "create"/],
    ] as const) {
      const name = `denied-${verb}`;
      if (verb === 'update') fake.make(name);
      fake.denied.add(verb);
      const store = open(name);
      const opening = await store.open(soon());
      const outcome =
        opening.kind === 'failed' ? opening : await store.write(undefined, recordFor(undefined), soon());
      expect(outcome).toMatchObject({
        kind: 'failed',
        error: 'permission',
        message: expect.stringMatching(pattern),
      });
      fake.denied.delete(verb);
    }
    fake.denied.add('watch');
    expect(await open('denied-watch').open(soon())).toMatchObject({
      kind: 'ready',
      warnings: [expect.stringContaining('"watch"')],
    });
    fake.denied.delete('watch');
  });

  test('a token that is not accepted is a permission; once exchanged it works', async () => {
    writeFileSync(tokenFile, 'stale');
    const store = open('token');
    expect(await store.open(soon())).toMatchObject({ kind: 'failed', error: 'permission' });
    writeFileSync(tokenFile, fake.token);
    await look(store);
  });

  test('a watch goes on after its version has become too old, and sees a removal', async () => {
    const store = open('expired');
    await take(store);
    const seen: View[] = [];
    let hints = 0;
    store.watch({ seen: (view) => void seen.push(view), hint: () => void (hints += 1) });
    fake.expireWatches();
    await until('it is told', () => hints > 0);
    await look(store);
    const next = await take(open('expired'));
    await until('it is seen', () => seen.some((view) => held(view)?.term === next.term));
    const before = hints;
    fake.remove('expired');
    await until('it is told', () => hints > before);
    expect((await look(store)).found).toEqual({ kind: 'none' });
  });

  test('what the service account may do is asked before Kubernetes is chosen', async () => {
    writeFileSync(join(directory, 'ca.crt'), '');
    writeFileSync(join(directory, 'namespace'), 'prod\n');
    const around = (environment: Record<string, string>) =>
      lookAround(environment, '/var/lib/djsup', { namespace: undefined, name: 'x' }, soon(), directory);
    expect((await around({})).pod).toBeUndefined();
    // The fake speaks no TLS: what could not be asked is unknown, not refused.
    const { pod } = await around({
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(fake.port),
    });
    expect(pod).toMatchObject({ namespace: 'prod', access: { kind: 'unknown' } });
  });

  test('rights are asked verb by verb', async () => {
    const server = { server: `http://127.0.0.1:${fake.port}`, tokenFile, caFile: undefined };
    const lease = { namespace: 'prod', name: 'x' };
    expect(await askAccess(server, lease, soon())).toEqual({ kind: 'allowed' });
    fake.denied.add('update');
    expect(await askAccess(server, lease, soon())).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('"update"'),
    });
    // What others were told before, or will be in a moment, may be something else.
    fake.isStarting = true;
    expect(await askAccess(server, lease, soon())).toMatchObject({ kind: 'unknown' });
    fake.isStarting = false;
    fake.denied.delete('update');
    writeFileSync(tokenFile, 'stale');
    expect(await askAccess(server, lease, soon())).toMatchObject({ kind: 'unknown' });
    writeFileSync(tokenFile, fake.token);
    expect(await askAccess({ ...server, server: 'http://127.0.0.1:1' }, lease, soon())).toMatchObject({
      kind: 'unknown',
    });
  });
});
