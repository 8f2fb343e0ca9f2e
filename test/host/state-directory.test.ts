import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openStateDirectory } from '../../src/host/state-directory.ts';

const place = mkdtempSync(join(tmpdir(), 'djsup-state-'));
afterAll(() => rmSync(place, { recursive: true }));

function open(directory: string, changes: Partial<Parameters<typeof openStateDirectory>[0]> = {}) {
  const plain = { variable: 'DJSUP', create: true, template: undefined, memoryOnly: false };
  return openStateDirectory({ directory, ...plain, ...changes });
}

test('is made with all above it, for its owner alone', () => {
  const directory = join(place, 'a/b/c');
  expect(open(directory)).toMatchObject({ ok: true, value: { writable: true, note: undefined } });
  for (const one of ['a', 'a/b', 'a/b/c']) expect(statSync(join(place, one)).mode & 0o777).toBe(0o700);
  expect(open(directory)).toMatchObject({ ok: true, value: { writable: true } });
});

test('where no directory can be made, state stays in memory, and it is said unless nobody expects more', () => {
  const note = 'cannot read and write in directory "/proc/1/x/y" (ENOENT): changes are kept in memory only';
  expect(open('/proc/1/x/y')).toMatchObject({ ok: true, value: { writable: false, note } });
  const quiet = open('/proc/1/x/y', { memoryOnly: true });
  expect(quiet).toMatchObject({ ok: true, value: { writable: false, note: undefined } });
});

test('a file in its place, or above it, is refused, and so is a path that is not absolute', () => {
  const file = join(place, 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'below')]) {
    const message = `"${path}" is not a directory`;
    expect(open(path)).toMatchObject({ ok: false, failure: { message } });
  }
  expect(open('here')).toMatchObject({
    ok: false,
    failure: { message: 'directory "here" must be absolute' },
  });
});

test('one that is missing and shall not be made is refused with the ways out', () => {
  const missing = join(place, 'missing');
  const message = `directory "${missing}" does not exist; create it, use --create-dirs, or set DJSUP to another`;
  expect(open(missing, { create: false })).toMatchObject({ ok: false, failure: { message } });
});

test('an empty one is filled from its template once', () => {
  const template = join(place, 'template');
  mkdirSync(join(template, 'layers'), { recursive: true });
  writeFileSync(join(template, 'layers/001-one.yaml'), 'one');
  const directory = join(place, 'filled');
  open(directory, { template });
  expect(readFileSync(join(directory, 'layers/001-one.yaml'), 'utf8')).toBe('one');
  writeFileSync(join(template, 'layers/001-one.yaml'), 'two');
  open(directory, { template });
  expect(readFileSync(join(directory, 'layers/001-one.yaml'), 'utf8')).toBe('one');
});
