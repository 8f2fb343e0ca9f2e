// The directory in which a daemon keeps its state: made, filled from a template, and tried.
// Law: that nothing can be written there is no failure; state then stays in memory, and that is said once.
import { accessSync, constants, cpSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { ok, refuse } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import { errorCode } from './errno.ts';
import { kernelId } from './identity.ts';

export interface StateDirectory {
  readonly writable: boolean;
  /** Worth saying. */
  readonly note: string | undefined;
  /** Tells this daemon's processes from another's that shares its /proc. */
  readonly instance: string;
}

export interface StateDirectoryDeps {
  /** Absolute. */
  readonly directory: string;
  /** The variable that names the directory, for messages. */
  readonly variable: string;
  /** Makes it where it is missing. */
  readonly create: boolean;
  /** Where a copy of what belongs there lies, for a volume that hides it; undefined or empty: nowhere. */
  readonly template: string | undefined;
  /** Nobody expects state to be kept, so it is not worth saying where it cannot be. */
  readonly memoryOnly: boolean;
}

export function openStateDirectory(deps: StateDirectoryDeps): Result<StateDirectory> {
  const { directory, variable, create, template, memoryOnly } = deps;
  if (!isAbsolute(directory)) return refuse('bad-request', `directory "${directory}" must be absolute`);
  try {
    copyOnce(directory, template);
    if (create) makeDirectory(directory);
    const stat = statSync(directory);
    if (!stat.isDirectory()) return refuse('bad-request', `"${directory}" is not a directory`);
    // To be locked, it has to be readable.
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok({ writable: true, note: undefined, instance: `${stat.dev}-${stat.ino}` });
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOTDIR' || code === 'EEXIST')
      return refuse('bad-request', `"${directory}" is not a directory`);
    if (code === 'ENOENT' && !create)
      return refuse(
        'not-found',
        `directory "${directory}" does not exist; create it, use --create-dirs, or set ${variable} to another`,
      );
    const note = `cannot read and write in directory "${directory}" (${String(code)}): changes are kept in memory only`;
    return ok({ writable: false, note: memoryOnly ? undefined : note, instance: kernelId('uuid') });
  }
}

/** With those above it. Node's own way never ends where one of them is there and takes no directory, as in /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Somebody else was quicker.
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

/** Fills an empty or missing directory from a template that a volume mount has hidden. */
function copyOnce(directory: string, source: string | undefined): void {
  if (source === undefined || source === '' || !existsSync(source)) return;
  if (existsSync(directory) && readdirSync(directory).length > 0) return;
  cpSync(source, directory, { recursive: true });
}
