// The MemoryLimit port: djsup's own memory cgroup, of version 2 (memory.events, memory.max) or 1 (memory.oom_control,
// memory.limit_in_bytes). https://docs.kernel.org/admin-guide/cgroup-v2.html, cgroup-v1/memory.html, cgroups(7).
// Law: a file that is not there or not understood means that nothing is known, never that nothing has happened.
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { MemoryLimit } from '../ports.ts';

interface Version {
  /** Where the counter `oom_kill` stands. */
  readonly events: string;
  readonly limit: string;
}

/** A cgroup's directory, and the mount above which nothing of it can be seen. */
interface Place {
  readonly directory: string;
  readonly mount: string;
  readonly version: Version;
}

const v1: Version = { events: 'memory.oom_control', limit: 'memory.limit_in_bytes' };
const v2: Version = { events: 'memory.events', limit: 'memory.max' };
/** From here on a limit of version 1 means none: it is the largest number of pages. */
const noLimit = 2 ** 62;

/** `readText`: a file's text, empty without it. */
export function createMemoryLimit(readText = read): MemoryLimit {
  let found: { readonly place: Place | undefined } | undefined;
  const place = (): Place | undefined => (found ??= { place: findPlace(readText) }).place;

  return {
    kills() {
      const own = place();
      return own && numberIn(readText(join(own.directory, own.version.events)), /^oom_kill (\d+)$/m);
    },
    limit() {
      const own = place();
      return own && tightest(own, readText);
    },
  };
}

/** Where this process's memory is counted; undefined: nowhere that can be seen. */
function findPlace(readText: typeof read): Place | undefined {
  const groups = lines(readText('/proc/self/cgroup')).map((line) => line.split(':'));
  const mounts = lines(readText('/proc/self/mountinfo')).map((line) => line.split(' '));
  const first = groups.find(([, controllers = '']) => controllers.split(',').includes('memory'));
  const group = first ?? groups.find(([id]) => id === '0');
  if (group === undefined) return undefined;
  const version = first === undefined ? v2 : v1;
  // proc_pid_mountinfo(5): root and mount point come fourth and fifth, type and options after a dash.
  const mount = mounts.find((fields) => {
    const [type, , options = ''] = fields.slice(fields.indexOf('-') + 1);
    return version === v2 ? type === 'cgroup2' : type === 'cgroup' && options.split(',').includes('memory');
  });
  const [, , , root = '/', point] = mount ?? [];
  if (point === undefined) return undefined;
  const path = group.slice(2).join(':');
  // A path outside of what is mounted here, as a container may see its host's: the mount itself is the container's.
  const outside = path.split('/').includes('..') || relative(root, path).startsWith('..');
  const directory = outside ? point : join(point, relative(root, path));
  return { directory, mount: point, version };
}

/** A limit further up holds as well. */
function tightest({ directory, mount, version }: Place, readText: typeof read): number | undefined {
  let limit = Infinity;
  for (let at = directory; at.startsWith(mount); at = dirname(at)) {
    limit = Math.min(limit, numberIn(readText(join(at, version.limit)), /^(\d+)$/m) ?? Infinity);
    if (at === mount) break;
  }
  return limit < noLimit ? limit : undefined;
}

function numberIn(text: string, pattern: RegExp): number | undefined {
  const digits = pattern.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
