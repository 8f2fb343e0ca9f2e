import { expect, test } from 'vitest';
import { refused, sync } from '../wire/fake-server.ts';
import { djsup, djsupAgainst } from './harness.ts';

const gained = {
  id: '3',
  'user-id': null,
  type: 'custom',
  key: 'djsup.dev/leader-gained',
  'first-occurred': '2026-11-20T10:00:00.2Z',
  'last-occurred': '2026-11-20T11:00:00Z',
  'last-repeated': '2026-11-20T11:00:00Z',
  occurrences: 2,
  'last-data': { group: 'schedulers' },
  'expire-after': '168h0m0s',
};
const own = { ...gained, id: '4', 'user-id': 42, key: 'example.com/a-key-of-more-than-32-bytes' };
const notices = (...list: readonly unknown[]) => ({ 'GET /v1/notices': sync(list) });

test('notices lists them, long keys shortened in the middle', async () => {
  const result = await djsupAgainst(notices(gained, own), ['notices']);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  expect(result.asked[0]?.url).toBe('/v1/notices');
  expect(result.stdout).toBe(
    `ID   User    Type    Key                               First               Repeated            Occurrences
3    public  custom  djsup.dev/leader-gained           today at 10:00 UTC  today at 11:00 UTC  2
4    42      custom  example.com/a-...e-than-32-bytes  today at 10:00 UTC  today at 11:00 UTC  2
`,
  );
});

test('notices passes on what to list, each option as often as it is given', async () => {
  const words = [
    '--users=all',
    '--type=custom',
    '--type',
    'warning',
    '--key=a.b/c',
    '--key=1',
    '--timeout=2s',
  ];
  const { asked, stdout } = await djsupAgainst(notices(gained), ['notices', ...words, '--format=json']);
  expect(asked[0]?.url).toBe('/v1/notices?users=all&types=custom%2Cwarning&keys=a.b%2Fc%2C1&timeout=2s');
  expect(JSON.parse(stdout)).toEqual({ notices: [gained] });
  const uid = await djsupAgainst(notices(gained), ['notices', '--uid=42']);
  expect(uid.asked[0]?.url).toBe('/v1/notices?user-id=42');
});

test('notices says that there are none, and for how long it has waited', async () => {
  expect(await djsupAgainst(notices(), ['notices'])).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'No matching notices.\n',
  });
  expect((await djsupAgainst(notices(), ['notices', '--timeout=300ms'])).stderr).toBe(
    'No matching notices after waiting 300ms.\n',
  );
  expect((await djsup(['notices', '--timeout=zz'])).stderr).toMatch(/^error: cannot use --timeout: invalid/);
});

test('notice shows one by its id', async () => {
  const result = await djsupAgainst({ 'GET /v1/notices/3': sync(gained) }, ['notice', '3']);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  expect(result.stdout).toContain('id: "3"\nuser-id: null\ntype: custom\nkey: djsup.dev/leader-gained\n');
  expect(result.stdout).toContain('last-data:\n    group: schedulers\n');
});

test('notice shows one by type and key, and one of a user before a public one', async () => {
  const words = ['notice', 'custom', 'a.b/c', '--format=json'];
  const result = await djsupAgainst(notices(gained, own), words);
  expect(result.asked[0]?.url).toBe('/v1/notices?types=custom&keys=a.b%2Fc');
  expect(JSON.parse(result.stdout)).toEqual(own);
  expect(await djsupAgainst(notices(), words)).toMatchObject({
    code: 1,
    stderr: 'error: cannot find custom notice with key "a.b/c"\n',
  });
});

test('notice refuses what is no id, and a user beside an id', async () => {
  expect((await djsup(['notice', 'a.b/c'])).stderr).toBe('error: invalid notice ID "a.b/c"\n');
  expect((await djsup(['notice', '3', '--uid=1'])).stderr).toBe(
    'error: cannot use --uid with an id, only with a type and a key\n',
  );
});

test('notify records a notice with its data', async () => {
  const words = ['notify', 'a.b/c', 'x=y=z', 'e=', '--repeat-after=1h'];
  const result = await djsupAgainst({ 'POST /v1/notices': sync({ id: '21' }) }, words);
  expect(result).toMatchObject({ code: 0, stdout: 'Recorded notice 21\n', stderr: '' });
  expect(JSON.parse(result.asked[0]?.body ?? '')).toEqual({
    action: 'add',
    type: 'custom',
    key: 'a.b/c',
    'repeat-after': '1h',
    data: { x: 'y=z', e: '' },
  });
});

test('notify says what it cannot take', async () => {
  expect((await djsup(['notify', 'a.b/c', 'x'])).stderr).toBe(
    'error: data args must be in "name=value" format, not "x"\n',
  );
  const refusal = { 'POST /v1/notices': refused(400, 'invalid key "x"') };
  expect(await djsupAgainst(refusal, ['notify', 'x'])).toMatchObject({
    code: 1,
    stderr: 'error: invalid key "x"\n',
  });
});
