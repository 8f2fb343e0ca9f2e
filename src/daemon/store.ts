// Keeps the state file up to date: one write at a time, the newest state wins. A place that cannot be written is said once
// and tried again at each change, for a disk that is full today has room tomorrow.
import { decodeState, emptyStateFile, encodeState } from '../core/state-file.ts';
import type { Snapshot, StateFile } from '../core/state-file.ts';
import type { Files } from '../ports.ts';
import type { Teller } from './tell.ts';

export interface Store {
  readonly restored: Snapshot;
  /** Something is worth saving; saved soon, many requests at once. */
  save(): void;
  /** Resolves when what is worth saving has been saved or cannot be. */
  flush(): Promise<void>;
}

/** `path` undefined: everything stays in memory. */
export function openStore(
  path: string | undefined,
  files: Files,
  tell: Teller,
  snapshot: () => Snapshot,
): Store {
  const file = path === undefined ? emptyStateFile : load(path, files, tell);
  let failing = false;
  let dirty = false;
  let writing: Promise<void> | undefined;

  async function write(target: string): Promise<void> {
    // Everything that the current turn changes is in one write.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (dirty) {
      dirty = false;
      const written = await files.replace(target, encodeState({ snapshot: snapshot(), rest: file.rest }));
      if (written.ok && failing) tell.say('info', `"${target}" can be written again: changes are saved`);
      if (!written.ok && !failing)
        tell.say('warn', `${written.failure.message}; until it can be, changes are kept in memory only`);
      failing = !written.ok;
    }
    writing = undefined;
  }

  return {
    restored: file.snapshot,
    save() {
      dirty = true;
      if (path !== undefined) writing ??= write(path);
    },
    async flush() {
      // A save that comes while one is written joins it, so one wait is enough.
      await writing;
    },
  };
}

function load(path: string, files: Files, tell: Teller): StateFile {
  const text = files.read(path);
  if (!text.ok) {
    if (text.failure.kind !== 'not-found')
      tell.say('warn', `${text.failure.message}; starting without earlier changes`);
    return emptyStateFile;
  }
  const state = decodeState(text.value);
  if (state.ok) return state.value;
  const kept = `${path}.broken`;
  tell.say(
    'error',
    `cannot use state file "${path}": ${state.failure}; it is kept as "${kept}" and djsup starts without it`,
  );
  void files.replace(kept, text.value);
  return emptyStateFile;
}
