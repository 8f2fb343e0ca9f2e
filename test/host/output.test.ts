import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, read as readCallback, readSync, rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Libc } from '../../src/host/libc.ts';
import { createOutput } from '../../src/host/output.ts';
import { loadLibc } from './machine.ts';
import { until } from './until.ts';

let libc: Libc;
const directory = mkdtempSync(join(tmpdir(), 'djsup-output-'));
beforeAll(async () => {
  libc = await loadLibc();
});
afterAll(() => rmSync(directory, { recursive: true }));

function pipe(): { read: number; write: number } {
  const ends = libc.pipe();
  if (!ends.ok) throw new Error(ends.failure);
  return ends.value;
}

/** Reads in the background to the end of the pipe, which comes once its write end is closed. */
function follow(fd: number): { text: string; readonly ended: Promise<void> } {
  const reading = { text: '', ended: Promise.resolve() };
  const buffer = Buffer.alloc(64 * 1024);
  async function readAll(): Promise<void> {
    for (;;) {
      const bytesRead = await new Promise<number>((resolve, reject) => {
        readCallback(fd, buffer, 0, buffer.length, null, (error, count) =>
          error === null ? resolve(count) : reject(error),
        );
      });
      if (bytesRead === 0) return;
      reading.text += buffer.toString('latin1', 0, bytesRead);
    }
  }
  reading.ended = readAll().finally(() => closeSync(fd));
  return reading;
}

const line = (index: number): string => `line ${String(index).padStart(6, '0')} ${'x'.repeat(80)}\n`;

test('a stalled reader never blocks a write; what is dropped is counted and said where it is missing', async () => {
  const { read, write } = pipe();
  const output = createOutput(write, { limit: 256 * 1024, gap: (lines) => `gap of ${lines}` });
  let slowest = 0;
  for (let index = 0; index < 20_000; index++) {
    const begun = performance.now();
    output.write(line(index));
    slowest = Math.max(slowest, performance.now() - begun);
    if (index % 100 === 0) await new Promise(setImmediate);
  }
  expect(slowest).toBeLessThan(100);
  const dropped = output.dropped();
  expect(dropped).toBeGreaterThan(10_000);

  const reading = follow(read);
  expect(await output.close(20_000)).toBe(true);
  closeSync(write);
  await reading.ended;
  const lines = reading.text.trimEnd().split('\n');
  expect(lines.at(-1)).toBe(`gap of ${dropped}`);
  expect(lines.slice(0, -1)).toEqual(
    Array.from({ length: 20_000 - dropped }, (_, index) => line(index).trimEnd()),
  );
});

test('after a gap, lines go on', async () => {
  const { read, write } = pipe();
  const output = createOutput(write, { limit: 100, gap: (lines) => `gap of ${lines}` });
  const reading = follow(read);
  output.write(`${'a'.repeat(90)}\n`);
  output.write(`${'b'.repeat(90)}\n`);
  output.write('c\n');
  await until('the gap was said', () => reading.text.includes('gap'));
  output.write('d\n');
  expect(await output.close(1000)).toBe(true);
  closeSync(write);
  await reading.ended;
  expect(reading.text).toBe(`${'a'.repeat(90)}\ngap of 2\nd\n`);
});

test('a reader that has gone costs nothing but the lines', async () => {
  const { read, write } = pipe();
  closeSync(read);
  const output = createOutput(write);
  output.write('a\nb\n');
  await until('the lines are given up', () => output.dropped() === 2);
  output.write('c\n');
  expect(output.dropped()).toBe(3);
  expect(await output.close(1000)).toBe(false);
  closeSync(write);
});

test('close() gives up after its time', async () => {
  const { read, write } = pipe();
  const output = createOutput(write);
  for (let index = 0; index < 5000; index++) output.write(line(index));
  expect(await output.close(50)).toBe(false);
  // Let the stuck write end before the pipe is closed under it.
  const reading = follow(read);
  await until('all is written', () => reading.text.length === 5000 * line(0).length);
  closeSync(write);
  await reading.ended;
});

test('a descriptor that somebody made non-blocking is tried again until it takes all', async () => {
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const read = openSync(fifo, 0o4000 /* O_RDONLY | O_NONBLOCK */);
  const write = openSync(fifo, 0o4001 /* O_WRONLY | O_NONBLOCK */);
  const output = createOutput(write);
  const expected = Array.from({ length: 3000 }, (_, index) => line(index)).join('');
  output.write(expected);
  let text = '';
  const buffer = Buffer.alloc(64 * 1024);
  await until('all is read', () => {
    try {
      text += buffer.toString('latin1', 0, readSync(read, buffer));
    } catch {
      // EAGAIN: nothing is there yet.
    }
    return text.length >= expected.length;
  });
  expect(text).toBe(expected);
  expect(await output.close(1000)).toBe(true);
  closeSync(read);
  closeSync(write);
});

test('a process whose stdout is stalled still beats, and ends at once with its code', async () => {
  const fixture = join(import.meta.dirname, 'fixtures/stalled.ts');
  const child = spawn(process.execPath, [fixture], { stdio: ['ignore', 'pipe', 'pipe'] });
  let beats = '';
  child.stderr.on('data', (bytes: Buffer) => (beats += bytes.toString()));
  // Nobody reads its stdout.
  const begun = performance.now();
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect(beats).toContain('still here');
  expect(code).toBe(11);
  expect(performance.now() - begun).toBeLessThan(10_000);
  child.stdout.destroy();
});

test('planted fault: process.stdout keeps all that a stalled reader does not take', async () => {
  const source = `for (let i = 0; i < 50000; i++) process.stdout.write('x'.repeat(100));
    process.stderr.write(String(process.stdout.writableLength), () => process.reallyExit(0));`;
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'pipe'] });
  let queued = '';
  child.stderr.on('data', (bytes: Buffer) => (queued += bytes.toString()));
  await new Promise((resolve) => child.once('exit', resolve));
  await until('it told', () => queued !== '');
  expect(Number(queued)).toBeGreaterThan(2 * 1024 * 1024);
  child.stdout.destroy();
});
