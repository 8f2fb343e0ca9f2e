// The lock file itself: opened, read and written as one piece, and which of its lives it is.
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { LONGEST_TEXT } from './store.ts';

/** It is written in one piece of this size, so that a change needs no more space on the disk, bytes. */
const SIZE = 4 * LONGEST_TEXT;

/** Never through a symbolic link: who may write into its directory could have other files overwritten. */
export function openLockFile(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
}

/** Undefined where there is none. */
export function peekLockFile<T>(path: string, look: (fd: number) => T): T | undefined {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    return look(fd);
  } finally {
    closeSync(fd);
  }
}

export function isAtPath(fd: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const { dev, ino } = fstatSync(fd);
  return there?.dev === dev && there.ino === ino;
}

/** Inodes are used again; their time of birth differs. */
export function lifeOf(fd: number): string {
  const { dev, ino, birthtimeNs } = fstatSync(fd, { bigint: true });
  return `${dev}:${ino}:${birthtimeNs}`;
}

export function readText(fd: number): string | undefined {
  const bytes = Buffer.alloc(SIZE + 1);
  const text = bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0)).trimEnd();
  return text === '' ? undefined : text;
}

export function writeText(fd: number, text: string): void {
  const bytes = Buffer.alloc(SIZE, ' ');
  bytes.write(text);
  bytes[SIZE - 1] = 0x0a;
  writeSync(fd, bytes, 0, SIZE, 0);
  if (fstatSync(fd).size > SIZE) ftruncateSync(fd, SIZE);
}
