// Whether replicas that know less of their surroundings lead by another engine's record just now.
// Laws: asked only where nobody holds the record of the chosen engine, as at a first start or in a move; an engine that does not
// answer holds nobody up.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LeaderRecord, View } from '../../core/leader/record.ts';
import { millisecond } from '../../core/leader/timing.ts';
import type { LeaseStore } from '../../ports.ts';
import { within } from './within.ts';

/** How long an engine may take, ms. */
const patience = 3_000;
/** How long a leader is waited for to renew, at most, ms. */
const longestLook = 20_000;

/**
 * Who leads where, as a clause; undefined: nobody is seen to. `others` opens the stores, which are closed again; `renewal`: from one
 * renewal of a leader to the next, ms.
 */
export async function leadsElsewhere(
  chosen: LeaseStore,
  others: readonly (() => Promise<LeaseStore>)[],
  renewal: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (others.length === 0) return undefined;
  const view = await look(chosen, signal);
  if (view === undefined || heldIn(view) !== undefined) return undefined;
  const looks = others.map((open) => leaderOf(open, renewal, signal).catch(() => undefined));
  return (await Promise.all(looks)).find((clause) => clause !== undefined);
}

async function leaderOf(
  open: () => Promise<LeaseStore>,
  renewal: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const store = await open();
  try {
    const opening = await store.open(within(patience, signal));
    if (opening.kind === 'failed') return undefined;
    const before = await look(store, signal);
    const record = heldIn(before);
    if (record === undefined) return undefined;
    // Whoever has longer leases renews them less often.
    const span = Math.max(1.5 * renewal, record.lease / millisecond / 4);
    await sleep(Math.min(span, longestLook), undefined, { signal });
    const after = await look(store, signal);
    const leader = heldIn(after);
    if (leader === undefined || after?.version === before?.version) return undefined;
    return `"${leader.holder}" leads group "${leader.group}" by its record in ${opening.place}`;
  } finally {
    await store.close();
  }
}

async function look(store: LeaseStore, signal: AbortSignal): Promise<View | undefined> {
  const outcome = await store.read(within(patience, signal));
  return outcome.kind === 'failed' ? undefined : outcome.view;
}

function heldIn(view: View | undefined): LeaderRecord | undefined {
  return view?.found.kind === 'record' && view.found.record.state === 'held' ? view.found.record : undefined;
}
