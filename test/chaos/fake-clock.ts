// A clock on the wall of one djsup's own, which can be set while it runs: Debian's "faketime". Law: the monotonic clock and
// the times of files stay the machine's, and so does every clock of guard and scheduler.
import { globSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { missing } from '../support/engines/install.ts';

export type FakeClock =
  { readonly isThere: true; readonly library: string } | { readonly isThere: false; readonly why: string };

/** Until djsup has seen that its clock was set, at most, ms. */
export const clockDelay = 1000;

const find = (): string | undefined => globSync('/usr/lib/*/faketime/libfaketime.so.1')[0];

export function findClock(): FakeClock {
  const why = find() === undefined ? missing(['faketime'], ['faketime']) : undefined;
  const library = find();
  if (library === undefined) return { isThere: false, why: why ?? 'the library of faketime is not here' };
  return { isThere: true, library };
}

function fileIn(directory: string): string {
  return join(directory, 'clock');
}

/** Words in front of the command that is to have this clock. */
export function clockWords(clock: FakeClock, directory: string): readonly string[] {
  if (!clock.isThere) return [];
  const settings = {
    LD_PRELOAD: clock.library,
    FAKETIME_TIMESTAMP_FILE: fileIn(directory),
    // In seconds.
    FAKETIME_CACHE_DURATION: clockDelay / 1000,
    FAKETIME_DONT_FAKE_MONOTONIC: 1,
    NO_FAKE_STAT: 1,
  };
  return ['env', ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)];
}

/** `ahead`: seconds; the file is never half written. */
export function setClock(directory: string, ahead: number): void {
  const path = fileIn(directory);
  writeFileSync(`${path}.new`, `${ahead < 0 ? '' : '+'}${ahead}\n`);
  renameSync(`${path}.new`, path);
}

/** What the library leaves behind in shared memory when the first process of a PID namespace, as each djsup is, is killed. */
export function removeClocks(): void {
  for (const name of ['sem.faketime_sem_1', 'faketime_shm_1'])
    rmSync(join('/dev/shm', name), { force: true });
}
