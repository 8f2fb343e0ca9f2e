import { closeSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createPipeReader } from '../../src/host/pipe-reader.ts';
import { launchOf, createMachine, loadLibc, start } from './machine.ts';
import { until } from './until.ts';

async function pipe(): Promise<{ read: number; write: number }> {
  const ends = (await loadLibc()).pipe();
  if (!ends.ok) throw new Error(ends.failure);
  return ends.value;
}

test('a flood of lines leaves turns for other work', async () => {
  const { spawner, reaper } = await createMachine();
  let turns = 0;
  let bytes = 0;
  let most = 0;
  let inTurn = 0;
  let counting = true;
  const count = (): void => {
    turns += 1;
    most = Math.max(most, inTurn);
    inTurn = 0;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  const flood = spawner.spawn(launchOf(['yes']), {
    output(chunk) {
      bytes += chunk.length;
      inTurn += chunk.length;
    },
    exited() {},
    emptied() {},
    weak() {},
  });
  if (!flood.ok) throw new Error(flood.failure);
  await until('10 MB have come', () => bytes > 10_000_000);
  flood.value.signal('group', 'SIGKILL');
  counting = false;
  reaper.stop();
  expect(most).toBeLessThanOrEqual(16 * 1024);
  expect(turns).toBeGreaterThan(500);
});

test('bytes that a line still misses its end of are not overwritten by those that follow', async () => {
  const { spawner, reaper } = await createMachine();
  const { told } = start(
    spawner,
    launchOf(['sh', '-c', 'printf abc; sleep 0.1; printf def; sleep 0.1; echo ghi']),
  );
  await until('it has ended', () => told.exit !== undefined);
  reaper.stop();
  expect(told.output).toBe('abcdefghi\n');
});

test('what lies in the pipe is told by drain(), and nothing after close()', async () => {
  const { read, write } = await pipe();
  let text = '';
  let closed = 0;
  const reader = createPipeReader(
    read,
    (bytes) => (text += bytes.toString()),
    () => (closed += 1),
  );
  writeSync(write, 'here');
  reader.drain();
  expect(text).toBe('here');
  reader.close();
  await until('it is closed', () => closed === 1);
  reader.drain();
  closeSync(write);
  expect(text).toBe('here');
});
