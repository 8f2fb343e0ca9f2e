// A directory for lease files that the accounts of services can read in.
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface LeasePlace {
  readonly directory: string;
  /** Takes away what was made for it. */
  remove(): void;
}

/**
 * The state directory where others may enter it, or where nobody else runs services; else a directory of its own, the same
 * for each life of this `instance`. Undefined: none can be had.
 */
export function leasePlace(stateDirectory: string | undefined, instance: string): LeasePlace | undefined {
  if (stateDirectory !== undefined && mayEnter(stateDirectory))
    return { directory: stateDirectory, remove() {} };
  try {
    const directory = ownDirectory(join(tmpdir(), `djsup-lease-${instance}`));
    return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
  } catch {
    return stateDirectory === undefined ? undefined : { directory: stateDirectory, remove() {} };
  }
}

function mayEnter(directory: string): boolean {
  const byOthers = 0o001;
  const isAlone = process.getuid?.() !== 0;
  return isAlone || (statSync(directory).mode & byOthers) !== 0;
}

/** Anybody may write in the directory above, so what is there already is used only if it is ours. */
function ownDirectory(wanted: string): string {
  const known = lstatSync(wanted, { throwIfNoEntry: false });
  const isOurs = known?.isDirectory() === true && known.uid === process.getuid?.();
  const isFree = known === undefined;
  if (isFree) mkdirSync(wanted, { mode: 0o700 });
  const directory = isFree || isOurs ? wanted : mkdtempSync(`${wanted}-`);
  chmodSync(directory, 0o711);
  return directory;
}
