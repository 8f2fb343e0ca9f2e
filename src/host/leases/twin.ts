// Two lease stores as one, while an election moves from the first to the second: see core/leader/twin.ts for its laws.
import { createTwin } from '../../core/leader/twin.ts';
import type { Register } from '../../core/leader/twin.ts';
import type { Outcome } from '../../core/leader/state.ts';
import type { LeaseStore, Opening } from '../../ports.ts';
import { reasonOf } from '../errno.ts';

/** At most one of them may have an anchor: a guard inherits but one. */
export function openTwin(first: LeaseStore, second: LeaseStore): LeaseStore {
  const stores = [first, second] as const;

  function ask(signal: AbortSignal, request: (twin: Register, done: (outcome: Outcome) => void) => void) {
    const twin = createTwin(registerOf(first, signal), registerOf(second, signal));
    return new Promise<Outcome>((resolve) => request(twin, resolve));
  }

  return {
    async open(signal): Promise<Opening> {
      const [one, two] = await Promise.all([first.open(signal), second.open(signal)]);
      if (one.kind === 'failed') return one;
      if (two.kind === 'failed') return two;
      const place = `${one.place} and ${two.place}`;
      const former = await first.read(signal);
      if (former.kind === 'failed') return former;
      const missing = former.view.found.kind === 'none' ? [missingRecord(one.place)] : [];
      return { kind: 'ready', place, warnings: [...one.warnings, ...two.warnings, ...missing] };
    },
    read: (signal) => ask(signal, (twin, done) => twin.read(done)),
    write: (expect, record, signal) => ask(signal, (twin, done) => twin.write(expect, record, done)),
    watch(events) {
      // One of the records says nothing without the other: both are read.
      const hint = (): void => events.hint();
      const ends = stores.map((store) => store.watch({ seen: hint, hint }));
      return () => {
        for (const end of ends) end();
      };
    },
    anchor: () => first.anchor() ?? second.anchor(),
    async close() {
      await Promise.all(stores.map((store) => store.close()));
    },
  };
}

function missingRecord(place: string): string {
  return `"moved-from" names a record that is not there: ${place}; if replicas of before lead, they go by another one, and two run: look at what "djsup leader" says there`;
}

function registerOf(store: LeaseStore, signal: AbortSignal): Register {
  return {
    read: (done) => void answer(store.read(signal), done),
    write: (expect, record, done) => void answer(store.write(expect, record, signal), done),
  };
}

async function answer(call: Promise<Outcome>, done: (outcome: Outcome) => void): Promise<void> {
  const outcome = await call.catch((error: unknown): Outcome => ({
    kind: 'failed',
    error: 'transient',
    message: reasonOf(error),
  }));
  done(outcome);
}
