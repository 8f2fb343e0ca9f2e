// Addresses of databases as applications get them, and what they say about TLS: tables.
import { describe, expect, test } from 'vitest';
import { isLocal, parseDsn, placeOf, redisTls, sqlTls } from '../../../src/core/leader/dsn.ts';
import type { Dsn } from '../../../src/core/leader/dsn.ts';

function read(text: string): Dsn {
  const parsed = parseDsn('it', text);
  if (!parsed.ok) throw new Error(parsed.failure);
  return parsed.value;
}

test.each<[string, Partial<Dsn>]>([
  [
    'postgresql://u:p@h:5432/db',
    { scheme: 'postgresql', user: 'u', password: 'p', host: 'h', port: 5432, database: 'db' },
  ],
  ['postgresql://h', { user: undefined, password: undefined, port: undefined, database: undefined }],
  ['postgresql://h/', { database: undefined }],
  ['postgresql://u:@h/db', { password: '' }],
  ['postgresql://u:p%40ss%2Fw@h/db%20name', { password: 'p@ss/w', database: 'db name' }],
  ['postgresql://u:p@ss@h/db', { user: 'u', password: 'p@ss', host: 'h' }],
  ['postgresql://u:p:q@h/db', { password: 'p:q' }],
  ['postgresql://u:50%@h/db', { password: '50%' }],
  ['POSTGRESQL://H.Example/db', { scheme: 'postgresql', host: 'h.example' }],
  ['postgresql://[2001:DB8::1]:5432/db', { host: '2001:db8::1', port: 5432 }],
  ['postgresql://h/db?sslmode=require&SSL_Mode=x#f', { options: { sslmode: 'require', 'ssl-mode': 'x' } }],
  ['postgresql://u:p@/db?host=/var/run/pg', { host: '/var/run/pg', database: 'db' }],
  ['postgresql:///db', { host: 'localhost', database: 'db' }],
  ['postgresql://%2Fvar%2Frun%2Fpg/db', { host: '/var/run/pg' }],
  // An "@" after the host is one of a value, or written %40.
  [
    'postgresql://h:5432/db?user=a@b&sslmode=require',
    { host: 'h', options: { user: 'a@b', sslmode: 'require' } },
  ],
  ['postgresql://u:p@h/db?application_name=web@pod-1', { options: { 'application-name': 'web@pod-1' } }],
  [
    'mysql://u:p@h/db%40home?ssl-ca=/run/%40shop/ca',
    { database: 'db@home', options: { 'ssl-ca': '/run/@shop/ca' } },
  ],
  ['postgresql://u:7%2Fp%3Fq%23r@h/db', { user: 'u', password: '7/p?q#r', host: 'h' }],
  [' redis://:p@h:6379/2\n', { user: undefined, password: 'p', database: '2' }],
])('%s', (text, expected) => {
  expect(read(text)).toMatchObject(expected);
});

test.each([
  'postgresql://u:pass-word@a,b/db',
  'postgresql://u:pass-word@h:65536/db',
  'postgresql://u:pass-word@h:abc/db',
  'postgresql://u:pass-w/ord@h/db',
  // What is before the "/" looks like a port, or like a host.
  'postgresql://u:7/pass-word@h:1/db',
  'mysql://u:/pass-word@h/db',
  'redis://:7/pass-word@h',
  'http://u/er:pass-word@h:2379',
  'postgresql://u:7@x/pass-word@h/db',
  'postgresql://u:7?pass-word@h/db',
  'postgresql://u:7/x?pass-word@h/db?sslmode=require',
  'postgresql://u:7?a=b&pass-word=c@h/db',
  'postgresql://u:7#pass-word@h/db',
  'pass-word',
  '',
])('"%s" is refused without showing any of it', (text) => {
  const parsed = parseDsn('PostgreSQL', text);
  expect(parsed).toMatchObject({
    ok: false,
    failure: expect.stringMatching(/^cannot use the address of PostgreSQL: /),
  });
  expect(JSON.stringify(parsed)).not.toContain('pass-w');
});

test('a password that was cut is told how to be written', () => {
  expect(parseDsn('PostgreSQL', 'postgresql://app:7/Secret@127.0.0.1:1/shop')).toEqual({
    ok: false,
    failure:
      'cannot use the address of PostgreSQL: an "@" comes after a "/", "?" or "#"; in a password these are written %2F, %3F, %23, and an "@" that belongs there %40',
  });
});

test('a place shows host and port alone', () => {
  expect(placeOf(read('postgresql://u:p@h/db'), 5432)).toBe('h:5432');
  expect(placeOf(read('postgresql://[::1]:1/db'), 5432)).toBe('[::1]:1');
  expect(placeOf(read('postgresql:///db?host=/run/pg'), 5432)).toBe('/run/pg');
});

test('what does not leave the machine is known', () => {
  for (const host of ['localhost', '127.0.0.1', '127.8.8.8', '::1', '/run/pg'])
    expect(isLocal(host)).toBe(true);
  for (const host of ['db', '10.0.0.1', '2001:db8::1', 'localhost.example', '127.example'])
    expect(isLocal(host)).toBe(false);
});

describe('TLS of SQL servers', () => {
  test.each([
    ['postgresql://db/x', 'default'],
    ['postgresql://localhost/x', 'off'],
    ['postgresql://localhost/x?sslmode=verify-full', 'full'],
    ['postgresql://db/x?sslmode=disable', 'off'],
    ['postgresql://db/x?sslmode=prefer', 'try'],
    ['postgresql://db/x?sslmode=require', 'unverified'],
    ['postgresql://db/x?sslmode=require&sslrootcert=/ca', 'chain'],
    ['postgresql://db/x?sslmode=verify-ca', 'chain'],
    ['mysql://db/x?ssl-mode=VERIFY_IDENTITY', 'full'],
    ['mysql://db/x?ssl_mode=REQUIRED', 'unverified'],
    ['mysql://db/x?ssl-mode=DISABLED', 'off'],
  ])('%s: %s', (text, mode) => {
    expect(sqlTls('it', read(text))).toMatchObject({ ok: true, value: { mode } });
  });

  test('an unknown mode is refused, not ignored', () => {
    expect(sqlTls('it', read('postgresql://db/x?sslmode=verify'))).toMatchObject({ ok: false });
  });
});

test.each([
  ['redis://h', 'off'],
  ['rediss://h', 'full'],
  ['valkeys://h', 'full'],
  ['rediss://h?ssl_cert_reqs=none', 'unverified'],
  ['rediss://h?ssl_cert_reqs=required', 'full'],
  ['rediss://h?ssl_check_hostname=false', 'chain'],
])('TLS of %s: %s', (text, mode) => {
  expect(redisTls(read(text)).mode).toBe(mode);
});
