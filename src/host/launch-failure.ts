// Why a process could not be started: from an errno to a sentence for whoever wrote the layer.
// Law: it looks only after the failure, so that a good start pays nothing.
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Credentials } from './accounts.ts';
import { errorCode } from './errno.ts';

/** What an errno of fork(2), chdir(2), setuid(2) or execve(2) means for whoever wrote the layer. */
export function explainSpawn(
  error: unknown,
  file: string,
  workingDir: string | undefined,
  become: Credentials | undefined,
): string {
  const code = errorCode(error) ?? 'unknown error';
  const directory = workingDir === undefined ? undefined : statOf(workingDir);
  switch (code) {
    case 'ENOENT':
      if (workingDir !== undefined && directory === undefined) {
        return `working directory "${workingDir}" does not exist`;
      }
      return explainMissing(file, workingDir);
    case 'ENOTDIR':
      if (directory?.isDirectory() === false) return `working directory "${workingDir}" is not a directory`;
      return `executable "${file}" lies under something that is not a directory`;
    case 'EACCES':
      if (workingDir !== undefined && !maySearch(workingDir)) {
        return `working directory "${workingDir}" may not be entered (permission denied)`;
      }
      if (statOf(inDirectory(file, workingDir))?.isDirectory()) return `"${file}" is a directory`;
      return `"${file}" may not be executed${become === undefined ? '' : ` by uid ${become.uid}`} (permission denied); check its mode, its directories and noexec mounts`;
    case 'EPERM':
      return become === undefined
        ? `"${file}" may not be executed (operation not permitted)`
        : `djsup runs as uid ${process.getuid?.()} and may not become uid ${become.uid}, gid ${become.gid}; run it as root or leave the user out`;
    case 'EAGAIN':
      return 'no further process is allowed (EAGAIN); raise the limit on processes ("ulimit -u", or the pids limit of the container)';
    case 'ENOMEM':
      return 'there is not enough memory for a further process (ENOMEM)';
    case 'EMFILE':
    case 'ENFILE':
      return `too many files are open (${code}); raise the limit on open files ("ulimit -n")`;
    case 'E2BIG':
      return 'its arguments and environment are longer than the kernel allows (E2BIG)';
    case 'ETXTBSY':
      return `"${file}" is open for writing (ETXTBSY)`;
    default:
      return `"${file}": ${code}`;
  }
}

/** The same before the start, as far as can be seen from outside: for a command that another process will start. */
export function foreseeFailure(
  file: string,
  workingDir: string | undefined,
  become: Credentials | undefined,
): string | undefined {
  const path = inDirectory(file, workingDir);
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    return explainSpawn(error, file, workingDir, become);
  }
  if (statOf(path)?.isDirectory()) return explainSpawn(errorOf('EACCES'), file, workingDir, become);
  const interpreter = interpreterOf(path);
  return interpreter === undefined || statOf(interpreter) !== undefined
    ? undefined
    : explainSpawn(errorOf('ENOENT'), file, workingDir, become);
}

function errorOf(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** A file that is there and yet "not found" is a script whose interpreter is missing. */
function explainMissing(file: string, workingDir: string | undefined): string {
  const path = inDirectory(file, workingDir);
  if (statOf(path) === undefined) return `executable "${file}" does not exist`;
  const interpreter = interpreterOf(path);
  return interpreter === undefined
    ? `the loader or an interpreter of "${file}" does not exist`
    : `the interpreter "${interpreter}" of "${file}" does not exist`;
}

/** Whom the first line of a script names. */
function interpreterOf(path: string): string | undefined {
  return /^#!\s*(\S+)/.exec(firstBytes(path))?.[1];
}

/** A relative name counts from the working directory, since the child goes there first. */
function inDirectory(file: string, workingDir: string | undefined): string {
  return workingDir === undefined || file.startsWith('/') ? file : join(workingDir, file);
}

function statOf(path: string): ReturnType<typeof statSync> {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function maySearch(directory: string): boolean {
  try {
    accessSync(directory, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function firstBytes(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(256);
      return bytes.toString('latin1', 0, readSync(fd, bytes));
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}
