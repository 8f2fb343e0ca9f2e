// Changes in an order for people: the server's list has none.
import type { ChangeInfo } from '../wire/replies.ts';

/** By spawn time, changes of the same millisecond by id. */
export function bySpawnTime(changes: readonly ChangeInfo[]): ChangeInfo[] {
  return changes.toSorted(
    (a, b) => Date.parse(a['spawn-time']) - Date.parse(b['spawn-time']) || Number(a.id) - Number(b.id),
  );
}
