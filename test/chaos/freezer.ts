// A cgroup that can be frozen: what `docker pause` does. cgroups(7); kernel documentation, cgroup-v1/freezer-subsystem.
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Freezer {
  readonly kind: string;
  /** This process, and all that it starts from now on. */
  add(pid: number): void;
  freeze(wanted: boolean): void;
  /** True once it is gone; it has to be empty. */
  remove(): boolean;
}

let count = 0;

/** Why there is none is a sentence. */
export function openFreezer(): Freezer | string {
  if (process.getuid?.() !== 0) return 'needs root, to make a cgroup';
  const isUnified = existsSync('/sys/fs/cgroup/cgroup.controllers');
  count += 1;
  const group = join(
    isUnified ? '/sys/fs/cgroup' : '/sys/fs/cgroup/freezer',
    `djsup-test-${process.pid}-${count}`,
  );
  try {
    mkdirSync(group);
  } catch (error) {
    return `no cgroup can be made here: ${error instanceof Error ? error.message : String(error)}`;
  }
  const [switchFile, on, off] = isUnified
    ? (['cgroup.freeze', '1', '0'] as const)
    : (['freezer.state', 'FROZEN', 'THAWED'] as const);
  if (!existsSync(join(group, switchFile))) {
    rmdirSync(group);
    return 'the cgroups here cannot be frozen';
  }
  return {
    kind: isUnified ? 'cgroup v2' : 'cgroup v1',
    add: (pid) => writeFileSync(join(group, 'cgroup.procs'), String(pid)),
    freeze: (wanted) => writeFileSync(join(group, switchFile), wanted ? on : off),
    remove() {
      try {
        rmdirSync(group);
        return true;
      } catch {
        return false;
      }
    },
  };
}
