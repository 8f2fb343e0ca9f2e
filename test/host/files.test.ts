import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createFiles } from '../../src/host/files.ts';

const directory = mkdtempSync(join(tmpdir(), 'djsup-files-'));
afterAll(() => rmSync(directory, { recursive: true }));
const files = createFiles();

test('a replaced file holds the new text, mode 0600, and leaves nothing beside it', async () => {
  const path = join(directory, 'a', 'state');
  mkdirSync(join(directory, 'a'));
  writeFileSync(path, 'old');
  expect(await files.replace(path, 'new')).toEqual({ ok: true, value: undefined });
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(directory, 'a'))).toEqual(['state']);
});

test('writes of one path happen one after another, the last one wins', async () => {
  const path = join(directory, 'many');
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) => files.replace(path, `text ${index}`)),
  );
  expect(results.every(({ ok }) => ok)).toBe(true);
  expect(files.read(path)).toEqual({ ok: true, value: 'text 19' });
});

test('a failed write is a value, and does not stop the next', async () => {
  const path = join(directory, 'later', 'state');
  const message = `cannot write "${path}": it does not exist`;
  expect(await files.replace(path, 'x')).toEqual({ ok: false, failure: { kind: 'not-found', message } });
  mkdirSync(join(directory, 'later'));
  expect((await files.replace(path, 'x')).ok).toBe(true);
});

test('what is no regular file is not read, for it might have no end', () => {
  const message = 'cannot read "/dev/zero": it is not a regular file';
  expect(files.read('/dev/zero')).toEqual({ ok: false, failure: { kind: 'internal', message } });
});

test('a read-only file system is named', async () => {
  const path = '/proc/state';
  expect(await files.replace(path, 'x')).toMatchObject({ ok: false });
});

test('a directory is listed by code unit, links count as what they lead to', () => {
  const path = join(directory, 'list');
  mkdirSync(join(path, 'b.d'), { recursive: true });
  writeFileSync(join(path, 'a'), '');
  writeFileSync(join(path, 'B'), '');
  symlinkSync('b.d', join(path, 'c'));
  symlinkSync('nowhere', join(path, 'd'));
  expect(files.list(path)).toEqual({
    ok: true,
    value: [
      { name: 'B', directory: false },
      { name: 'a', directory: false },
      { name: 'b.d', directory: true },
      { name: 'c', directory: true },
      { name: 'd', directory: false },
    ],
  });
});

test('what is not there is not-found, what may not be read is internal', () => {
  const none = join(directory, 'none');
  expect(files.exists(none)).toBe(false);
  expect(files.read(none)).toMatchObject({
    failure: { kind: 'not-found', message: `cannot read "${none}": it does not exist` },
  });
  expect(files.list(none)).toMatchObject({ failure: { kind: 'not-found' } });
  expect(files.read(directory)).toMatchObject({
    failure: { kind: 'internal', message: `cannot read "${directory}": it is a directory` },
  });
});

test('a volatile file has the mode that was asked for', async () => {
  const path = join(directory, 'lease.json');
  expect(await files.replace(path, '{}', { mode: 0o644, volatile: true })).toMatchObject({ ok: true });
  expect(statSync(path).mode & 0o777).toBe(0o644);
  expect(readFileSync(path, 'utf8')).toBe('{}');
});
