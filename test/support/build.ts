// Before all tests: dist/ is built from the sources of this moment, so that tests of the program never run an older one.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export function setup(): void {
  if (!existsSync(join(root, 'src/main.ts'))) return;
  execFileSync(process.execPath, [join(root, 'bin/build.ts')], { stdio: 'inherit' });
}
