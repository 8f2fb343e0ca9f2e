// What every lease store promises, whatever keeps its record: the same tests for all engines.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeRecord } from '../../src/core/leader/record.ts';
import type { LeaderRecord, View } from '../../src/core/leader/record.ts';
import type { LeaseSettings } from '../../src/core/leader/settings.ts';
import type { Outcome } from '../../src/core/leader/state.ts';
import { second } from '../../src/core/leader/timing.ts';
import { openLeaseStore } from '../../src/host/leases.ts';
import type { LeaseStore } from '../../src/ports.ts';
import { startProxy } from '../support/engines/proxy.ts';
import type { Proxy } from '../support/engines/proxy.ts';
import { until } from '../support/rig.ts';
import { storeDeps } from './machine.ts';

/** One running engine, as the contract's tests need it. */
export interface EngineUnderTest {
  /** `port`: that of a proxy in between. */
  settings(name: string, port?: number): LeaseSettings;
  /** Undefined where nothing goes over a network. */
  readonly port: number | undefined;
  /** How many requests of a write come before the one that changes something. */
  readonly before?: number;
  /** Sets, or removes, the record behind everybody's back. */
  put(name: string, text: string | undefined): Promise<void>;
  /** The engine ends, and comes back with its data; undefined where nothing can restart. */
  readonly restart: (() => Promise<void>) | undefined;
  /** The connections that would hear a release now; undefined: all do always. */
  readonly waiters?: (name: string) => Promise<readonly unknown[]>;
  stop(): Promise<void>;
}

let writes = 0;

/** A record like no other; `further` changes it. */
export function recordFor(view: View | undefined, further: Partial<LeaderRecord> = {}): LeaderRecord {
  writes += 1;
  return {
    group: 'schedulers',
    holder: 'web-1',
    instance: '',
    boot: 'b',
    term: `${process.pid}/${writes}`,
    write: writes,
    epoch: Math.max(view?.epochFloor ?? 0, view?.found.kind === 'record' ? view.found.record.epoch : 0) + 1,
    lease: 15 * second,
    state: 'held',
    clean: true,
    successor: undefined,
    incarnation: view?.incarnation ?? '',
    board: {},
    about: {},
    ...further,
  };
}

export const soon = (ms = 5000): AbortSignal => AbortSignal.timeout(ms);

export async function look(store: LeaseStore): Promise<View> {
  return viewIn(await store.read(soon()));
}

function viewIn(outcome: Outcome): View {
  if (outcome.kind === 'failed') throw new Error(outcome.message);
  return outcome.view;
}

/** Writes over what is there; throws where it cannot. */
export async function take(store: LeaseStore, further: Partial<LeaderRecord> = {}): Promise<LeaderRecord> {
  const view = await look(store);
  const record = recordFor(view, further);
  expect((await store.write(view.version, record, soon())).kind).toBe('ok');
  return record;
}

export const held = (view: View): LeaderRecord | undefined =>
  view.found.kind === 'record' ? view.found.record : undefined;

/** `why`: the reason for which it cannot run here. */
export function leaseContract(
  kind: string,
  why: string | undefined,
  start: () => Promise<EngineUnderTest>,
): void {
  const leftOut = `${kind} is left out: ${why}`;
  // oxlint-disable-next-line no-console -- what was left out has to be seen
  if (why !== undefined) console.warn(leftOut);
  describe.skipIf(why !== undefined)(
    `a lease store${why === undefined ? `: ${kind}` : `, ${leftOut}`}`,
    () => {
      let engine: EngineUnderTest;
      let names = 0;
      const stores: LeaseStore[] = [];
      beforeAll(async () => {
        engine = await start();
      }, 120_000);
      afterAll(async () => {
        for (const store of stores) await store.close();
        await engine?.stop();
      });

      const newName = (): string => `contract-${process.pid}-${(names += 1)}`;

      async function openStore(name: string, port?: number): Promise<LeaseStore> {
        const store = await openLeaseStore(engine.settings(name, port), await storeDeps());
        stores.push(store);
        return store;
      }

      async function ready(name: string, port?: number): Promise<LeaseStore> {
        const store = await openStore(name, port);
        const opening = await store.open(soon());
        if (opening.kind === 'failed') throw new Error(opening.message);
        return store;
      }

      const waiters = async (name: string): Promise<readonly unknown[]> =>
        (await engine.waiters?.(name)) ?? [];

      /** A doorbell rings only for those who wait, here one more than `before`, and only if its holder got hold of it. */
      async function heard(
        name: string,
        holder: LeaseStore,
        before: readonly unknown[],
        more: number,
      ): Promise<void> {
        if (engine.waiters === undefined) return;
        await until('all wait', async () => {
          await take(holder);
          return (await waiters(name)).filter((one) => !before.includes(one)).length >= more;
        });
      }

      test('it opens, and says where it is without any password', async () => {
        const store = await openStore(newName());
        const opening = await store.open(soon());
        expect(opening).toMatchObject({ kind: 'ready' });
        expect(JSON.stringify(opening)).not.toContain('pass-word');
      });

      test('where nothing was written there is no record, and an epoch that all new ones exceed', async () => {
        const view = await look(await ready(newName()));
        expect(view.found).toEqual({ kind: 'none' });
        expect(view.version).toBeUndefined();
        expect(view.epochFloor).toBeGreaterThan(0);
      });

      test('what was written is read by others, each version once', async () => {
        const name = newName();
        const one = await ready(name);
        const other = await ready(name);
        const record = await take(one);
        const view = await look(other);
        expect(held(view)).toEqual(record);
        const next = recordFor(view);
        expect(viewIn(await one.write(view.version, next, soon())).found).toEqual({
          kind: 'record',
          record: next,
        });
        const late = await other.write(view.version, recordFor(view), soon());
        expect(late.kind).toBe('conflict');
        expect(held(viewIn(late))).toEqual(next);
        const early = await other.write(undefined, recordFor(view), soon());
        expect(early.kind).toBe('conflict');
      });

      test('of 50 that write at once exactly one wins each version', async () => {
        const name = newName();
        const crew = await Promise.all(Array.from({ length: 10 }, () => ready(name)));
        for (let round = 0; round < 6; round += 1) {
          const { version, ...view } = await look(crew[0] as LeaseStore);
          const tries = Array.from({ length: 50 }, (_, index) => ({
            store: crew[index % crew.length] as LeaseStore,
            record: recordFor(
              { version, ...view },
              { term: `t${round}-${index}`, epoch: 1_000 + round * 100 + index },
            ),
          }));
          const outcomes = await Promise.all(
            tries.map(({ store, record }) => store.write(version, record, soon(20_000))),
          );
          const winners = tries.filter((_, index) => outcomes[index]?.kind === 'ok');
          expect(winners).toHaveLength(1);
          expect(outcomes.filter((one) => one.kind === 'conflict')).toHaveLength(49);
          const [winner] = winners;
          for (const outcome of outcomes) expect(held(viewIn(outcome))).toEqual(winner?.record);
          expect(held(await look(crew[round] as LeaseStore))).toEqual(winner?.record);
        }
      });

      test('a version does not come back with an older state of the engine', async () => {
        const name = newName();
        const store = await ready(name);
        const other = await ready(name);
        const old = await take(store);
        const view = await look(store);
        const next = recordFor(view);
        const lost = viewIn(await store.write(view.version, next, soon()));
        await engine.put(name, encodeRecord(old));
        expect((await store.write(lost.version, recordFor(lost), soon())).kind).toBe('conflict');
        expect(held(await look(other))).toEqual(old);
      });

      test('what is no record is shown as that, and can be replaced', async () => {
        const name = newName();
        await engine.put(name, '{"no": "record of ours"}');
        const store = await ready(name);
        const view = await look(store);
        expect(view.found).toEqual({ kind: 'unreadable' });
        expect(view.version).toBeDefined();
        const record = recordFor(view);
        expect((await store.write(view.version, record, soon())).kind).toBe('ok');
        expect(held(await look(store))).toEqual(record);
      });

      test('a record that was removed leaves an epoch higher than its own', async () => {
        const name = newName();
        const store = await ready(name);
        await take(store);
        const last = await take(store);
        await engine.put(name, undefined);
        expect((await look(store)).found).toEqual({ kind: 'none' });
        // Where it is the engine's clock, this test may be the faster one.
        await until('the floor is higher', async () => (await look(store)).epochFloor > last.epoch, 2500);
        const view = await look(store);
        expect((await store.write('gone', recordFor(view), soon())).kind).toBe('conflict');
        expect((await store.write(undefined, recordFor(view), soon())).kind).toBe('ok');
      });

      test('a record of the largest size is kept, and a larger one refused before it is sent', async () => {
        const name = newName();
        const store = await ready(name);
        const view = await look(store);
        const large = Object.fromEntries(
          Array.from({ length: 8 }, (_, key) => [`key ${key}`, '\u{20000}'.repeat(100)]),
        );
        const record = recordFor(view, {
          board: large,
          holder: 'h'.repeat(256),
          about: { host: '\u20ac'.repeat(256) },
        });
        expect((await store.write(undefined, record, soon())).kind).toBe('ok');
        expect(held(await look(store))).toEqual(record);
        const larger = recordFor(view, { board: { key: 'x'.repeat(4096) } });
        expect(await store.write((await look(store)).version, larger, soon())).toMatchObject({
          kind: 'failed',
          error: 'unsafe',
        });
      });

      test('a watch tells of a change by another', async () => {
        const name = newName();
        const watcher = await ready(name);
        const writer = await ready(name);
        await take(writer);
        await look(watcher);
        const seen: View[] = [];
        const end = watcher.watch({ seen: (view) => void seen.push(view), hint: () => {} });
        await heard(name, writer, [], 1);
        const view = await look(writer);
        const next = recordFor(view, { state: 'released', epoch: held(view)?.epoch ?? 0 });
        const from = performance.now();
        expect((await writer.write(view.version, next, soon())).kind).toBe('ok');
        await until('the watch shows it', () => seen.some((one) => held(one)?.term === next.term), 2000);
        expect(performance.now() - from).toBeLessThan(500);
        end();
      });

      test('a call that is given up ends at once, and so do all after it until the next', async () => {
        const name = newName();
        const store = await ready(name);
        expect(await store.read(AbortSignal.abort())).toMatchObject({ kind: 'failed', error: 'transient' });
        expect((await store.read(soon())).kind).toBe('ok');
      });

      test('a call that is given up for another one does that no harm', async () => {
        const store = await ready(newName());
        for (let round = 0; round < 5; round += 1) {
          const unwanted = new AbortController();
          const earlier = store.read(unwanted.signal);
          const later = store.read(soon());
          unwanted.abort();
          await earlier;
          expect(await later).toMatchObject({ kind: 'ok' });
        }
      });

      test('a watch outlives the call that began it', async () => {
        const name = newName();
        const watcher = await openStore(name);
        const writer = await ready(name);
        await take(writer);
        const first = new AbortController();
        expect((await watcher.open(first.signal)).kind).toBe('ready');
        const seen: View[] = [];
        let hints = 0;
        watcher.watch({ seen: (view) => void seen.push(view), hint: () => void (hints += 1) });
        await look(watcher);
        first.abort();
        await heard(name, writer, [], 1);
        const view = await look(writer);
        const next = recordFor(view, { state: 'released', epoch: held(view)?.epoch ?? 0 });
        expect((await writer.write(view.version, next, soon())).kind).toBe('ok');
        await until('the watch shows it', () => seen.some((one) => held(one)?.term === next.term));
        expect(hints).toBe(0);
      });

      test('once closed it does nothing any more', async () => {
        const store = await ready(newName());
        await store.close();
        expect(await store.read(soon())).toMatchObject({ kind: 'failed', error: 'transient' });
      });

      describe.each(kind === 'file' ? [] : ['over a network'])('%s', () => {
        let proxy: Proxy;
        beforeAll(async () => {
          if (engine.port === undefined) throw new Error('an engine without a port');
          proxy = await startProxy(engine.port, engine.before);
        });
        afterAll(() => proxy[Symbol.asyncDispose]());

        test('a write whose answer was lost has failed, and may have been carried out', async () => {
          const name = newName();
          const store = await ready(name, proxy.port);
          const other = await ready(name);
          const view = await look(store);
          const record = recordFor(view);
          proxy.mode = 'lose-replies';
          const outcome = await store.write(undefined, record, soon(700));
          proxy.mode = 'pass';
          expect(outcome).toMatchObject({ kind: 'failed', error: 'transient' });
          expect(held(await look(other))).toEqual(record);
          expect(held(await look(store))).toEqual(record);
          expect((await store.write(undefined, record, soon())).kind).toBe('conflict');
        });

        test('a stalled network ends a call when its signal says so, and the first one after it works', async () => {
          const name = newName();
          const store = await ready(name, proxy.port);
          await take(store);
          proxy.mode = 'stall';
          const from = performance.now();
          const outcome = await store.read(AbortSignal.timeout(300));
          const took = performance.now() - from;
          // Also a connection that is only being made.
          const next = await store.read(AbortSignal.timeout(300));
          proxy.mode = 'pass';
          expect(outcome).toMatchObject({ kind: 'failed', error: 'transient' });
          expect(next).toMatchObject({ kind: 'failed', error: 'transient' });
          expect(took).toBeLessThan(500);
          await look(store);
        });

        test('a broken connection is told to those who watch, and made anew', async () => {
          const name = newName();
          const store = await ready(name, proxy.port);
          const other = await ready(name);
          await take(store);
          let hints = 0;
          const seen: View[] = [];
          store.watch({ seen: (view) => void seen.push(view), hint: () => void (hints += 1) });
          await take(other);
          await look(store);
          await heard(name, other, [], 1);
          const waiting = await waiters(name);
          proxy.cut();
          await until('the watch rings', () => hints > 0);
          await look(store);
          await heard(name, other, waiting, 1);
          const before = seen.length + hints;
          const { epoch = 0 } = held(await look(other)) ?? {};
          await take(other, { state: 'released', epoch });
          await until('the watch tells again', () => seen.length + hints > before);
          expect(held(await look(store))).toMatchObject({ state: 'released' });
        });

        test('nothing is left open after the end', async () => {
          proxy.cut();
          await until('all connections are gone', () => proxy.connections() === 0);
          const store = await ready(newName(), proxy.port);
          await look(store);
          expect(proxy.connections()).toBeGreaterThan(0);
          await store.close();
          await until('its connections are gone', () => proxy.connections() === 0, 2000);
          expect(proxy.connections()).toBe(0);
        });

        test('several calls at once, with no connection yet, leave one', async () => {
          proxy.cut();
          await until('all connections are gone', () => proxy.connections() === 0);
          const store = await openStore(newName(), proxy.port);
          const outcomes = await Promise.all(Array.from({ length: 4 }, () => store.read(soon())));
          expect(outcomes.some((outcome) => outcome.kind === 'ok')).toBe(true);
          await store.close();
          await until('its connections are gone', () => proxy.connections() === 0, 2000);
        });

        test('after a restart of the engine it goes on with the record of before', async () => {
          const name = newName();
          const store = await ready(name);
          const record = await take(store);
          await engine.restart?.();
          await until('it answers again', async () => (await store.read(soon(1000))).kind === 'ok');
          expect(held(await look(store))).toEqual(record);
          await take(store);
        });
      });
    },
  );
}
