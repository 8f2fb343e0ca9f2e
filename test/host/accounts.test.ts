import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { resolveAccount } from '../../src/host/accounts.ts';

const directory = mkdtempSync(join(tmpdir(), 'djsup-accounts-'));
afterAll(() => rmSync(directory, { recursive: true }));
const files = { passwd: join(directory, 'passwd'), group: join(directory, 'group') };
writeFileSync(
  files.passwd,
  '# people\nroot:x:0:0:root:/root:/bin/sh\nbob:x:5:50:Bob:/home/bob:/bin/sh\nbroken:x:five:5::/:\n\n',
);
writeFileSync(files.group, 'root:x:0:\nstaff:x:51:bob\n');

const bob = { uid: 5, gid: 50, home: '/home/bob', user: 'bob' };

test.each([
  ['no account is none', {}, undefined],
  ['a user brings its primary group', { user: 'bob' }, bob],
  ['a known id does too', { userId: 5 }, bob],
  ['name and id that agree are one user', { user: 'bob', userId: 5 }, bob],
  ['a group replaces the primary one', { user: 'bob', group: 'staff' }, { ...bob, gid: 51 }],
  ['a group id needs no entry', { user: 'bob', groupId: 77 }, { ...bob, gid: 77 }],
  [
    'a uid that no file knows works with a group id',
    { userId: 1234, groupId: 1234 },
    { uid: 1234, gid: 1234, home: undefined, user: undefined },
  ],
] as const)('%s', (_, account, value) => {
  expect(resolveAccount(account, files)).toEqual({ ok: true, value });
});

test.each([
  ['must specify user, not just group', { group: 'staff' }],
  ['must specify user, not just group', { groupId: 51 }],
  ['user: unknown user eve', { user: 'eve' }],
  ['user: unknown user broken', { user: 'broken' }],
  [`user: unknown userid 99999; give a group-id with it, or add it to ${files.passwd}`, { userId: 99999 }],
  ['user "bob" UID (5) does not match user-id (6)', { user: 'bob', userId: 6 }],
  ['group: unknown group eve', { user: 'bob', group: 'eve' }],
  ['group "staff" GID (51) does not match group-id (52)', { user: 'bob', group: 'staff', groupId: 52 }],
])('it refuses: %s', (reason, account) => {
  expect(resolveAccount(account, files)).toEqual({ ok: false, failure: `cannot start: ${reason}` });
});

test('an image without /etc/passwd knows no names, and takes ids', () => {
  const none = { passwd: join(directory, 'no'), group: join(directory, 'no') };
  expect(resolveAccount({ user: 'bob' }, none).ok).toBe(false);
  expect(resolveAccount({ userId: 1, groupId: 2 }, none).ok).toBe(true);
});
