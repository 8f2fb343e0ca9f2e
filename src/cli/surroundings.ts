// What the command line takes from its process, gathered in one place so that a test can give something else.
import type { Writable } from 'node:stream';

// A static import of node:fs evaluates its getters, fs.promises among them: milliseconds that every command would pay.
const { existsSync } = process.getBuiltinModule('node:fs');

export interface Surroundings {
  /** Without the program's own name. */
  readonly argv: readonly string[];
  readonly invokedAs: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly isRoot: boolean;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Width of the terminal behind stderr; undefined where there is none. */
  readonly stderrColumns: number | undefined;
  now(): Date;
  exists(path: string): boolean;
  /** Calls `handler` at each Ctrl-C, which then ends nothing by itself, until the returned function is called. */
  onInterrupt(handler: () => void): () => void;
}

/** @param name the name the program was called by; its directory does not matter */
export function processSurroundings(name: string): Surroundings {
  return {
    argv: process.argv.slice(2),
    invokedAs: /(^|\/)pebble$/.test(name) ? 'pebble' : 'djsup',
    environment: process.env,
    cwd: process.cwd(),
    isRoot: process.getuid?.() === 0,
    stdout: process.stdout,
    stderr: process.stderr,
    stderrColumns: process.stderr.isTTY ? process.stderr.columns || 80 : undefined,
    now: () => new Date(),
    exists: existsSync,
    onInterrupt(handler) {
      process.on('SIGINT', handler);
      return () => process.off('SIGINT', handler);
    },
  };
}
