// A file on this host: the record is its text, byte locks of the kernel guard each change and each tenure.
// Laws: a change is made by whoever holds byte 0, for that moment; a term holds the byte of its epoch on a descriptor that
// guard and child inherit, and only a release unlocks it: where no byte is locked, all that ever led are gone. What was
// written under another boot, or into a file that was replaced, proves nothing, unless nobody else can come near the file.
import { closeSync, mkdirSync, readFileSync, statfsSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeRecord } from '../../core/leader/record.ts';
import type { FileLease } from '../../core/leader/settings.ts';
import type { Result } from '../../core/result.ts';
import type { LeaseStore } from '../../ports.ts';
import { errorCode, reasonOf } from '../errno.ts';
import type { Libc } from '../libc.ts';
import { isAtPath, lifeOf, openLockFile, peekLockFile, readText, writeText } from './lock-file.ts';
import { networkFileSystem } from './network-file-system.ts';
import { createLeaseStore } from './store.ts';
import type { Bell, Refusal, Sample, Session } from './store.ts';

/** Whoever changes the file holds this byte. */
const changing = 0;
/** The least epoch: the bytes of all terms lie from here on. */
const terms = 1;
/** How often the locks of others are looked at while they lead, ms: the kernel does not tell when they are gone. */
const glance = 20;
/** A change takes microseconds; how long to wait for that of another before the next try, ms. */
const patience = 2;

/** The byte of a term, locked on an open file of its own. */
interface Hold {
  readonly fd: number;
  readonly epoch: number;
  readonly life: string;
}

export function openFileLease(settings: FileLease, libc: Libc): LeaseStore {
  const { path, isPrivate } = settings;
  const place = `the lock file "${path}"`;
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  /** Of our term: it outlives every session, for guard and child count on it. */
  let held: Hold | undefined;

  /** Some process other than ours, and those that ours has started, leads or has led. */
  function isHeldByOthers(fd: number, life: string): boolean {
    return libc.isLockedFrom(held?.life === life ? held.fd : fd, terms);
  }

  function sampleOf(fd: number): Seen {
    const text = readText(fd);
    const life = lifeOf(fd);
    const incarnation = isPrivate ? 'private' : `${boot}/${life}`;
    const found = text === undefined ? undefined : decodeRecord(text);
    const record = found?.kind === 'record' ? found.record : undefined;
    const isOthers =
      record?.state === 'held' &&
      record.incarnation === incarnation &&
      !(held?.epoch === record.epoch && held.life === life);
    const isRivals = isOthers && isHeldByOthers(fd, life);
    const isQuiet = isPrivate && !isHeldByOthers(fd, life);
    const isGivenUp = isOthers && !isRivals;
    return { text, incarnation, counter: Date.now(), isGivenUp, isQuiet, isRivals, life };
  }

  /** False where a process of another term with this epoch still has its byte. */
  function hold(life: string, epoch: number): boolean {
    if (held?.epoch === epoch && held.life === life) return true;
    const fd = openLockFile(path);
    if (lifeOf(fd) !== life || !libc.lockByte(fd, epoch).ok) {
      closeSync(fd);
      return false;
    }
    letGo();
    held = { fd, epoch, life };
    return true;
  }

  function letGo(): void {
    if (held === undefined) return;
    // Also for those that have inherited the descriptor and are about to end.
    libc.unlockByte(held.fd, held.epoch);
    closeSync(held.fd);
    held = undefined;
  }

  /** Holds byte 0 of the file that has the path now. */
  async function change<T>(signal: AbortSignal, work: (fd: number) => T): Promise<T> {
    for (;;) {
      const fd = openLockFile(path);
      try {
        if (libc.lockByte(fd, changing).ok && isAtPath(fd, path)) return work(fd);
      } finally {
        closeSync(fd);
      }
      await sleep(patience, undefined, { signal });
    }
  }

  function connect(bell: Bell): Result<Session, Refusal> {
    mkdirSync(dirname(path), { recursive: true });
    const reason = unsafeReason(settings, libc);
    if (reason !== undefined)
      return {
        ok: false,
        failure: { error: 'unsafe', message: `cannot elect a leader with ${place}: ${reason}` },
      };
    const watching = watchFile(path, sampleOf, isHeldByOthers, bell);
    return {
      ok: true,
      value: {
        warnings: [],
        read: (signal) => change(signal, (fd) => watching.know(sampleOf(fd))),
        swap: (expect, text, { state, epoch }, signal) =>
          change(signal, (fd) => {
            const now = watching.know(sampleOf(fd));
            const swapped = now.text === expect && (state === 'released' || hold(lifeOf(fd), epoch));
            if (!swapped) return { ...now, swapped };
            writeText(fd, text);
            if (state === 'released') letGo();
            return { ...watching.know(sampleOf(fd)), swapped };
          }),
        anchor: () => held?.fd,
        close: watching.end,
      },
    };
  }

  const store = createLeaseStore({
    place,
    connect: (bell) => Promise.resolve().then(() => connect(bell)),
    refusal: (error) => refusalOf(error, path),
  });
  return {
    ...store,
    anchor: () => held?.fd,
    async close() {
      await store.close();
      // Not unlocked: guard and child may still have it.
      if (held !== undefined) closeSync(held.fd);
      held = undefined;
    },
  };
}

interface Seen extends Sample {
  /** Somebody else holds it, and lives. */
  readonly isRivals: boolean;
  readonly life: string;
}

/** Rings at each change of the text, and when the locks of a rival are gone. */
function watchFile(
  path: string,
  sampleOf: (fd: number) => Seen,
  isHeld: (fd: number, life: string) => boolean,
  bell: Bell,
): { know(sample: Seen): Seen; readonly end: () => void } {
  let last: Seen | undefined;
  /** The file, open for glances. */
  let peek: { readonly fd: number; readonly life: string } | undefined;

  function know(sample: Seen): Seen {
    last = sample;
    if (sample.isRivals && peek?.life !== sample.life) {
      closePeek();
      const fd = openLockFile(path);
      peek = { fd, life: lifeOf(fd) };
    }
    return sample;
  }

  function closePeek(): void {
    if (peek !== undefined) closeSync(peek.fd);
    peek = undefined;
  }

  function look(): void {
    const before = last;
    const now = peekLockFile(path, sampleOf);
    last = now;
    if (now === undefined) return bell.changed();
    know(now);
    const isSame =
      now.text === before?.text &&
      now.incarnation === before?.incarnation &&
      now.isGivenUp === before.isGivenUp;
    if (!isSame) bell.changed(now);
  }

  function tryLook(): void {
    try {
      look();
    } catch {
      bell.lost();
    }
  }

  // The directory's, since the file may be replaced.
  const watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
    if (name === basename(path)) tryLook();
  });
  watcher.on('error', bell.lost);
  const glances = setInterval(() => {
    if (last?.isRivals === true && peek !== undefined && !isHeld(peek.fd, peek.life)) tryLook();
  }, glance).unref();

  return {
    know,
    end() {
      clearInterval(glances);
      watcher.close();
      closePeek();
    },
  };
}

function unsafeReason({ path, allowNetworkFileSystem }: FileLease, libc: Libc): string | undefined {
  const network = networkFileSystem(statfsSync(dirname(path)).type);
  if (network !== undefined && !allowNetworkFileSystem)
    return `it lies on ${network}, whose locks another host may not see, or may lose: choose a path on a local disk, or an engine that all replicas reach, or set "allow-network-filesystem: true" if its locks are known to be good`;
  const fd = openLockFile(path);
  const locked = libc.lockByte(fd, changing);
  closeSync(fd);
  const isTaken = !locked.ok && (locked.failure === 'EAGAIN' || locked.failure === 'EACCES');
  return locked.ok || isTaken
    ? undefined
    : `its file system has no locks (${locked.failure}): choose another path`;
}

function refusalOf(error: unknown, path: string): Refusal | undefined {
  switch (errorCode(error) ?? '') {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return {
        error: 'permission',
        message: `cannot use the lock file "${path}": ${reasonOf(error)}; give djsup's user the right to write to it and to its directory, or set another path`,
      };
    case 'EISDIR':
    case 'ELOOP':
    case 'ENOTDIR':
    case 'EEXIST':
      return {
        error: 'unsafe',
        message: `cannot use the lock file "${path}": it is no plain file; set another path`,
      };
    default:
      return undefined;
  }
}
