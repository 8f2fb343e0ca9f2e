// The calls of one election to its lease store: one at a time, each ended when the machine no longer waits for it.
// Law: whatever the store does or throws, a call ends as an outcome; nothing is reported once all is closed.
import type { LeaderRecord, Version, View } from '../core/leader/record.ts';
import type { Outcome } from '../core/leader/state.ts';
import type { LeaseStore, Opening } from '../ports.ts';

export type Opened = Extract<Opening, { readonly kind: 'ready' }>;

export interface LeaseCalls {
  /** `now`: monotonic ms, handed back with the answer. */
  read(call: number, now: number): void;
  write(call: number, now: number, expect: Version, record: LeaderRecord): void;
  /** The machine waits for this call; all others are given up. */
  expecting(call: number | undefined): void;
  close(): Promise<void>;
}

export function createLeaseCalls(
  store: LeaseStore,
  events: {
    reply(call: number, what: 'read' | 'write', outcome: Outcome, sentAt: number): void;
    opened(opening: Opened): void;
    seen(view: View): void;
    hint(): void;
  },
): LeaseCalls {
  const running = new Map<number, AbortController>();
  /** Of the latest call. */
  let latest: AbortSignal | undefined;
  let isOpen = false;
  let isClosed = false;
  let unwatch = (): void => {};

  async function open(signal: AbortSignal): Promise<Outcome | undefined> {
    const opening = await store.open(signal);
    if (opening.kind === 'failed') return opening;
    if (isClosed) return undefined;
    unwatch();
    unwatch = store.watch(events);
    isOpen = true;
    events.opened(opening);
    return undefined;
  }

  async function outcomeOf(signal: AbortSignal, request: () => Promise<Outcome>): Promise<Outcome> {
    try {
      const refused = isOpen ? undefined : await open(signal);
      const outcome = refused ?? (await request());
      // The next call connects anew, and looks anew whether all is safe; of one that another has followed nothing is known.
      if (outcome.kind === 'failed' && !(signal.aborted && signal !== latest)) isOpen = false;
      return outcome;
    } catch (error) {
      isOpen = false;
      const message = error instanceof Error ? error.message : String(error);
      return { kind: 'failed', error: 'transient', message };
    }
  }

  function ask(
    call: number,
    what: 'read' | 'write',
    sentAt: number,
    request: (signal: AbortSignal) => Promise<Outcome>,
  ): void {
    const controller = new AbortController();
    const { signal } = controller;
    latest = signal;
    running.set(call, controller);
    const reply = (outcome: Outcome): void => {
      running.delete(call);
      if (!isClosed) events.reply(call, what, outcome, sentAt);
    };
    void outcomeOf(signal, () => request(signal)).then(reply);
  }

  return {
    read: (call, now) => ask(call, 'read', now, (signal) => store.read(signal)),
    write: (call, now, expect, record) =>
      ask(call, 'write', now, (signal) => store.write(expect, record, signal)),
    expecting(call) {
      for (const [id, controller] of running) if (id !== call) controller.abort();
    },
    async close() {
      isClosed = true;
      for (const controller of running.values()) controller.abort();
      unwatch();
      await store.close();
    },
  };
}
