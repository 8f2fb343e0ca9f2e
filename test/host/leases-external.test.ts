// The command that says who leads, played by shell scripts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { second } from '../../src/core/leader/timing.ts';
import { createReaper } from '../../src/host/reaper.ts';
import { openExternal } from '../../src/host/leases/external.ts';
import type { LeaseStore } from '../../src/ports.ts';
import { until } from '../support/rig.ts';
import { held, look, recordFor, soon } from './leases.contract.ts';
import { createMachine, launchOf, start } from './machine.ts';
import type { Machine } from './machine.ts';

const directory = mkdtempSync(join(tmpdir(), 'djsup-external-'));
afterAll(() => rmSync(directory, { recursive: true }));

let machine: Machine;
/** How long the next turn after an exit begins with deafness, ms: what ends meanwhile is a zombie that libuv has not seen. */
let deafness = 0;
const deaf = (): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, deafness);
  deafness = 0;
};
const onChild = (): void => void setImmediate(deaf);
beforeAll(async () => {
  // Before the reaper, which looks in the same turn.
  process.on('SIGCHLD', onChild);
  machine = await createMachine();
});
afterAll(() => {
  machine.reaper.stop();
  process.off('SIGCHLD', onChild);
});

let scripts = 0;

function open(command: readonly string[], period = 0, ttl = 30_000): LeaseStore {
  const { spawner } = machine;
  return openExternal(
    { kind: 'external', name: 'own', command, period, ttl },
    { spawner, environment: process.env },
  );
}

/** A command that does what the file "say" next to it tells, and counts its runs. */
function script(say: string): {
  store(ttl?: number, period?: number): LeaseStore;
  say(text: string): void;
  runs(): number;
} {
  const path = join(directory, `am-i-leader-${(scripts += 1)}`);
  const write = (text: string): void => writeFileSync(`${path}.say`, text);
  write(say);
  writeFileSync(path, `#!/bin/sh\necho x >> ${path}.runs\n. ${path}.say\n`, { mode: 0o755 });
  writeFileSync(`${path}.runs`, '');
  return {
    store: (ttl, period) => open([path], period, ttl),
    say: write,
    runs: () => readFileSync(`${path}.runs`, 'utf8').length / 2,
  };
}

test('a yes is a free record, with the epoch that comes with it', async () => {
  const store = script('echo 30 41').store();
  expect(await store.open(soon())).toMatchObject({ kind: 'ready' });
  const view = await look(store);
  expect(held(view)).toMatchObject({ state: 'released', clean: true, epoch: 40 });
  const record = recordFor(view);
  expect(record.epoch).toBe(41);
  expect((await store.write(view.version, record, soon())).kind).toBe('ok');
  expect(held(await look(store))).toEqual(record);
});

test('a no is the record of somebody else, another one each time, that never ages', async () => {
  const store = script('exit 1').store();
  const one = await look(store);
  const two = await look(store);
  expect(held(one)).toMatchObject({ state: 'held', holder: 'another replica' });
  expect(two.version).not.toBe(one.version);
  expect((await store.write(two.version, recordFor(two), soon())).kind).toBe('conflict');
});

test('a yes that became a no is lost, and can come back', async () => {
  const am = script('echo 15.0');
  const store = am.store();
  const view = await look(store);
  await store.write(view.version, recordFor(view), soon());
  am.say('exit 3');
  const mine = await look(store);
  expect((await store.write(mine.version, recordFor(mine), soon())).kind).toBe('conflict');
  am.say('echo 15');
  expect(held(await look(store))).toMatchObject({ state: 'released' });
});

test('a promise that ran out unasked is no lead: the epoch of the next one counts', async () => {
  const am = script('echo 0.05 41');
  const store = am.store();
  const view = await look(store);
  await store.write(view.version, recordFor(view, { lease: second / 100 }), soon());
  am.say('echo 30 51');
  const from = performance.now();
  await until('it has run out', () => performance.now() - from > 60);
  expect(held(await look(store))).toMatchObject({ state: 'released', epoch: 50 });
});

test('a promise that covers the lease is not asked for again, and a no not within the period', async () => {
  const yes = script('echo 3600');
  const store = yes.store();
  const view = await look(store);
  await store.write(view.version, recordFor(view), soon());
  await look(store);
  expect(yes.runs()).toBe(1);
  const no = script('exit 1');
  const other = no.store(30_000, 60_000);
  await look(other);
  await look(other);
  expect(no.runs()).toBe(1);
});

test('without a number the ttl of the settings counts', async () => {
  const store = script('true').store(16_000);
  const view = await look(store);
  expect((await store.write(view.version, recordFor(view), soon())).kind).toBe('ok');
  const short = script('true').store(14_000);
  const other = await look(short);
  expect(await short.write(other.version, recordFor(other), soon())).toMatchObject({
    kind: 'failed',
    error: 'unsafe',
  });
});

test('a promise that is shorter than the lease is refused', async () => {
  const store = script('echo 10').store();
  const view = await look(store);
  const outcome = await store.write(view.version, recordFor(view, { lease: 15 * second }), soon());
  expect(outcome).toMatchObject({ kind: 'failed', error: 'unsafe' });
  expect(outcome).toHaveProperty('message', expect.stringContaining('shorter lease-duration'));
});

test('a promise counts from the start of the command, not from its answer', async () => {
  const am = script('sleep 0.3; echo 15.1');
  const store = am.store();
  await store.write('nothing', recordFor(undefined, { lease: 15 * second }), soon());
  // What is left of the promise does not cover a lease from now on.
  await store.write('nothing', recordFor(undefined, { lease: 15 * second }), soon());
  expect(am.runs()).toBe(2);
});

test('letting go asks nobody', async () => {
  const am = script('echo 15');
  const store = am.store();
  const view = await look(store);
  await store.write(view.version, recordFor(view), soon());
  const before = am.runs();
  const mine = recordFor(view, { state: 'released' });
  const now = await look(store);
  expect((await store.write(now.version, mine, soon())).kind).toBe('ok');
  expect(am.runs()).toBeLessThanOrEqual(before + 1);
});

test('nonsense, and a command that is not there, are refused; one that hangs ends with its signal', async () => {
  expect(await script('echo yes please').store().read(soon())).toMatchObject({
    kind: 'failed',
    error: 'unsafe',
  });
  const nowhere = open(['/nowhere/at/all']);
  expect(await nowhere.read(soon())).toMatchObject({ kind: 'failed', error: 'unsafe' });
  const from = performance.now();
  const hanging = script('sleep 100').store();
  expect(await hanging.read(AbortSignal.timeout(200))).toMatchObject({ kind: 'failed', error: 'transient' });
  expect(performance.now() - from).toBeLessThan(2000);
});

/** What became of a command that ends just when the reaper looks, and how long that took, ms. */
async function endsAsTheReaperLooks(): Promise<{ kind: string; span: number }> {
  const store = script('sleep 0.2; echo 30').store();
  const asking = store.read(soon(2000));
  deafness = 500;
  const from = performance.now();
  start(machine.spawner, launchOf(['true']));
  const { kind } = await asking;
  return { kind, span: performance.now() - from };
}

test('a command that ends just when the reaper looks is heard', async () => {
  const { kind, span } = await endsAsTheReaperLooks();
  expect(kind).toBe('ok');
  expect(span).toBeLessThan(1500);
});

test('planted fault: a reaper that does not know of the command takes its exit, and the call ends by its signal', async () => {
  const thief = createReaper({ libc: machine.libc, isOwn: () => false });
  expect(await endsAsTheReaperLooks()).toMatchObject({ kind: 'failed' });
  thief.stop();
});

test('what the command says on stderr is no answer, and who holds its output is not waited for', async () => {
  const view = await look(script('echo oops >&2; sleep 7 & echo 30 41').store());
  expect(held(view)).toMatchObject({ state: 'released', epoch: 40 });
});
