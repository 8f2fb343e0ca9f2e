// The calls of one election to its store, one following the other.
import { expect, test } from 'vitest';
import type { Outcome } from '../../src/core/leader/state.ts';
import { createLeaseCalls } from '../../src/daemon/lease-calls.ts';
import type { LeaseStore } from '../../src/ports.ts';

const nothing = { found: { kind: 'none' }, version: undefined, incarnation: 'a', epochFloor: 0 } as const;

/** A store that answers at once but to the first call, which it answers never, and counts how often it is opened. */
function rig() {
  let opened = 0;
  let calls = 0;
  const answer = (signal: AbortSignal): Promise<Outcome> => {
    calls += 1;
    if (calls > 1) return Promise.resolve({ kind: 'ok', view: nothing });
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    signal.addEventListener('abort', () => resolve({ kind: 'failed', error: 'transient', message: 'late' }));
    return promise;
  };
  const store: LeaseStore = {
    open() {
      opened += 1;
      return Promise.resolve({ kind: 'ready', place: 'a store', warnings: [] });
    },
    read: answer,
    write: (_expect, _record, signal) => answer(signal),
    watch: () => () => {},
    anchor: () => undefined,
    close: () => Promise.resolve(),
  };
  const waiting = new Map<number, (outcome: Outcome) => void>();
  const reply = (call: number, _what: string, outcome: Outcome): void => waiting.get(call)?.(outcome);
  const calling = createLeaseCalls(store, { reply, opened: () => {}, seen: () => {}, hint: () => {} });
  const read = (call: number): Promise<Outcome> => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    waiting.set(call, resolve);
    calling.read(call, 0);
    calling.expecting(call);
    return promise;
  };
  return { calling, read, opened: () => opened };
}

test('a call that another has followed says nothing about the store: it is not opened anew', async () => {
  const { read, opened } = rig();
  const first = read(1);
  // Until it has come as far as the store.
  await new Promise(setImmediate);
  expect(await read(2)).toMatchObject({ kind: 'ok' });
  expect(await first).toMatchObject({ kind: 'failed' });
  expect(await read(3)).toMatchObject({ kind: 'ok' });
  expect(opened()).toBe(1);
});

test('after one that came to nothing with none to follow it is', async () => {
  const { calling, read, opened } = rig();
  const first = read(1);
  await new Promise(setImmediate);
  calling.expecting(undefined);
  expect(await first).toMatchObject({ kind: 'failed' });
  expect(await read(2)).toMatchObject({ kind: 'ok' });
  expect(opened()).toBe(2);
});
