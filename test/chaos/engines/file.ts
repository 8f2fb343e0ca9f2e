// A lock file as an engine of the chaos tests: in a small file system of its own, which can be filled, where root may mount.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lasting } from '../engine.ts';
import type { EngineFault, EngineKind } from '../engine.ts';

export const file: EngineKind = {
  missing: () => undefined,
  start() {
    const directory = mkdtempSync(join(tmpdir(), 'djsup-chaos-file-'));
    const why = mountSmall(directory);
    chmodSync(directory, 0o777);
    const unmount = (): void => {
      if (why === undefined) spawnSync('umount', ['--lazy', directory]);
    };
    process.once('exit', unmount);
    return Promise.resolve({
      port: undefined,
      layer: ['backend: file', `file: { path: ${directory}/lock }`],
      environment: () => ({}),
      faults: { 'disk full': why ?? filling(directory) },
      stop() {
        process.off('exit', unmount);
        unmount();
        rmSync(directory, { recursive: true });
        return Promise.resolve();
      },
    });
  },
};

/** Why not; undefined: it is mounted. */
function mountSmall(directory: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return undefined;
  } catch (error) {
    return `no file system can be mounted here: ${error instanceof Error ? error.message.trim() : String(error)}`;
  }
}

function filling(directory: string): EngineFault {
  const ballast = join(directory, 'ballast');
  return lasting(
    () => {
      for (;;) {
        try {
          writeFileSync(ballast, Buffer.alloc(4096), { flag: 'a' });
        } catch (error) {
          if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return Promise.resolve();
          throw error;
        }
      }
    },
    () => Promise.resolve(rmSync(ballast)),
  );
}
