// The guard of one run: which program it is, and the line over which djsup feeds it (bin/guard.py says what it does).
// Law: an end of this line, whatever caused it, is the end of the tree; a late line can prolong nothing, for it names an instant.
import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { delimiter, dirname, join } from 'node:path';
import { sendSignal } from './group.ts';

/** After this long without an end, SIGKILL goes to the group, guard and all; less than any lease leaves for a kill (X), ms. */
const GUARD_PATIENCE = 250;
/** More than this unread, and the guard is stopped or stuck: nothing more is written, so its deadline stands, bytes. */
const UNREAD = 4096;

export interface GuardDeps {
  /** Where a bare command name is looked for: the daemon's own PATH. */
  readonly path: string;
  /** Where guard.py, what runs it, and guard.mjs lie. */
  readonly guards: string;
}

/**
 * The commands that run `command` under a guard until `killAt` (ms of CLOCK_MONOTONIC), the best first. A Python that
 * the account may not execute (EACCES) leaves the next, and one without ctypes becomes it; the last is djsup's own Node,
 * which promises less (bin/guard.mjs).
 */
export function guardCommands(
  { path, guards }: GuardDeps,
  killAt: number,
  command: readonly [string, ...string[]],
): readonly (readonly [string, ...string[]])[] {
  // A service's own program often lies beside its Python, in a virtual environment.
  const directories = new Set([...path.split(delimiter), dirname(command[0])]);
  const pythons = [...directories].map((directory) => join(directory, 'python3')).filter(isProgram);
  const words = [seconds(killAt), ...command];
  const script = join(guards, 'run_guard.py');
  return [
    ...pythons.map((python, place) => {
      const next = [...pythons.slice(place + 1), process.execPath];
      return [python, '-S', '-E', '-s', script, ...next, '--', ...words] as const;
    }),
    [process.execPath, join(guards, 'guard.mjs'), ...words],
  ];
}

/** Why nobody should be content with the last of these commands; both guards were measured. */
export const weakGuard =
  'no python3 was found that may be executed and has ctypes (python3-minimal has not), so the guard runs on Node: it takes about 45 MB for each service, and what it guards ends 22 to 27 ms after a SIGKILL of djsup instead of 3 to 6 ms; install python3';

/** False for a script: a version manager's shim takes ten times as long to start. */
function isProgram(file: string): boolean {
  const magic = Buffer.alloc(4);
  try {
    accessSync(file, constants.X_OK);
    const fd = openSync(file, 'r');
    readSync(fd, magic);
    closeSync(fd);
  } catch {
    return false;
  }
  return magic.toString('latin1') === '\x7fELF';
}

export interface GuardLine {
  /** A new deadline in place of the old one, ms of CLOCK_MONOTONIC. */
  feed(killAt: number): void;
  /** To the main process, as soon as there is one. */
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL to the tree, what has left the group included; to the group alone where the guard does not do it. */
  kill(): void;
  /**
   * The guard has gone: nothing is sent any more. `told` is called once, at once or a moment later.
   */
  close(told: (end: GuardEnd) => void): void;
}

/**
 * `alike`: it has ended as its command has, once nothing of the tree was left. `lost`: it was killed or has failed. `killed`: the
 * same after kill(), which it may not have obeyed.
 */
export type GuardEnd = 'alike' | 'lost' | 'killed';

/** Two ways, since what fails on the one must not lose what is still to be read from the other. */
export interface GuardEnds {
  /** To the guard. */
  readonly line: Writable;
  /** From the guard: "w" at its start, if it is the weak one; "e" just before its end. */
  readonly word: Readable;
}

/** `pid`: the guard's, which is its group's too; `weak`: called where it turns out to be the one on Node, before any end. */
export function createGuardLine(pid: number, { line, word }: GuardEnds, weak: () => void): GuardLine {
  let impatience: NodeJS.Timeout | undefined;
  let hasEnded = false;
  // A guard that has gone is told by its exit.
  for (const end of [line, word]) end.on('error', () => {});
  word.on('data', (bytes: Buffer) => {
    if (bytes.includes('w')) weak();
    hasEnded ||= bytes.includes('e');
  });

  function write(text: string): void {
    if (line.writable && line.writableLength < UNREAD) line.write(text);
  }

  return {
    feed: (killAt) => write(`d ${seconds(killAt)}\n`),
    signal: (signal) => write(`s ${osConstants.signals[signal]}\n`),
    kill() {
      write('d 0\n');
      impatience ??= setTimeout(() => sendSignal(-pid, 'SIGKILL'), GUARD_PATIENCE);
    },
    close(told) {
      const isOurs = impatience !== undefined;
      clearTimeout(impatience);
      line.destroy();
      const tell = (): void => {
        clearTimeout(impatience);
        word.destroy();
        const unforeseen = isOurs ? 'killed' : 'lost';
        told(hasEnded ? 'alike' : unforeseen);
      };
      // What it has said may not have been read yet: it is, before the end that its own end is.
      if (hasEnded || word.closed) return tell();
      word.once('close', tell);
      impatience = setTimeout(() => word.destroy(), GUARD_PATIENCE);
    },
  };
}

/** Rounded down: never later than what was meant. */
function seconds(milliseconds: number): string {
  return (Math.floor(milliseconds * 1000) / 1e6).toFixed(6);
}
