// From a Launch to a process: finds the executable, the account and the environment, starts it, and says why not.
// Law: a start that fails leaves nothing open and is one sentence; it is never an exception nor an unhandled rejection.
import { accessSync, closeSync, constants, fchownSync, statSync } from 'node:fs';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { tracingChannel } from 'node:diagnostics_channel';
import { delimiter, resolve } from 'node:path';
import type { Result } from '../core/result.ts';
import type { Launch } from '../ports.ts';
import { resolveAccount } from './accounts.ts';
import type { Credentials } from './accounts.ts';
import { explainSpawn } from './launch-failure.ts';
import type { Libc } from './libc.ts';

export interface LaunchDeps {
  readonly libc: Pick<Libc, 'pipe'>;
  /** Where a bare command name is looked for: the daemon's own PATH. */
  readonly path: string;
}

export interface Launched {
  readonly pid: number;
  readonly process: ChildProcess;
  /** The read end of the pipe that is its stdout and stderr; the caller closes it. */
  readonly output: number;
}

/** Starts a process in a session of its own (setsid(2)), stdin /dev/null, stdout and stderr one pipe. */
export function launch(
  { libc, path }: LaunchDeps,
  { argv, environment, workingDir, account }: Omit<Launch, 'owner'>,
): Result<Launched, string> {
  // execve(2) ends strings at a NUL byte; Node refuses one with an error of its own kind.
  if (
    [...argv, ...Object.entries(environment).flat(), workingDir ?? ''].some((word) => word.includes('\0'))
  ) {
    return refuse('its command, environment or working directory contains a NUL byte');
  }
  const resolved = resolveAccount(account);
  if (!resolved.ok) return resolved;
  const [name = '', ...words] = argv;
  const file = findExecutable(name, path);
  if (file === undefined) return refuse(`executable "${name}" was not found in $PATH`);
  const become = isOwnAccount(resolved.value) ? undefined : resolved.value;
  const pipe = libc.pipe();
  if (!pipe.ok) return refuse(pipe.failure);

  const { read, write } = pipe.value;
  let started: { process: ChildProcess; failure: unknown };
  try {
    // So that the service can open /dev/stdout again under its own account.
    if (become !== undefined) fchownSync(write, become.uid, become.gid);
    started = watchSpawn(() => {
      return spawn(file, words, {
        ...(workingDir === undefined ? {} : { cwd: workingDir }),
        ...(become === undefined ? {} : { uid: become.uid, gid: become.gid }),
        env: { ...environment, ...homeAndUser(environment, resolved.value) },
        stdio: ['ignore', write, write],
        detached: true,
      });
    });
  } catch (error) {
    closeSync(read);
    return refuse(explainSpawn(error, file, workingDir, become));
  } finally {
    closeSync(write);
  }
  const { pid } = started.process;
  if (pid === undefined || started.failure !== undefined) {
    closeSync(read);
    return refuse(explainSpawn(started.failure, file, workingDir, become));
  }
  return { ok: true, value: { pid, process: started.process, output: read } };
}

/** Runs `start` and catches the error of the spawn in it at once; Node itself tells it in an event one turn later. */
function watchSpawn(start: () => ChildProcess): {
  process: ChildProcess;
  failure: unknown;
} {
  let failure: unknown;
  const channel = tracingChannel('child_process.spawn');
  const note = (message: unknown): void => {
    if (typeof message === 'object' && message !== null && 'error' in message) failure = message.error;
  };
  channel.error.subscribe(note);
  try {
    const process = start();
    // The event of the error that is known already, which would end djsup if nobody listened.
    process.on('error', () => {});
    return { process, failure };
  } finally {
    channel.error.unsubscribe(note);
  }
}

function refuse(reason: string): Result<never, string> {
  return { ok: false, failure: `cannot start: ${reason}` };
}

/** A name with a slash as it is; a bare one on `path`; undefined when it is not there. As execvp(3), but on the daemon's PATH. */
function findExecutable(name: string, path: string): string | undefined {
  if (name.includes('/')) return name;
  if (name === '') return undefined;
  // An entry may exist without being executable: a later one may do, as for execvp.
  const candidates = path.split(delimiter).map((directory) => resolve(directory, name));
  return candidates.find(isExecutable) ?? candidates.find(isFile);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return isFile(file);
  } catch {
    return false;
  }
}

function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function isOwnAccount(credentials: Credentials | undefined): boolean {
  return credentials?.uid === process.getuid?.() && credentials?.gid === process.getgid?.();
}

/** HOME and USER of a configured account, where the environment has none of its own. */
function homeAndUser(
  environment: Readonly<Record<string, string>>,
  credentials: Credentials | undefined,
): Record<string, string> {
  const { home, user } = credentials ?? {};
  return {
    ...(home !== undefined && !environment['HOME'] ? { HOME: home } : {}),
    ...(user !== undefined && !environment['USER'] ? { USER: user } : {}),
  };
}
