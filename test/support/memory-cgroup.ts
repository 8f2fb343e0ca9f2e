// A memory cgroup of the test's own, where root may make one: of version 1, or of version 2 where its root gives memory on.
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './rig.ts';

export interface MemoryCgroup extends AsyncDisposable {
  /** Words before a command that put it there. */
  readonly through: readonly string[];
}

/** Bytes of `limit`, without swap. The reason where it cannot be made. */
export function makeMemoryCgroup(limit: number): MemoryCgroup | { readonly reason: string } {
  const parent = findParent();
  if ('reason' in parent) return parent;
  const directory = join(parent.directory, `djsup-test-${process.pid}-${Math.trunc(performance.now())}`);
  try {
    mkdirSync(directory);
    for (const [file, value] of parent.limits(limit)) {
      if (existsSync(join(directory, file))) writeFileSync(join(directory, file), String(value));
    }
    appendFileSync(join(directory, 'cgroup.procs'), '');
  } catch (error) {
    if (existsSync(directory)) rmdirSync(directory);
    return { reason: `no memory cgroup can be made here: ${String(error)}` };
  }
  return {
    through: ['sh', '-c', `echo $$ > ${directory}/cgroup.procs; exec "$@"`, 'sh'],
    async [Symbol.asyncDispose]() {
      await until('the cgroup is empty', () => readFileSync(join(directory, 'cgroup.procs'), 'utf8') === '');
      rmdirSync(directory);
    },
  };
}

interface Parent {
  readonly directory: string;
  readonly limits: (bytes: number) => readonly (readonly [file: string, value: number])[];
}

function findParent(): Parent | { readonly reason: string } {
  if (process.getuid?.() !== 0) return { reason: 'a memory cgroup can be made by root alone' };
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const pointOf = (type: string, option: string): string | undefined =>
    mounts.find((fields) => {
      const [kind, , options = ''] = fields.slice(fields.indexOf('-') + 1);
      return kind === type && (option === '' || options.split(',').includes(option));
    })?.[4];
  const v1 = pointOf('cgroup', 'memory');
  if (v1 !== undefined)
    return {
      directory: v1,
      limits: (bytes) => [
        ['memory.limit_in_bytes', bytes],
        ['memory.memsw.limit_in_bytes', bytes],
      ],
    };
  const v2 = pointOf('cgroup2', '');
  if (v2 === undefined) return { reason: 'no memory cgroup is mounted here' };
  const given = join(v2, 'cgroup.subtree_control');
  if (!existsSync(given) || !readFileSync(given, 'utf8').split(/\s/).includes('memory'))
    return { reason: 'the cgroup that is mounted here does not give its memory on' };
  return {
    directory: v2,
    limits: (bytes) => [
      ['memory.max', bytes],
      ['memory.swap.max', 0],
    ],
  };
}
