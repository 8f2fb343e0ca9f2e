// What a user has set for Gunicorn, and what djsup concludes from it: address, probe, time-outs.
import { describe, expect, test } from 'vitest';
import { readGunicornSettings } from '../../src/django/gunicorn-settings.ts';
import { createFakeFiles } from './fake-files.ts';

const own = '/app/gunicorn.conf.py';

function read(environment: Record<string, string>, texts: Record<string, string> = {}) {
  return readGunicornSettings(createFakeFiles({ '/app/manage.py': '', ...texts }), environment, '/app');
}

describe('Gunicorn listens', () => {
  test.each<[string, Record<string, string>, string | undefined, string[] | undefined, string | undefined]>([
    ['on all interfaces', {}, undefined, ['0.0.0.0:8000'], '127.0.0.1:8000'],
    ['on PORT', { PORT: '9000' }, undefined, ['0.0.0.0:9000'], '127.0.0.1:9000'],
    ['where an empty PORT does not count', { PORT: '' }, undefined, ['0.0.0.0:8000'], '127.0.0.1:8000'],
    [
      'on --bind',
      { GUNICORN_CMD_ARGS: '--bind=127.0.0.1:7000', PORT: 'x' },
      undefined,
      ['127.0.0.1:7000'],
      '127.0.0.1:7000',
    ],
    [
      'on several -b',
      { GUNICORN_CMD_ARGS: '-b unix:/run/a.sock -b [::]:7000' },
      undefined,
      ['unix:/run/a.sock', '[::]:7000'],
      '[::1]:7000',
    ],
    ['where the file says', {}, 'bind = "10.0.0.1:81"', ['10.0.0.1:81'], '10.0.0.1:81'],
    [
      'on PORT, as a rock has it',
      { PORT: '9000' },
      'bind = ["0.0.0.0:8000"]',
      ['0.0.0.0:9000'],
      '127.0.0.1:9000',
    ],
    [
      'where the file says, PORT or not',
      { PORT: '9000' },
      'bind = "127.0.0.1:81"',
      ['127.0.0.1:81'],
      '127.0.0.1:81',
    ],
    ['on a socket, PORT or not', { PORT: '9000' }, 'bind = "unix:/run/a"', ['unix:/run/a'], undefined],
    ['on a descriptor', { GUNICORN_CMD_ARGS: '-b fd://3' }, undefined, ['fd://3'], undefined],
    ['somewhere', {}, 'bind = f(x)', undefined, undefined],
    ['without a port', {}, 'bind = "localhost"', ['localhost'], 'localhost:8000'],
    ['with TLS', {}, 'certfile = "x"', ['0.0.0.0:8000'], undefined],
    [
      'for an application that is not WSGI',
      { GUNICORN_CMD_ARGS: '-k uvicorn.workers.UvicornWorker' },
      undefined,
      ['0.0.0.0:8000'],
      undefined,
    ],
  ])('%s', (_title, environment, text, bind, probe) => {
    const found = read(environment, text === undefined ? {} : { [own]: text });
    expect(found.settings).toMatchObject({ bind, probe });
    expect(found.problems).toEqual([]);
    // No check is left out without a word.
    expect(found.warnings.some((warning) => warning.includes('no checks'))).toBe(probe === undefined);
  });

  test('and a PORT that is not used is told', () => {
    expect(read({ PORT: '9000' }, { [own]: 'bind = "127.0.0.1:81"' }).warnings).toEqual([
      'PORT=9000 is not used, since /app/gunicorn.conf.py:1 says where to listen: 127.0.0.1:81',
    ]);
  });
});

describe("the user's configuration file", () => {
  test.each<[string, Record<string, string>, string | undefined]>([
    ['', {}, undefined],
    ['', { [own]: '' }, own],
    ['', { [own]: '', '/etc/gunicorn/config.py': '' }, '/etc/gunicorn/config.py'],
    ['', { '/gunicorn_conf.py': '' }, '/gunicorn_conf.py'],
    ['', { '/django/gunicorn.conf.py': '' }, '/django/gunicorn.conf.py'],
    ['-c conf/x.py', { [own]: '', '/app/conf/x.py': '' }, '/app/conf/x.py'],
    ['--config=file:/y.py', { [own]: '' }, '/y.py'],
    ['-c python:shop.conf', {}, 'python:shop.conf'],
  ])('with GUNICORN_CMD_ARGS=%j is found', (args, texts, config) => {
    expect(read({ GUNICORN_CMD_ARGS: args }, texts).settings.config).toBe(config);
  });

  test('that another one hides is told', () => {
    expect(read({}, { [own]: '', '/gunicorn_conf.py': '' }).warnings).toEqual([
      '"/app/gunicorn.conf.py" is not used, since "/gunicorn_conf.py" is there',
    ]);
  });

  test('and GUNICORN_CMD_ARGS give the graceful time-out', () => {
    expect(read({}).settings.gracefulTimeout).toBe(30);
    expect(read({}, { [own]: 'graceful_timeout = 90' }).settings.gracefulTimeout).toBe(90);
    expect(
      read({ GUNICORN_CMD_ARGS: '--graceful-timeout 45' }, { [own]: 'graceful_timeout = 90' }).settings
        .gracefulTimeout,
    ).toBe(45);
    expect(read({}, { [own]: 'graceful_timeout = x' }).settings.gracefulTimeout).toBe(30);
  });
});
