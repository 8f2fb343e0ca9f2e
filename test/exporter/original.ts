// The original statsd_exporter, built by Go from its module, for comparison.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/rig.ts';

const directory = join(root, 'node_modules/.cache/statsd_exporter');
const binary = join(directory, 'statsd_exporter');

/** Its path, or why there is none. Builds it only where that was asked for, for Go fetches its modules from the network. */
export function findOriginal(): { readonly path: string } | { readonly reason: string } {
  if (existsSync(binary)) return { path: binary };
  const inCi = (process.env['CI'] ?? '') !== '' && process.getuid?.() === 0;
  if (!inCi && process.env['DJSUP_INSTALL'] !== '1') {
    return { reason: 'the original exporter is not built here: set DJSUP_INSTALL=1 to build it with Go' };
  }
  if (spawnSync('go', ['version']).status !== 0)
    return { reason: 'the original exporter needs Go to be built, and there is none' };
  try {
    execFileSync('go', ['install', 'github.com/prometheus/statsd_exporter@latest'], {
      env: { ...process.env, GOBIN: directory, GOFLAGS: '-modcacherw' },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 300_000,
    });
    return { path: binary };
  } catch (error) {
    return { reason: `the original exporter cannot be built: ${String(error)}` };
  }
}
