import { expect, test } from 'vitest';
import { identityOf } from '../../src/host/identity.ts';
import type { IdentityDeps } from '../../src/host/identity.ts';

const plain: IdentityDeps = {
  environment: {},
  directoryId: '1-2',
  mounts: '',
  kernel: 'kernel',
  life: 'abcd-life',
};
const instance = (given: Partial<IdentityDeps>): string => identityOf({ ...plain, ...given }).instance;
const mount = (root: string, point: string): string => `36 35 98:0 ${root} ${point} rw - ext4 /dev/sda1 rw`;

test('a pod is known by its uid and the name of the container, which stay over restarts', () => {
  const root = '/var/lib/kubelet/pods/0b9d5a4e-8c5e-4b1e-9d1c-0a1b2c3d4e5f/containers/web/7f3a2b1c';
  expect(instance({ mounts: mount(root, '/dev/termination-log') })).toBe(
    'pod/0b9d5a4e-8c5e-4b1e-9d1c-0a1b2c3d4e5f/web',
  );
});

const overlay = (layer: string): string =>
  `35 2 0:40 / / rw,relatime - overlay overlay rw,lowerdir=/l/A:/l/B,upperdir=/overlay2/${layer}/diff,workdir=/overlay2/${layer}/work`;
const id = 'ab'.repeat(32);
const hostFile = mount(`/var/lib/docker/containers/${id}/hostname`, '/etc/hostname');

test('a container is known by its id and the layer that it writes to, which stay over restarts', () => {
  const one = instance({ mounts: `${overlay('one')}\n${hostFile}` });
  expect(one).toMatch(new RegExp(`^container/${id}/[\\da-f]{16}$`));
  expect(instance({ mounts: `${overlay('one')}\n${hostFile}`, life: 'other' })).toBe(one);
  const directory = mount('/vfs/dir/7f3a', '/');
  expect(instance({ mounts: `${directory}\n${hostFile}` })).not.toBe(one);
});

test('containers that share a network, and so the file of one of them, are two; without a layer nothing is certain', () => {
  const [one, other] = ['one', 'other'].map((layer) =>
    instance({ mounts: `${overlay(layer)}\n${hostFile}` }),
  );
  expect(one).not.toBe(other);
  expect(instance({ mounts: hostFile })).toBe('');
  expect(instance({ mounts: `${mount('/', '/')}\n${hostFile}` })).toBe('');
});

test('in a pod its uid and container count, in whatever order the files are mounted', () => {
  const root = '/var/lib/kubelet/pods/0b9d5a4e-8c5e-4b1e-9d1c-0a1b2c3d4e5f/containers/web/7f3a2b1c';
  const sandbox = mount(
    `/run/containers/storage/overlay-containers/${id}/userdata/resolv.conf`,
    '/etc/resolv.conf',
  );
  const mounts = [overlay('one'), sandbox, hostFile, mount(root, '/dev/termination-log')].join('\n');
  expect(instance({ mounts })).toBe('pod/0b9d5a4e-8c5e-4b1e-9d1c-0a1b2c3d4e5f/web');
});

test('elsewhere the locked state directory under this boot is its own; without one nothing is certain', () => {
  expect(instance({})).toBe('kernel/1-2');
  expect(instance({ directoryId: undefined })).toBe('');
  expect(instance({ kernel: undefined })).toBe('');
  expect(instance({ mounts: mount('/somewhere', '/etc/hostname') })).toBe('kernel/1-2');
});

test('the name is the pod, else the host, made unlike others where several may run on one host', () => {
  expect(identityOf({ ...plain, environment: { POD_NAME: 'web-7c9f-b2' } }).name).toBe('web-7c9f-b2');
  expect(identityOf(plain).name).toMatch(/-abcd$/);
  const inside = identityOf({ ...plain, mounts: mount(`/x/${id}/hostname`, '/etc/hostname') });
  expect(inside.name).not.toMatch(/-abcd$/);
});

test('each life has a boot of its own', () => {
  expect(identityOf(plain).boot).toBe('abcd-life');
});
