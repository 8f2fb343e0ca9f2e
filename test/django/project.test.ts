// Detection of whole projects: layouts, names, dependencies, and errors that list what was looked for.
import { describe, expect, test } from 'vitest';
import { describeFacts, describeFailure, detectionData } from '../../src/django/describe.ts';
import { detectProject } from '../../src/django/project.ts';
import { createFakeFiles } from './fake-files.ts';

const wsgi = 'from django.core.wsgi import get_wsgi_application\n\napplication = get_wsgi_application()\n';
const python = { '/usr/bin/python3': '' };
const path = { PATH: '/usr/bin' };

function detect(
  texts: Record<string, string>,
  environment: Record<string, string> = {},
  directory = '/django/app',
  options = { wsgi: true },
) {
  return detectProject(
    createFakeFiles({ ...python, ...texts }),
    { ...path, ...environment },
    directory,
    options,
  );
}

function facts(...given: Parameters<typeof detect>) {
  const found = detect(...given);
  if (!found.ok) throw new Error(describeFailure(found.failure));
  return found.value;
}

function failure(...given: Parameters<typeof detect>) {
  const found = detect(...given);
  if (found.ok) throw new Error('it was found');
  return found.failure;
}

const image = {
  '/django/app/requirements.txt': 'Django~=5.2\n',
  '/django/app/manage.py': '',
  '/django/app/mysite/wsgi.py': wsgi,
};

describe('the project', () => {
  test('of an image is found with where each fact came from', () => {
    expect(facts(image)).toMatchObject({
      root: '/django/app',
      appDir: '/django/app',
      name: 'mysite',
      wsgi: 'mysite.wsgi:application',
      managePy: '/django/app/manage.py',
      workerClass: 'sync',
      python: '/usr/bin/python3',
      requirementFiles: ['/django/app/requirements.txt'],
      warnings: [],
      evidence: [
        { fact: 'project', value: 'mysite', source: 'the only package with a wsgi.py in /django/app' },
        { fact: 'wsgi', value: 'mysite.wsgi:application', source: '/django/app/mysite/wsgi.py:3' },
        { fact: 'python', value: '/usr/bin/python3', source: 'PATH' },
        { fact: 'django', value: 'declared', source: '/django/app/requirements.txt:1' },
        { fact: 'address', value: '0.0.0.0:8000', source: 'default' },
        { fact: 'worker class', value: 'sync', source: 'gevent is not among the dependencies' },
        { fact: 'manage.py', value: '/django/app/manage.py', source: 'file' },
      ],
    });
  });

  const requirements = { '/w/foo-bar/requirements.txt': 'django' };
  test.each<[string, Record<string, string>, Record<string, string>, string, string]>([
    [
      'by the directory, - to _',
      { '/w/foo-bar/foo_bar/wsgi.py': wsgi, '/w/foo-bar/other/wsgi.py': wsgi },
      {},
      '/w/foo-bar',
      'foo_bar',
    ],
    [
      "by the directory, in a rock's project",
      { '/w/foo-bar/foo_bar/foo_bar/wsgi.py': wsgi },
      {},
      '/w/foo-bar/foo_bar',
      'foo_bar',
    ],
    [
      "by mysite, in a rock's project",
      { '/w/foo-bar/foo_bar/mysite/wsgi.py': wsgi },
      {},
      '/w/foo-bar/foo_bar',
      'mysite',
    ],
    [
      'by mysite, where the first wsgi.py binds nothing',
      { '/w/foo-bar/foo_bar/foo_bar/wsgi.py': 'app = 1', '/w/foo-bar/foo_bar/mysite/wsgi.py': wsgi },
      {},
      '/w/foo-bar/foo_bar',
      'mysite',
    ],
    [
      'by DJSUP_PROJECT',
      { '/w/foo-bar/a_b/wsgi.py': wsgi, '/w/foo-bar/foo_bar/wsgi.py': wsgi },
      { DJSUP_PROJECT: 'a-b' },
      '/w/foo-bar',
      'a_b',
    ],
    [
      'by DJANGO_SETTINGS_MODULE',
      { '/w/foo-bar/config/wsgi.py': wsgi, '/w/foo-bar/foo_bar/wsgi.py': wsgi },
      { DJANGO_SETTINGS_MODULE: 'config.settings.production' },
      '/w/foo-bar',
      'config',
    ],
    [
      'by DJANGO_SETTINGS_MODULE, nested',
      { '/w/foo-bar/src/site/wsgi.py': wsgi },
      { DJANGO_SETTINGS_MODULE: 'src.site.settings' },
      '/w/foo-bar',
      'src.site',
    ],
    [
      'by being the only one',
      { '/w/foo-bar/Shop/wsgi.py': wsgi, '/w/foo-bar/old/wsgi.py': 'x = 1' },
      {},
      '/w/foo-bar',
      'Shop',
    ],
    [
      'by being the only one a level down',
      { '/w/foo-bar/shop/shop/wsgi.py': wsgi },
      {},
      '/w/foo-bar/shop',
      'shop',
    ],
  ])('is found %s', (_title, texts, environment, appDir, name) => {
    expect(facts({ ...requirements, ...texts }, environment, '/w/foo-bar')).toMatchObject({
      appDir,
      name,
      wsgi: `${name}.wsgi:application`,
    });
  });

  test('may have manage.py in either place, or none', () => {
    const rest = { '/django/app/requirements.txt': 'django', '/django/app/mysite/wsgi.py': wsgi };
    expect(facts({ ...rest, '/django/app/mysite/manage.py': '' }).managePy).toBe(
      '/django/app/mysite/manage.py',
    );
    expect(facts(rest).managePy).toBeUndefined();
  });

  test('by a DJSUP_PROJECT that is not there falls back to mysite and says so', () => {
    expect(facts(image, { DJSUP_PROJECT: 'shop' })).toMatchObject({
      name: 'mysite',
      warnings: ['DJSUP_PROJECT=shop: "/django/app/mysite/wsgi.py" is used in its stead'],
    });
  });

  test('that a user starts with a command of their own needs no WSGI module', () => {
    const { '/django/app/mysite/wsgi.py': _, ...rest } = image;
    expect(facts(rest, {}, '/django/app', { wsgi: false })).toMatchObject({
      name: undefined,
      wsgi: undefined,
    });
  });
});

describe('workers are', () => {
  const site = '/v/lib/python3.12/site-packages';
  const venv = {
    '/v/bin/python3': '',
    '/v/pyvenv.cfg': '',
    [`${site}/django/x`]: '',
    [`${site}/gunicorn/x`]: '',
  };
  const grouped = { '/django/app/pyproject.toml': '[dependency-groups]\nload = ["gevent"]\n' };
  test.each<[string, Record<string, string>, Record<string, string>, string]>([
    ['gevent in requirements.txt', { '/django/app/requirements.txt': 'django\ngevent' }, {}, 'gevent'],
    [
      'gevent by an extra of gunicorn',
      { '/django/app/requirements.txt': 'django\ngunicorn[gevent]' },
      {},
      'gevent',
    ],
    [
      'gevent by pyproject.toml',
      { '/django/app/pyproject.toml': '[project]\ndependencies = ["gevent"]\n' },
      {},
      'gevent',
    ],
    ['gevent by a dependency group', grouped, {}, 'gevent'],
    [
      'sync by a dependency group that is not installed',
      { ...grouped, ...venv },
      { VIRTUAL_ENV: '/v' },
      'sync',
    ],
    [
      'sync by a marker',
      { '/django/app/requirements.txt': 'django\ngevent; sys_platform == "win32"' },
      {},
      'sync',
    ],
    [
      'gthread by GUNICORN_CMD_ARGS',
      { '/django/app/requirements.txt': 'django\ngevent' },
      { GUNICORN_CMD_ARGS: '-k gthread' },
      'gthread',
    ],
    [
      'gthread by a configuration file',
      { '/django/gunicorn.conf.py': 'worker_class = "gthread"' },
      {},
      'gthread',
    ],
  ])('%s', (_title, texts, environment, workerClass) => {
    expect(facts({ ...image, ...texts }, environment).workerClass).toBe(workerClass);
  });
});

describe('a project that cannot run', () => {
  test('gets all reasons at once, each with what was looked for', () => {
    expect(failure({ '/usr/bin/python3': '', '/django/app/readme': '' }).problems).toEqual([
      {
        message: expect.stringMatching(
          /^cannot find the project: unable to locate a wsgi\.py in "\/django\/app"/,
        ),
        lookedFor: [
          '/django/app/app/wsgi.py: no such file',
          '/django/app/app/app/wsgi.py: no such file',
          '/django/app/app/mysite/wsgi.py: no such file',
          '/django/app/*/wsgi.py: none binds "application"',
        ],
      },
      {
        message: expect.stringMatching(/^cannot find a requirements file in "\/django\/app"/),
        lookedFor: ['/django/app/requirements.txt', '/django/app/pyproject.toml'],
      },
    ]);
  });

  const site = '/v/lib/python3.12/site-packages';
  test.each<[string, Record<string, string>, Record<string, string>, RegExp, RegExp]>([
    [
      'without Django',
      { '/django/app/requirements.txt': 'djangorestframework\nflask' },
      {},
      /cannot find Django/,
      /requirements\.txt$/,
    ],
    [
      'with two projects',
      { '/django/app/shop/wsgi.py': wsgi },
      {},
      /several WSGI modules; set DJSUP_PROJECT/,
      /mysite\/wsgi\.py,.*shop\/wsgi\.py/,
    ],
    [
      'with a wsgi.py that binds nothing',
      { '/django/app/mysite/wsgi.py': 'def f():\n  application = 1' },
      {},
      /unable to locate/,
      /mysite\/wsgi\.py: line 2 mentions/,
    ],
    [
      'with a broken -r',
      { '/django/app/requirements.txt': 'django\n-r gone.txt' },
      {},
      /requirements\.txt:2: cannot read/,
      /^$/,
    ],
    [
      'with a broken pyproject.toml',
      { '/django/app/pyproject.toml': '[' },
      {},
      /pyproject\.toml:1:\d+: cannot be read/,
      /^$/,
    ],
    [
      'with a PORT that is none',
      {},
      { PORT: 'tcp://10.0.0.1:80' },
      /cannot listen on PORT="tcp:\/\/10/,
      /^$/,
    ],
    ['with PORT=0', {}, { PORT: '0' }, /from 1 to 65535/, /^$/],
    [
      'with an open quote in GUNICORN_CMD_ARGS',
      {},
      { GUNICORN_CMD_ARGS: "--bind '" },
      /cannot read GUNICORN_CMD_ARGS/,
      /^$/,
    ],
    ['without Python', {}, { PATH: '/nowhere' }, /cannot find python3/, /\/nowhere\/python3$/],
    [
      'without Gunicorn',
      { '/v/bin/python3': '', '/v/pyvenv.cfg': '', [`${site}/django/x`]: '' },
      { VIRTUAL_ENV: '/v' },
      /cannot find Gunicorn for "\/v\/bin\/python3"/,
      /^$/,
    ],
  ])('%s', (_title, texts, environment, message, lookedFor) => {
    const { problems } = failure({ ...image, ...texts }, environment);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toMatch(message);
    expect(problems[0]?.lookedFor.join(', ')).toMatch(lookedFor);
  });
});

describe('the description', () => {
  test('tells facts, sources, warnings and the layer', () => {
    const found = facts(image, { WEB_CONCURRENCY: '0' });
    const text = describeFacts(found, 'services:\n  django: {}\n');
    expect(text).toContain('  wsgi          mysite.wsgi:application  (/django/app/mysite/wsgi.py:3)\n');
    expect(text).toContain('Warnings:\n  WEB_CONCURRENCY=0');
    expect(text).toMatch(/would run:\n {2}services:\n {4}django: \{\}\n$/);
    expect(detectionData({ ok: true, value: found }, 'x')).toMatchObject({
      ok: true,
      name: 'mysite',
      layer: 'x',
    });
  });

  test('tells what is missing', () => {
    const found = failure({});
    expect(describeFailure(found)).toMatch(
      /^No Django project that can run in \/django\/app:\n {2}cannot find the project/,
    );
    expect(detectionData({ ok: false, failure: found }, undefined)).toMatchObject({
      ok: false,
      root: '/django/app',
    });
  });
});
