// Which Python, and what is installed for it, from files alone; "not installed" only where that is certain.
import { describe, expect, test } from 'vitest';
import { findPython, isInstalled, pythonVersion } from '../../src/django/interpreter.ts';
import { createFakeFiles } from './fake-files.ts';

const site = '/v/lib/python3.12/site-packages';
const venv = {
  '/v/bin/python3': '',
  '/v/pyvenv.cfg': 'home = /usr/bin\ninclude-system-site-packages = false\n',
  [`${site}/pip/x`]: '',
};
const image = {
  '/usr/local/bin/python3': '',
  '/usr/local/lib/python3.12/os.py': '',
  '/usr/local/lib/python3.12/site-packages/pip/x': '',
};

describe('the interpreter', () => {
  const all = {
    '/act/bin/python3': '',
    '/p/.venv/bin/python3': '',
    '/p/venv/bin/python3': '',
    '/b/python3': '',
  };
  test.each([
    ['VIRTUAL_ENV', '/act/bin/python3', all],
    [
      '.venv in the project',
      '/p/.venv/bin/python3',
      { '/p/.venv/bin/python3': '', '/p/venv/bin/python3': '', '/b/python3': '' },
    ],
    ['venv in the project', '/p/venv/bin/python3', { '/p/venv/bin/python3': '', '/b/python3': '' }],
    ['PATH', '/b/python3', { '/b/python3': '' }],
  ])('comes from %s', (source, path, texts) => {
    const environment = { VIRTUAL_ENV: '/act', PATH: 'relative:/a:/b' };
    expect(findPython(createFakeFiles(texts), environment, '/p').found).toEqual({ path, source });
  });

  test('that is nowhere leaves the list of places', () => {
    expect(findPython(createFakeFiles({}), { PATH: '/a' }, '/p')).toEqual({
      found: undefined,
      lookedFor: ['/p/.venv/bin/python3', '/p/venv/bin/python3', '/a/python3'],
    });
  });

  test('has a version where its tree names one', () => {
    expect(pythonVersion(createFakeFiles(venv), '/v/bin/python3')).toBe('3.12');
    expect(
      pythonVersion(
        createFakeFiles({ ...image, '/usr/local/lib/python3.11/os.py': '' }),
        '/usr/local/bin/python3',
      ),
    ).toBeUndefined();
    expect(pythonVersion(createFakeFiles({}), '/shims/python3')).toBeUndefined();
  });
});

describe('gevent', () => {
  const pth = `${site}/x.pth`;
  test.each<[string, Record<string, string>, string, Record<string, string>, boolean | undefined]>([
    ['in a virtual environment', { ...venv, [`${site}/gevent/x`]: '' }, '/v', {}, true],
    ['by its metadata', { ...venv, [`${site}/Gevent-25.9.1.dist-info/METADATA`]: '' }, '/v', {}, true],
    ['not in a virtual environment', venv, '/v', {}, false],
    ['but a package of a similar name', { ...venv, [`${site}/gevent_x-1.dist-info/M`]: '' }, '/v', {}, false],
    [
      'perhaps in the system',
      { ...venv, '/v/pyvenv.cfg': 'include-system-site-packages = true' },
      '/v',
      {},
      undefined,
    ],
    ['perhaps where a .pth leads', { ...venv, [pth]: '/elsewhere\n' }, '/v', {}, undefined],
    ['not by a .pth of code', { ...venv, [pth]: 'import _virtualenv\n' }, '/v', {}, false],
    ['on PYTHONPATH', { ...venv, '/extra/gevent/x': '' }, '/v', { PYTHONPATH: '/extra' }, true],
    ['not on PYTHONPATH', { ...venv, '/extra/y': '' }, '/v', { PYTHONPATH: '/extra:/gone' }, false],
    [
      'perhaps in a zip file on PYTHONPATH',
      { ...venv, '/extra.zip': '' },
      '/v',
      { PYTHONPATH: '/extra.zip' },
      undefined,
    ],
    ['perhaps at a PYTHONHOME', venv, '/v', { PYTHONHOME: '/h' }, undefined],
    ['not in an image', image, '/usr/local', {}, false],
    [
      'in an image',
      { ...image, '/usr/local/lib/python3.12/site-packages/gevent/x': '' },
      '/usr/local',
      {},
      true,
    ],
    [
      'at home',
      { ...image, '/h/.local/lib/python3.12/site-packages/gevent/x': '' },
      '/usr/local',
      { HOME: '/h' },
      true,
    ],
    [
      'for one of two versions',
      {
        ...image,
        '/usr/local/lib/python3.13/os.py': '',
        '/usr/local/lib/python3.13/site-packages/gevent/x': '',
      },
      '/usr/local',
      {},
      undefined,
    ],
    ['behind a shim', { '/shims/bin/python3': '' }, '/shims', {}, undefined],
    [
      "in Debian's place",
      {
        '/usr/bin/python3': '',
        '/usr/lib/python3.13/os.py': '',
        '/usr/lib/python3/dist-packages/gevent/x': '',
      },
      '/usr',
      {},
      true,
    ],
  ])('%s', (_title, texts, prefix, environment, expected) => {
    expect(isInstalled(createFakeFiles(texts), `${prefix}/bin/python3`, 'gevent', environment)).toBe(
      expected,
    );
  });
});
