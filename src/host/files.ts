// The Files port. Law: a reader of a replaced file sees the old text or the new one, never a part.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { FailureKind, Result } from '../core/result.ts';
import type { FileKind, Files } from '../ports.ts';
import { errorCode, reasonOf } from './errno.ts';

export function createFiles(): Files {
  const writing = new Map<string, Promise<Result<void>>>();
  return {
    read(path) {
      try {
        // A named pipe or a device would be read for ever.
        const about = statSync(path);
        if (about.isDirectory() || about.isFile()) return { ok: true, value: readFileSync(path, 'utf8') };
        return {
          ok: false,
          failure: { kind: 'internal', message: `cannot read "${path}": it is not a regular file` },
        };
      } catch (error) {
        return refuse('read', path, error);
      }
    },
    list(path) {
      try {
        const names = readdirSync(path).toSorted((a, b) => (a < b ? -1 : 1));
        return { ok: true, value: names.map((name) => ({ name, directory: isDirectory(join(path, name)) })) };
      } catch (error) {
        return refuse('list', path, error);
      }
    },
    exists: (path) => existsSync(path),
    replace(path, text, kind = { mode: 0o600, volatile: false }) {
      const before = writing.get(path) ?? Promise.resolve();
      const mine = before.then(() => replaceFile(path, text, kind));
      writing.set(path, mine);
      void mine.then(() => writing.get(path) === mine && writing.delete(path));
      return mine;
    },
  };
}

/** write(2), fsync(2), rename(2), in the file's own directory so that the rename is one step. */
async function replaceFile(path: string, text: string, kind: FileKind): Promise<Result<void>> {
  // Not needed before the first answer of the API, and 2 ms to load.
  const { open, rename, rm } = await import('node:fs/promises');
  // One writer a path in this process, one process by its pid: the name is unique, and a left-over is written over.
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    const file = await open(temporary, 'w', kind.mode);
    try {
      // Neither the umask nor a left-over decides.
      await file.chmod(kind.mode);
      await file.writeFile(text);
      if (!kind.volatile) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return { ok: true, value: undefined };
  } catch (error) {
    // A failure to tidy up would hide the one that matters.
    await rm(temporary, { force: true }).catch(() => {});
    return refuse('write', path, error);
  }
}

/** A symbolic link counts as what it leads to: mounted configuration is made of links. */
function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function refuse(verb: string, path: string, error: unknown): Result<never> {
  const code = errorCode(error);
  const kind: FailureKind = code === 'ENOENT' || code === 'ENOTDIR' ? 'not-found' : 'internal';
  return { ok: false, failure: { kind, message: `cannot ${verb} "${path}": ${reasonOf(error)}` } };
}
