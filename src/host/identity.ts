// Who this replica is among others. Law: two that run at the same time never have the same `instance`; where that is not
// certain it is empty, and nothing is concluded from it.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { digest } from '../core/digest.ts';
import type { Replica } from '../core/leader/observer.ts';

export interface IdentityDeps {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of the directory that this daemon holds the lock of; undefined: it holds none. */
  readonly directoryId: string | undefined;
  /** /proc/self/mountinfo */
  readonly mounts: string | undefined;
  /** The running kernel's boot id. */
  readonly kernel: string | undefined;
  /** A random name. */
  readonly life: string;
}

/** The running kernel's boot id; empty where there is no /proc. */
export function kernelBoot(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}

/** Of the kernel; of this start where djsup is PID 1, so that a container's restart can be told. */
export function bootId(): string {
  return kernelId(process.pid === 1 ? 'uuid' : 'boot_id');
}

/** From the kernel, so that no cryptography is loaded for it; the time of the start where there is no /proc. */
export function kernelId(name: 'uuid' | 'boot_id'): string {
  return readText(`/proc/sys/kernel/random/${name}`)?.trim() ?? String(Date.now());
}

export function readIdentity(
  environment: IdentityDeps['environment'],
  directoryId: string | undefined,
): Replica {
  const mounts = readText('/proc/self/mountinfo');
  const life = readText('/proc/sys/kernel/random/uuid') ?? `${Date.now()}-${Math.random()}`;
  return identityOf({
    environment,
    directoryId,
    mounts,
    kernel: kernelBoot() || undefined,
    life: life.trim(),
  });
}

export function identityOf({ environment, directoryId, mounts, kernel, life }: IdentityDeps): Replica {
  const host = hostname();
  const sandbox = sandboxOf(mounts ?? '');
  const own = directoryId === undefined || kernel === undefined ? '' : `${kernel}/${directoryId}`;
  return {
    // Outside of a container several may run under one host name.
    name: printable(
      environment['POD_NAME'] || (sandbox === undefined ? `${host}-${life.slice(0, 4)}` : host),
    ),
    instance: printable(sandbox ?? own),
    boot: life,
    isInit: process.pid === 1,
  };
}

interface Mount {
  /** What of the file system is mounted. */
  readonly root: string;
  readonly point: string;
  readonly options: string;
}

/**
 * The container, by the files that its runtime mounts into it: `/dev/termination-log` lies below the pod's uid and the
 * container's name; `/etc/hostname` of Docker and Podman below a container's id, which is another one's where they share a
 * network, as is a pod's with CRI-O: only with the layer of its own below `/` is it this one's, and without that it is empty. All
 * stay over restarts of one container. Undefined: nothing tells of a container.
 */
function sandboxOf(text: string): string | undefined {
  const mounts = text.split('\n').map(mountOf);
  const at = (...points: readonly string[]): readonly Mount[] =>
    mounts.filter(({ point }) => points.includes(point));
  for (const { root } of at('/dev/termination-log')) {
    const pod = /\/pods\/([-\da-f]{32,36})\/containers\/([^/]+)\//.exec(root);
    if (pod !== null) return `pod/${pod[1]}/${pod[2]}`;
  }
  const ids = at('/etc/hostname', '/etc/resolv.conf').flatMap(
    ({ root }) => /\/([\da-f]{64})\//.exec(root)?.[1] ?? [],
  );
  const [id] = ids;
  if (id === undefined) return undefined;
  const own = at('/').map(({ root, options }) => /\bupperdir=([^,]+)/.exec(options)?.[1] ?? root);
  const layer = own.at(-1) ?? '/';
  return layer === '/' ? '' : `container/${id}/${digest(layer)}`;
}

/** One line of proc_pid_mountinfo(5). */
function mountOf(line: string): Mount {
  const [, , , root = '', point = ''] = line.split(' ');
  return { root, point, options: line.split(' - ')[1]?.split(' ')[2] ?? '' };
}

/** What a record may hold. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '').slice(0, 256);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
