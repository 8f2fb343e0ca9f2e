// Pebble itself, built by Go from its module, for comparison. It is run, never read.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/rig.ts';

const module = 'github.com/canonical/pebble';
const version = 'v1.32.1';
const directory = join(root, `node_modules/.cache/pebble-${version}`);
const binary = join(directory, 'pebble');

/** Its path, or why there is none. Builds it (a minute the first time) only where that was asked for: Go fetches modules. */
export function findPebble(): { readonly path: string } | { readonly reason: string } {
  if (existsSync(binary)) return { path: binary };
  const inCi = Boolean(process.env['CI']) && process.getuid?.() === 0;
  if (!inCi && process.env['DJSUP_INSTALL'] !== '1')
    return { reason: 'Pebble is not built here: set DJSUP_INSTALL=1 to build it with Go' };
  if (spawnSync('go', ['version']).status !== 0)
    return { reason: 'Pebble needs Go to be built, and there is none' };
  const work = mkdtempSync(join(tmpdir(), 'djsup-pebble-'));
  try {
    // Not "go install", which asks for the list of versions; not every mirror has one.
    writeFileSync(join(work, 'go.mod'), `module compare\n\ngo 1.24\n\nrequire ${module} ${version}\n`);
    execFileSync(
      'go',
      ['build', '-mod=mod', '-modcacherw', '-o', join(work, 'pebble'), `${module}/cmd/pebble`],
      {
        cwd: work,
        env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: 240_000,
      },
    );
    mkdirSync(directory, { recursive: true });
    // By a rename within the directory, since the temporary one may be on another file system.
    copyFileSync(join(work, 'pebble'), `${binary}.new`);
    renameSync(`${binary}.new`, binary);
    return { path: binary };
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    return { reason: `Pebble cannot be built: ${said.split('\n').at(-1) ?? ''}` };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
