import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leasePlace } from '../../src/host/lease-place.ts';

const isRoot = process.getuid?.() === 0;
const state = mkdtempSync(join(tmpdir(), 'djsup-place-'));
const temporary = process.env['TMPDIR'];
beforeAll(() => void (process.env['TMPDIR'] = state));
afterAll(() => {
  if (temporary === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = temporary;
  rmSync(state, { recursive: true, force: true });
});

test('a state directory that others may enter is used, and stays', () => {
  chmodSync(state, 0o711);
  const place = leasePlace(state, 'one');
  expect(place?.directory).toBe(state);
  place?.remove();
  expect(existsSync(state)).toBe(true);
});

test.skipIf(!isRoot)(
  `for root, whose services have other accounts, a closed one is not: it gets one of its own${isRoot ? '' : ', left out: needs root'}`,
  () => {
    chmodSync(state, 0o700);
    const place = leasePlace(state, 'one');
    expect(place?.directory).toBe(join(state, 'djsup-lease-one'));
    expect(statSync(place?.directory ?? '').mode & 0o777).toBe(0o711);
    expect(leasePlace(state, 'one')?.directory).toBe(place?.directory);
    place?.remove();
    expect(existsSync(join(state, 'djsup-lease-one'))).toBe(false);
  },
);

test('what somebody else has laid in its place is not used', () => {
  symlinkSync('/etc', join(state, 'djsup-lease-two'));
  const place = leasePlace(undefined, 'two');
  expect(place?.directory).toMatch(/djsup-lease-two-.+$/);
  place?.remove();
  expect(existsSync('/etc/passwd')).toBe(true);
});
