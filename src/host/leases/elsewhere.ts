// Whether replicas that know less of their surroundings lead by another engine's record just now.
// Laws: asked only where the chosen engine has no record yet, as at a first start or in a move; an engine that does not answer
// holds nobody up.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LeaderRecord, View } from '../../core/leader/record.ts';
import { millisecond } from '../../core/leader/timing.ts';
import type { LeaseStore } from '../../ports.ts';

/** How long an engine may take, ms. */
const patience = 3_000;

/** Who leads where, as a clause; undefined: nobody is seen to. `others` opens the stores, which are closed again. */
export async function leadsElsewhere(
  chosen: LeaseStore,
  others: readonly (() => Promise<LeaseStore>)[],
): Promise<string | undefined> {
  if (others.length === 0 || (await look(chosen))?.found.kind !== 'none') return undefined;
  const found = await Promise.all(others.map((open) => leaderOf(open).catch(() => undefined)));
  return found.find((clause) => clause !== undefined);
}

async function leaderOf(open: () => Promise<LeaseStore>): Promise<string | undefined> {
  const store = await open();
  try {
    const opening = await store.open(AbortSignal.timeout(patience));
    const before = await look(store);
    const record = heldIn(before);
    if (opening.kind === 'failed' || record === undefined) return undefined;
    // Whoever leads renews several times within a lease.
    await sleep(record.lease / millisecond / 4);
    const after = await look(store);
    const leader = heldIn(after);
    if (leader === undefined || after?.version === before?.version) return undefined;
    return `"${leader.holder}" leads group "${leader.group}" by its record in ${opening.place}`;
  } finally {
    await store.close();
  }
}

async function look(store: LeaseStore): Promise<View | undefined> {
  const outcome = await store.read(AbortSignal.timeout(patience));
  return outcome.kind === 'failed' ? undefined : outcome.view;
}

function heldIn(view: View | undefined): LeaderRecord | undefined {
  return view?.found.kind === 'record' && view.found.record.state === 'held' ? view.found.record : undefined;
}
