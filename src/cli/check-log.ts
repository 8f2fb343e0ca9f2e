// What a check has logged lately, for the commands that show it.
import type { Client } from '../wire/client.ts';
import type { CheckInfo } from '../wire/replies.ts';

/** Log lines of the change that performs the check, or, when that one is new, of the one before. Empty when there is none left. */
export async function latestCheckLog(client: Client, check: CheckInfo): Promise<readonly string[]> {
  for (const id of [check['change-id'], check['prev-change-id']]) {
    const change = id === undefined ? undefined : await client.change(id);
    const log = change?.ok ? (change.value.tasks ?? []).flatMap((task) => task.log ?? []) : [];
    if (log.length > 0) return log;
  }
  return [];
}
