// Where the memory cgroup is found, as containers of both versions show it; that it tells the truth is test/real's matter.
import { describe, expect, test } from 'vitest';
import { createMemoryLimit } from '../../src/host/memory-limit.ts';
import type { MemoryLimit } from '../../src/ports.ts';

const unified = '30 24 0:26 / /sys/fs/cgroup ro,nosuid shared:4 - cgroup2 cgroup rw,nsdelegate\n';
const memory = '36 30 0:33 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n';
const cpu = '35 30 0:32 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n';

type Files = Readonly<Record<string, string>>;

function limitOf(cgroup: string, mountinfo: string, files: Files = {}): MemoryLimit {
  const all: Files = { ...files, '/proc/self/cgroup': cgroup, '/proc/self/mountinfo': mountinfo };
  return createMemoryLimit((path) => all[path] ?? '');
}

/** The file that it reads its counter from. */
function placeOf(cgroup: string, mountinfo: string): string | undefined {
  const asked: string[] = [];
  createMemoryLimit((path) => {
    asked.push(path);
    return path === '/proc/self/cgroup' ? cgroup : path === '/proc/self/mountinfo' ? mountinfo : '';
  }).kills();
  return asked[2];
}

describe('the memory cgroup is found', () => {
  test.each([
    ['version 2 with a namespace of its own', '0::/\n', unified, '/sys/fs/cgroup/memory.events'],
    [
      'version 2 on a host',
      '0::/system.slice/djsup.service\n',
      unified,
      '/sys/fs/cgroup/system.slice/djsup.service/memory.events',
    ],
    [
      'version 1',
      '9:cpu,cpuacct:/\n4:memory:/docker/abc\n0::/\n',
      cpu + memory + unified,
      '/sys/fs/cgroup/memory/docker/abc/memory.oom_control',
    ],
    [
      "version 1 in a container that sees its own cgroup at the mount and its host's path",
      '4:memory:/docker/abc\n',
      memory.replace(' / /sys', ' /docker/abc /sys'),
      '/sys/fs/cgroup/memory/memory.oom_control',
    ],
    [
      'a cgroup below the one that is mounted',
      '4:memory:/docker/abc/in\n',
      memory.replace(' / /sys', ' /docker/abc /sys'),
      '/sys/fs/cgroup/memory/in/memory.oom_control',
    ],
    ['a path outside of the namespace', '0::/../../other\n', unified, '/sys/fs/cgroup/memory.events'],
    ['a path with a colon', '0::/a:b\n', unified, '/sys/fs/cgroup/a:b/memory.events'],
  ])('%s', (_what, cgroup, mountinfo, expected) => {
    expect(placeOf(cgroup, mountinfo)).toBe(expected);
  });

  test.each([
    ['without /proc', '', ''],
    ['with nothing mounted', '0::/\n', ''],
    ['with the other version mounted only', '4:memory:/\n', unified],
  ])('and not %s', (_what, cgroup, mountinfo) => {
    expect(placeOf(cgroup, mountinfo)).toBeUndefined();
  });
});

describe('the counter and the limit', () => {
  test('of version 2: oom_kill and no other line, and the tightest memory.max on the way up', () => {
    const limit = limitOf('0::/pod/box\n', unified, {
      '/sys/fs/cgroup/pod/box/memory.events': 'low 0\nhigh 0\nmax 31\noom 4\noom_kill 3\noom_group_kill 1\n',
      '/sys/fs/cgroup/pod/box/memory.max': 'max\n',
      '/sys/fs/cgroup/pod/memory.max': '536870912\n',
      '/sys/fs/cgroup/memory.max': '1073741824\n',
    });
    expect(limit.kills()).toBe(3);
    expect(limit.limit()).toBe(536_870_912);
  });

  test('of version 1', () => {
    const limit = limitOf('4:memory:/docker/abc\n', memory, {
      '/sys/fs/cgroup/memory/docker/abc/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
      '/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': '268435456\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    });
    expect(limit.kills()).toBe(2);
    expect(limit.limit()).toBe(268_435_456);
  });

  test('no limit is none', () => {
    expect(limitOf('0::/\n', unified, { '/sys/fs/cgroup/memory.max': 'max\n' }).limit()).toBeUndefined();
    const largest = { '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n' };
    expect(limitOf('4:memory:/\n', memory, largest).limit()).toBeUndefined();
  });

  test('a kernel that does not count kills says nothing, which is not nought', () => {
    const old = { '/sys/fs/cgroup/memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\n' };
    expect(limitOf('4:memory:/\n', memory, old).kills()).toBeUndefined();
  });
});

test('here it tells a number or nothing, and never throws', () => {
  const limit = createMemoryLimit();
  expect(limit.kills() ?? 0).toBeGreaterThanOrEqual(0);
  expect(limit.limit() ?? 1).toBeGreaterThan(0);
});
