// Debian's packages of the engines that tests use: found, or installed where that was asked for. Never a system service:
// tests start copies of their own.
import { execFileSync } from 'node:child_process';
import type { StdioOptions } from 'node:child_process';
import { existsSync, globSync, rmSync, writeFileSync } from 'node:fs';

/** Programs of Debian that are not on everybody's PATH. */
const folders = ['/usr/bin', '/usr/sbin', '/usr/local/bin'];
const policy = '/usr/sbin/policy-rc.d';

/** `name`: of a program, or the path of a library. */
export function findProgram(name: string): string | undefined {
  if (name.startsWith('/')) return existsSync(name) ? name : undefined;
  const all = [...folders, ...globSync('/usr/lib/postgresql/*/bin')];
  return all.map((folder) => `${folder}/${name}`).find((path) => existsSync(path));
}

/** Why the programs cannot be had here; undefined where they can. Installs them as root in CI, or with DJSUP_INSTALL=1. */
export function missing(programs: readonly string[], packages: readonly string[]): string | undefined {
  const lacking = (): string[] => programs.filter((name) => findProgram(name) === undefined);
  if (lacking().length === 0) return undefined;
  const wanted = `apt-get install ${packages.join(' ')}`;
  const mayInstall = Boolean(process.env['CI']) || process.env['DJSUP_INSTALL'] === '1';
  if (process.getuid?.() !== 0 || !mayInstall)
    return `"${lacking().join('", "')}" is not here: ${wanted}, or run as root with DJSUP_INSTALL=1`;
  try {
    install(packages);
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    return `"${wanted}" failed: ${said.split('\n').at(-1) ?? ''}`;
  }
  return lacking().length === 0 ? undefined : `"${lacking().join('", "')}" is not here in spite of ${wanted}`;
}

function install(packages: readonly string[]): void {
  const isOurs = !existsSync(policy);
  // Debian starts what it installs, unless this says no.
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'] satisfies StdioOptions,
    timeout: 300_000,
  };
  const words = ['-o', 'DPkg::Lock::Timeout=240', 'install', '-y', '--no-install-recommends', ...packages];
  try {
    try {
      execFileSync('apt-get', words, options);
    } catch {
      execFileSync('apt-get', ['update'], options);
      execFileSync('apt-get', words, options);
    }
  } finally {
    if (isOurs) rmSync(policy, { force: true });
  }
}
