// The lease store in a file, with other processes that hold its locks.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { View } from '../../src/core/leader/record.ts';
import { openFileLease } from '../../src/host/leases/file.ts';
import { networkFileSystem } from '../../src/host/leases/network-file-system.ts';
import type { Libc } from '../../src/host/libc.ts';
import type { LeaseStore } from '../../src/ports.ts';
import { held, leaseContract, look, recordFor, soon, take } from '../host/leases.contract.ts';
import { loadLibc } from '../host/machine.ts';
import { until } from '../support/rig.ts';

leaseContract('file', undefined, () => {
  const directory = mkdtempSync(join(tmpdir(), 'djsup-lease-'));
  const path = (name: string): string => join(directory, `${name}.lock`);
  return Promise.resolve({
    settings: (name) => ({
      kind: 'file',
      name,
      path: path(name),
      allowNetworkFileSystem: false,
      isPrivate: false,
    }),
    port: undefined,
    put(name, text) {
      if (text === undefined) rmSync(path(name));
      else writeFileSync(path(name), text);
      return Promise.resolve();
    },
    restart: undefined,
    stop() {
      rmSync(directory, { recursive: true });
      return Promise.resolve();
    },
  });
});

const fixture = join(import.meta.dirname, '../host/fixtures/lease-holder.ts');

interface Holder {
  readonly process: ChildProcess;
  readonly child: number;
}

describe('a lock file', () => {
  let libc: Libc;
  const directory = mkdtempSync(join(tmpdir(), 'djsup-lease-'));
  const stores: LeaseStore[] = [];
  const pids: number[] = [];
  beforeAll(async () => {
    libc = await loadLibc();
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    for (const pid of pids) kill(pid);
    rmSync(directory, { recursive: true });
  });

  function open(path: string, isPrivate = false): LeaseStore {
    const settings = { kind: 'file', name: 'own', path, allowNetworkFileSystem: false, isPrivate } as const;
    const store = openFileLease(settings, libc);
    stores.push(store);
    return store;
  }

  async function hold(path: string, epoch = 1): Promise<Holder> {
    const holder = spawn(process.execPath, [fixture, path, String(epoch)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(holder.stdout, 'data')) as [Buffer];
    const said = JSON.parse(line.toString()) as { kind: string; child: number };
    expect(said.kind).toBe('ok');
    pids.push(holder.pid ?? 0, said.child);
    return { process: holder, child: said.child };
  }

  test('of a state directory is known to be unused when it is new or was replaced, one that others may have is not', async () => {
    const path = join(directory, 'private.lock');
    expect((await look(open(path))).found.kind).toBe('none');
    const store = open(path, true);
    const view = await look(store);
    expect(view.found.kind).toBe('unused');
    expect((await store.write(view.version, recordFor(view, { epoch: 8 }), soon())).kind).toBe('ok');
    rmSync(path);
    const again = await look(open(path, true));
    expect(again).toMatchObject({ found: { kind: 'unused' }, incarnation: view.incarnation });
  });

  test('a killed leader is replaced once the last process of its work is gone, and within 50 ms then', async () => {
    const took: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const path = join(directory, `crash-${round}.lock`);
      const store = open(path);
      const seen: View[] = [];
      store.watch({ seen: (view) => void seen.push(view), hint: () => {} });
      const { process: holder, child } = await hold(path, 7);
      expect(held(await look(store))).toMatchObject({ state: 'held', epoch: 7 });
      holder.kill('SIGKILL');
      await once(holder, 'exit');
      expect(held(await look(store))).toMatchObject({ state: 'held', epoch: 7 });
      const from = performance.now();
      kill(child);
      await until('it is free', () => seen.some((view) => held(view)?.state === 'released'));
      took.push(performance.now() - from);
      const view = seen.at(-1) as View;
      expect(held(view)).toMatchObject({ state: 'released', clean: true, epoch: 7 });
      expect((await store.write(view.version, recordFor(view, { epoch: 8 }), soon())).kind).toBe('ok');
      expect(held(await look(store))).toMatchObject({ state: 'held', epoch: 8 });
    }
    expect(took.toSorted((a, b) => a - b)[3]).toBeLessThan(50);
  });

  test('what was seen as held is another version than the same as given up, and either can be replaced only once', async () => {
    const path = join(directory, 'versions.lock');
    const store = open(path);
    const { process: holder, child } = await hold(path);
    const before = await look(store);
    holder.kill('SIGKILL');
    kill(child);
    await until('it is free', async () => held(await look(store))?.state === 'released');
    const after = await look(store);
    expect(after.version).not.toBe(before.version);
    expect((await store.write(after.version, recordFor(after), soon())).kind).toBe('ok');
    expect((await store.write(before.version, recordFor(before), soon())).kind).toBe('conflict');
  });

  test('one that was not clean is not clean when it was given up', async () => {
    const path = join(directory, 'unclean.lock');
    const first = open(path);
    await take(first, { clean: false });
    await first.close();
    expect(held(await look(open(path)))).toMatchObject({ state: 'released', clean: false });
  });

  test('a record of another boot, or of a file that was replaced, proves nothing by its free byte', async () => {
    const path = join(directory, 'boot.lock');
    const first = open(path);
    await take(first, { incarnation: 'another boot/1:2:3' });
    await first.close();
    expect(held(await look(open(path)))).toMatchObject({ state: 'held' });
    const copied = join(directory, 'copied.lock');
    const second = open(copied);
    await take(second);
    await second.close();
    writeFileSync(`${copied}.new`, readFileSync(copied));
    renameSync(`${copied}.new`, copied);
    expect(held(await look(open(copied)))).toMatchObject({ state: 'held' });
  });

  test('a leader whose file was replaced is refused its next write', async () => {
    const path = join(directory, 'replaced.lock');
    const store = open(path);
    await take(store);
    const view = await look(store);
    rmSync(path);
    expect((await store.write(view.version, recordFor(view), soon())).kind).toBe('conflict');
    expect((await look(store)).found).toEqual({ kind: 'none' });
  });

  test('a session that failed does not let go of what guard and child count on', async () => {
    const path = join(directory, 'session.lock');
    const store = open(path);
    await take(store);
    const anchor = store.anchor();
    expect(anchor).toBeTypeOf('number');
    await store.read(AbortSignal.abort());
    await store.open(soon());
    expect(store.anchor()).toBe(anchor);
    expect(held(await look(open(path)))).toMatchObject({ state: 'held' });
    await take(store, { state: 'released' });
    expect(store.anchor()).toBeUndefined();
  });

  test('who only waits for long notices a release at once', async () => {
    const path = join(directory, 'release.lock');
    const [one, other] = [open(path), open(path)];
    await take(one);
    const view = await look(one);
    await look(other);
    let at = 0;
    other.watch({
      seen: (seen) => void (at = held(seen)?.state === 'released' ? performance.now() : at),
      hint: () => {},
    });
    const from = performance.now();
    await one.write(
      view.version,
      recordFor(view, { state: 'released', epoch: held(view)?.epoch ?? 0 }),
      soon(),
    );
    await until('it is seen', () => at > 0);
    expect(at - from).toBeLessThan(100);
  });

  test('nothing is left open after the end', async () => {
    const path = join(directory, 'closed.lock');
    const store = open(path);
    await take(store);
    await store.close();
    const left = readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path;
      } catch {
        return false;
      }
    });
    expect(left).toEqual([]);
  });

  test('a change needs no space on the disk after the first, and the file is for its owner alone', async () => {
    const path = join(directory, 'size.lock');
    const store = open(path);
    await take(store);
    const { size, mode } = statSync(path);
    await take(store, { holder: 'a longer name than before' });
    expect(statSync(path).size).toBe(size);
    expect((mode & 0o777).toString(8)).toBe('600');
  });

  test('a symbolic link, a directory and a place without rights are refused', async () => {
    symlinkSync('/etc/passwd', join(directory, 'link.lock'));
    expect(await open(join(directory, 'link.lock')).open(soon())).toMatchObject({
      kind: 'failed',
      error: 'unsafe',
    });
    expect(await open(directory).open(soon())).toMatchObject({ kind: 'failed', error: 'unsafe' });
    expect(await open('/proc/self/leader.lock').open(soon())).toMatchObject({ kind: 'failed' });
  });

  test('file systems of several hosts are known by their numbers, those of one are not', () => {
    expect(networkFileSystem(0x6969)).toBe('NFS');
    expect(networkFileSystem(0xff534d42 | 0)).toBe('CIFS');
    // ext4, tmpfs, overlay, xfs, btrfs.
    for (const own of [0xef53, 0x01021994, 0x794c7630, 0x58465342, 0x9123683e])
      expect(networkFileSystem(own)).toBeUndefined();
  });
});

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
