// What the processes of a group are told of its lease: a file that each renewal writes anew (core/leader/lease-file.ts).
// Law: it never says more than the lease does; of several texts that wait to be written only the latest is.
import { encodeLeaseFile } from '../core/leader/lease-file.ts';
import type { LeaseFile } from '../core/leader/lease-file.ts';
import type { Files } from '../ports.ts';
import type { Teller } from './tell.ts';

/** Any account may read it: services run under several, and it holds no secret. A lease does not outlive the machine. */
const kind = { mode: 0o644, volatile: true };

export interface LeaseFiles {
  write(lease: LeaseFile): void;
  /** Resolves when what was told of the group is written, or cannot be. Never rejects. */
  written(group: string): Promise<void>;
}

export function createLeaseFiles(
  files: Pick<Files, 'replace'>,
  pathOf: (group: string) => string | undefined,
  tell: Pick<Teller, 'say'>,
): LeaseFiles {
  const next = new Map<string, LeaseFile>();
  const writing = new Map<string, Promise<void>>();
  const failing = new Set<string>();

  async function writeOut(group: string, path: string): Promise<void> {
    for (let lease = next.get(group); lease !== undefined; lease = next.get(group)) {
      next.delete(group);
      const written = await files.replace(path, encodeLeaseFile(lease), kind);
      if (!written.ok && !failing.has(group))
        tell.say(
          'warn',
          `${written.failure.message}; what runs in leader group "${group}" cannot check its lease`,
        );
      if (written.ok) failing.delete(group);
      else failing.add(group);
    }
    writing.delete(group);
  }

  return {
    write(lease) {
      const { group } = lease;
      const path = pathOf(group);
      if (path === undefined) return;
      next.set(group, lease);
      if (!writing.has(group)) writing.set(group, writeOut(group, path));
    },
    written: (group) => writing.get(group) ?? Promise.resolve(),
  };
}
