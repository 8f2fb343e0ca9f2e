// A server of a test's own: in a temporary directory, under an account that is not root, gone with the test.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../rig.ts';

/** `nobody` where we are root: PostgreSQL and MariaDB refuse to run as root. */
export const account: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

export function ownDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `djsup-${name}-`));
  if (account.uid !== undefined) chownSync(directory, account.uid, account.gid ?? 0);
  return directory;
}

/** A directory and all in it. */
export function giveToAccount(directory: string): void {
  if (account.uid === undefined) return;
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((path) =>
    join(directory, path),
  );
  for (const path of [directory, ...paths]) chownSync(path, account.uid, account.gid ?? 0);
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

export interface PrivateProcess {
  readonly pid: number;
  output(): string;
  /** Resolves once it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a server and waits until `isReady`. Throws with the end of its output where it ends before. */
export async function startProcess(
  program: string,
  words: readonly string[],
  isReady: (output: string) => Promise<boolean>,
  environment: Readonly<Record<string, string>> = {},
): Promise<PrivateProcess> {
  const child: ChildProcess = spawn(program, words, {
    ...account,
    cwd: '/',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (text: string): void => {
    output = (output + text).slice(-20_000);
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  let isOver = false;
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      keep(String(error));
      isOver = true;
      resolve();
    });
    child.on('close', () => {
      isOver = true;
      resolve();
    });
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    process.off('exit', kill);
    child.kill(signal);
    const late = setTimeout(kill, 10_000);
    await ended;
    clearTimeout(late);
  };
  try {
    await until(
      `"${program}" is ready`,
      async () => {
        if (isOver) throw new Error(`"${program}" has ended: ${output.slice(-2000)}`);
        return isReady(output);
      },
      30_000,
    );
  } catch (error) {
    await stop('SIGKILL');
    throw new Error(`${String(error)}\n${output.slice(-2000)}`, { cause: error });
  }
  return { pid: child.pid ?? 0, output: () => output, stop };
}
