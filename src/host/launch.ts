// From a Launch to a process: finds the executable, the account and the environment, starts it, and says why not.
// Law: a start that fails leaves nothing open and is one sentence; it is never an exception nor an unhandled rejection.
import { accessSync, closeSync, constants, fchownSync, statSync } from 'node:fs';
import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { tracingChannel } from 'node:diagnostics_channel';
import type { Duplex } from 'node:stream';
import { delimiter, resolve } from 'node:path';
import type { Result } from '../core/result.ts';
import type { Launch } from '../ports.ts';
import { resolveAccount } from './accounts.ts';
import type { Credentials } from './accounts.ts';
import { monotonicNow } from './clock.ts';
import { errorCode } from './errno.ts';
import { guardCommands } from './guard.ts';
import type { GuardDeps, GuardEnds } from './guard.ts';
import { explainSpawn, foreseeFailure } from './launch-failure.ts';
import type { Libc } from './libc.ts';

export interface LaunchDeps extends GuardDeps {
  readonly libc: Pick<Libc, 'pipe'>;
}

export interface Launched {
  readonly pid: number;
  readonly process: ChildProcess;
  /** The read end of the pipe that is its stdout and stderr; the caller closes it. */
  readonly output: number;
  /** How one talks with its guard, where it has one: then `pid` and `process` are the guard's. */
  readonly guard: GuardEnds | undefined;
}

/** What is not as for a service. */
export interface Ways {
  /** Nobody reads it: /dev/null. */
  readonly stderr?: 'ignore';
}

/** Starts a process in a session of its own (setsid(2)), stdin /dev/null, stdout and stderr one pipe. */
export function launch(
  deps: LaunchDeps,
  { argv, environment, workingDir, account, guard }: Omit<Launch, 'owner'>,
  { stderr }: Ways = {},
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
  const file = findExecutable(name, deps.path);
  if (file === undefined) return refuse(`executable "${name}" was not found in $PATH`);
  const become = isOwnAccount(resolved.value) ? undefined : resolved.value;
  if (guard !== undefined && monotonicNow() >= guard.killAt) return refuse('its lease has run out');
  const foreseen = guard === undefined ? undefined : foreseeFailure(file, workingDir, become);
  if (foreseen !== undefined) return refuse(foreseen);
  const pipe = deps.libc.pipe();
  if (!pipe.ok) return refuse(pipe.failure);

  const { read, write } = pipe.value;
  const options: SpawnOptions = {
    ...(workingDir === undefined ? {} : { cwd: workingDir }),
    ...(become === undefined ? {} : { uid: become.uid, gid: become.gid }),
    env: { ...environment, ...homeAndUser(environment, resolved.value) },
    stdio: [
      'ignore',
      write,
      stderr ?? write,
      ...(guard === undefined ? [] : (['pipe', guard.anchor ?? 'ignore', 'pipe'] as const)),
    ],
    detached: true,
  };
  const command = [file, ...words] as const;
  const commands = guard === undefined ? [command] : guardCommands(deps, guard.killAt, command);
  try {
    // So that the service can open /dev/stdout again under its own account.
    if (become !== undefined) fchownSync(write, become.uid, become.gid);
    const { process, failure } = spawnFirst(commands, options);
    if (process.pid !== undefined && failure === undefined) {
      const { 3: line, 5: word } = process.stdio as readonly (Duplex | undefined)[];
      const ends = line === undefined || word === undefined ? undefined : { line, word };
      return { ok: true, value: { pid: process.pid, process, output: read, guard: ends } };
    }
    closeSync(read);
    return refuse(explainSpawn(failure, process.spawnfile, workingDir, become));
  } catch (error) {
    closeSync(read);
    return refuse(explainSpawn(error, file, workingDir, become));
  } finally {
    closeSync(write);
  }
}

/** Starts the first of the commands that may be executed. */
function spawnFirst(
  commands: readonly (readonly [string, ...string[]])[],
  options: SpawnOptions,
): { process: ChildProcess; failure: unknown } {
  const [[file, ...words], ...others] = commands as readonly [readonly [string, ...string[]]];
  const started = watchSpawn(() => spawn(file, words, options));
  const mayNot = errorCode(started.failure) === 'EACCES' && others.length > 0;
  return mayNot ? spawnFirst(others, options) : started;
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
