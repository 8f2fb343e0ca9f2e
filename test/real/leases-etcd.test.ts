// The lease store on a real etcd, with users, roles, TLS and a backup that is restored.
import { cpSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EtcdLease } from '../../src/core/leader/settings.ts';
import { openLeaseStore } from '../../src/host/leases.ts';
import type { LeaseStore, Opening } from '../../src/ports.ts';
import { held, leaseContract, look, recordFor, soon, take } from '../host/leases.contract.ts';
import { storeDeps } from '../host/machine.ts';
import { makeCertificates, opensslMissing } from '../support/engines/certificates.ts';
import { etcdMissing, startEtcd } from '../support/engines/etcd.ts';
import type { Etcd } from '../support/engines/etcd.ts';
import { until } from '../support/rig.ts';

const prefix = 'djsup/leader/';

leaseContract('etcd', etcdMissing(), async () => {
  const etcd = await startEtcd();
  return {
    settings: (name, port = etcd.port) => ({
      kind: 'etcd',
      name,
      endpoints: [`http://127.0.0.1:${port}`],
      prefix,
      user: undefined,
      tls: {},
    }),
    port: etcd.port,
    put: (name, text) => etcd.put(prefix + name, text),
    restart: () => etcd.restart(),
    stop: () => etcd.stop(),
  };
});

const why = etcdMissing() ?? opensslMissing();

describe.skipIf(why !== undefined)(`on a real engine${why === undefined ? '' : `, left out: ${why}`}`, () => {
  let etcd: Etcd;
  const stores: LeaseStore[] = [];
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await etcd?.stop();
  });

  async function open(
    name: string,
    further: Partial<EtcdLease> = {},
  ): Promise<LeaseStore & { opening: Opening }> {
    const settings = {
      kind: 'etcd',
      name,
      endpoints: [etcd.endpoint],
      prefix,
      user: undefined,
      tls: {},
    } as const;
    const store = await openLeaseStore({ ...settings, ...further }, await storeDeps());
    stores.push(store);
    return { ...store, opening: await store.open(soon()) };
  }

  test('the first of several members that answers is used', async () => {
    const store = await open('several', { endpoints: ['http://127.0.0.1:1', etcd.endpoint] });
    expect(store.opening).toMatchObject({ kind: 'failed', error: 'transient' });
    expect((await store.read(soon())).kind).toBe('ok');
  });

  test('a backup that was restored is another life of the data', async () => {
    const store = await open('restored');
    await take(store);
    const before = await look(store);
    const backup = `${etcd.directory}-backup`;
    await etcd.halt();
    cpSync(`${etcd.directory}/data`, backup, { recursive: true });
    await etcd.restart();
    await until('it answers', async () => (await store.read(soon(1000))).kind === 'ok');
    expect((await look(store)).incarnation).toBe(before.incarnation);
    for (let writes = 0; writes < 5; writes += 1) await take(store);
    await etcd.halt();
    rmSync(`${etcd.directory}/data`, { recursive: true });
    cpSync(backup, `${etcd.directory}/data`, { recursive: true });
    rmSync(backup, { recursive: true });
    etcd.own(`${etcd.directory}/data`);
    await etcd.restart();
    await until('it answers', async () => (await store.read(soon(1000))).kind === 'ok');
    const after = await look(store);
    expect(held(after)).toEqual(held(before));
    expect(after.incarnation).not.toBe(before.incarnation);
    expect(after.epochFloor).toBeGreaterThan(0);
  });

  test('TLS is verified, and says what is missing', async () => {
    const certificates = makeCertificates();
    const { ca, cert, key } = certificates;
    const secure = await startEtcd(['--cert-file', cert, '--key-file', key], 'https');
    try {
      const endpoints = [secure.endpoint];
      const store = await open('tls', { endpoints, tls: { ca } });
      expect(store.opening).toMatchObject({ kind: 'ready' });
      await take(store);
      const { opening } = await open('tls', { endpoints });
      expect(opening).toMatchObject({ kind: 'failed', error: 'unsafe' });
      expect(opening).toHaveProperty('message', expect.stringContaining('ETCDCTL_CACERT'));
    } finally {
      await secure.stop();
      certificates.remove();
    }
  });

  // Last: from here on etcd asks for a user.
  test('a user needs a role for the keys, and is told so', async () => {
    for (const [path, body] of [
      ['auth/user/add', { name: 'root', password: 'root' }],
      ['auth/role/add', { name: 'root' }],
      ['auth/user/grant', { user: 'root', role: 'root' }],
      ['auth/user/add', { name: 'app', password: 'pass-word' }],
      ['auth/role/add', { name: 'app' }],
      ['auth/user/grant', { user: 'app', role: 'app' }],
      ['auth/enable', {}],
    ] as const)
      await etcd.ask(path, body);
    const user = { name: 'app', password: 'pass-word' };
    expect((await open('own')).opening).toMatchObject({ kind: 'failed', error: 'permission' });
    const wrong = await open('own', { user: { name: 'app', password: 'wrong-word' } });
    expect(wrong.opening).toMatchObject({ kind: 'failed', error: 'permission' });
    expect(JSON.stringify(wrong.opening)).not.toContain('wrong-word');
    const denied = await open('own', { user });
    expect(denied.opening).toMatchObject({ kind: 'failed', error: 'permission' });
    expect(denied.opening).toHaveProperty('message', expect.stringContaining('grant-permission'));
    const { token } = await etcd.ask('auth/authenticate', { name: 'root', password: 'root' });
    const key = Buffer.from(prefix).toString('base64');
    const end = Buffer.from('djsup/leader0').toString('base64');
    const perm = { permType: 'READWRITE', key, range_end: end };
    await etcd.ask('auth/role/grant', { name: 'app', perm }, String(token));
    const store = await open('own', { user });
    expect(store.opening).toMatchObject({ kind: 'ready' });
    await take(store);
    const view = await look(store);
    await etcd.ask('auth/role/revoke', { role: 'app', key, range_end: end }, String(token));
    expect(await store.write(view.version, recordFor(view), soon())).toMatchObject({
      kind: 'failed',
      error: 'permission',
    });
    const inAddress = await open('own', { endpoints: [etcd.endpoint.replace('//', '//app:pass-word@')] });
    expect(JSON.stringify(inAddress.opening)).not.toContain('pass-word');
  });
});
