// Requirements by the truth table of the facts, row by row; pyproject.toml; markers.
import { describe, expect, test } from 'vitest';
import { refuse } from '../../src/core/result.ts';
import { evaluateMarker, markerEnvironment, parseMarker } from '../../src/django/marker.ts';
import { readPyproject } from '../../src/django/pyproject.ts';
import { normaliseName, parseRequirement, wheelName } from '../../src/django/requirement.ts';
import { readRequirements } from '../../src/django/requirements.ts';
import { createFakeFiles } from './fake-files.ts';

const known = markerEnvironment('3.12');

function read(text: string, others: Record<string, string> = {}) {
  const found = readRequirements(
    createFakeFiles({ '/p/requirements.txt': text, ...others }),
    '/p/requirements.txt',
    known,
  );
  return { ...found, names: found.declared.map(({ name }) => name) };
}

describe('a line of requirements.txt', () => {
  test.each([
    'Django',
    'django==5.2',
    'Django>=4.2,<6',
    'django~=5.2',
    'django===5.2',
    'django (>=5)',
    'django>=5,',

    '   django  ',
    '\tdjango==5.2 ',
    'django[argon2]~=5.2',
    'django [argon2, bcrypt] >= 5',
    'django==5.*',

    'django @ git+https://host/django.git',
    'django @ https://host/x.whl',
    'django==${V}',
    'django==5.2 # lts',
    'git+https://host/x.git#egg=Django',
    '-e git+https://host/x.git@main#egg=Django&subdirectory=a',
    './wheels/Django-5.2-py3-none-any.whl',
    'https://host/Django-5.2-py3-none-any.whl#sha256=00',
    'https://host/a/django-5.2%2Bl-py3-none-any.whl',
    '--editable=git+https://host/x#egg=django',

    'django; python_version >= "3.8"',
    "django>=5;sys_platform=='linux' and os_name=='posix'",
    '\uFEFFDjango',
  ])('%j declares django alone', (line) => {
    const found = read(line);
    expect(found.names).toEqual(['django']);
    expect(found.warnings).toEqual([]);
  });

  test.each([
    ['GEVENT', ['gevent']],
    ['gunicorn[gevent]', ['gunicorn', 'gevent']],
    ['gunicorn[gevent,setproctitle]==23.0', ['gunicorn', 'gevent', 'setproctitle']],
    ['celery[gevent]', ['celery']],
    ['gevent; python_version<"3"', []],
    ['gevent # async', ['gevent']],
    ['gevent==25.9 --hash=sha256:00 --hash=sha256:11', ['gevent']],
    ['gevent \\\n  ==25.9 \\\n  --hash=sha256:00\ndjango', ['gevent', 'django']],
    ['gevent \\\r\n==25.9\r\ndjango', ['gevent', 'django']],
    ['gevent\\', ['gevent']],
    ['Django_Rest.Framework', ['django-rest-framework']],
    ['djangorestframework\ndjango-environ', ['djangorestframework', 'django-environ']],
  ])('%j declares %j', (text, names) => {
    expect(read(text)).toMatchObject({ names, warnings: [], problems: [] });
  });

  test.each([
    '',
    '# django',
    '   # django',
    '--index-url https://host/django',
    '--pre',
    '-c constraints.txt',
    '-e .',
    './django',
    '-f dir',
    'git+https://host/django.git',
    '--constraint=c.txt',
  ])('%j is passed over without a word', (line) => {
    expect(read(line)).toMatchObject({ names: [], warnings: [], problems: [] });
  });

  test.each([
    'django=5.2',
    'django 5.2',
    'django~=5',
    'django;',
    'gevent#x',
    '${DJANGO}',
    'django; nonsense == "1"',
    'django[',
    'django>=',
    'django @',
  ])('%j is invalid and warned about with its line', (line) => {
    const found = read(`\n\n${line}`);
    expect(found.names).toEqual([]);
    expect(found.warnings).toEqual([
      expect.stringMatching(/^\/p\/requirements\.txt:3: .*is not a valid requirement/),
    ]);
  });

  test('a marker that hangs on what is not known is taken, with a warning', () => {
    const found = read('gevent; platform_machine == "x86_64"');
    expect(found.names).toEqual(['gevent']);
    expect(found.warnings).toEqual([
      expect.stringContaining('/p/requirements.txt:1: the marker of "gevent"'),
    ]);
  });
});

describe('-r', () => {
  test.each([
    '-r base.txt',
    '--requirement base.txt',
    '-rbase.txt',
    '--requirement=base.txt',
    '-r "base.txt"',
    '-r base.txt # x',
  ])('%j is followed', (line) => {
    expect(read(line, { '/p/base.txt': '\ndjango' }).declared).toEqual([
      { name: 'django', source: { file: '/p/base.txt', line: 2 }, group: undefined },
    ]);
  });

  test('is relative to the file that includes, and loops end', () => {
    const found = read('-r sub/a.txt\ngevent', {
      '/p/sub/a.txt': '-r ../b.txt\n-r a.txt\n-r ../requirements.txt',
      '/p/b.txt': 'django\n-r sub/a.txt',
    });
    expect(found).toMatchObject({
      names: ['django', 'gevent'],
      files: ['/p/requirements.txt', '/p/sub/a.txt', '/p/b.txt'],
      problems: [],
    });
  });

  test('of a missing file is an error that names the file and the line', () => {
    expect(read('django\n-r gone.txt').problems).toEqual([
      '/p/requirements.txt:2: cannot read "/p/gone.txt"; create it, or take "-r gone.txt" out',
    ]);
  });

  test('of a file that cannot be read says why not', () => {
    const files = createFakeFiles({ '/p/requirements.txt': 'django' });
    const failing = {
      ...files,
      read: (path: string) => refuse('internal', `cannot read "${path}": permission denied`),
    };
    expect(readRequirements(failing, '/p/requirements.txt', known).problems).toEqual([
      'cannot read "/p/requirements.txt": permission denied; make it a file that djsup may read',
    ]);
  });

  test('of a file in UTF-16 says so', () => {
    const { problems } = read(Buffer.from('django\n', 'utf16le').toString('utf8'));
    expect(problems).toEqual([
      '"/p/requirements.txt" is not UTF-8 (PowerShell\'s ">" writes UTF-16): save it as UTF-8',
    ]);
  });

  test('of a URL or a variable is told and not followed', () => {
    expect(read('-r https://host/r.txt\n-r ${X}.txt')).toMatchObject({
      problems: [],
      warnings: [expect.any(String), expect.any(String)],
    });
  });
});

describe('pyproject.toml', () => {
  const path = '/p/pyproject.toml';
  const pyproject = (text: string) => readPyproject(createFakeFiles({ [path]: text }), path, known);

  test('tells dependencies and groups apart, with their lines', () => {
    const found = pyproject(
      '[project]\nname = "x"\ndependencies = [\n  "Django>=5",\n  "gunicorn[gevent]; python_version < \'3\'",\n  "broken==",\n]\n' +
        "[project.optional-dependencies]\nall = ['gevent']\n[dependency-groups]\nbase = ['psycopg']\ndev = ['gevent', {include-group = 'Base'}, {include-group = 'none'}]\n",
    );
    expect(found.declared).toEqual([
      { name: 'django', source: { file: path, line: 4 }, group: undefined },
      { name: 'psycopg', source: { file: path, line: 11 }, group: 'base' },
      { name: 'gevent', source: { file: path, line: 12 }, group: 'dev' },
    ]);
    expect(found.warnings).toEqual([
      `${path}:6: "broken==" is not a valid requirement (PEP 508) and is left out`,
      `${path}: dependency group "dev" includes "none", which is no group`,
    ]);
  });

  test('that is not TOML is an error with line and column', () => {
    expect(pyproject('[project]\ndependencies = [').problems).toEqual([
      expect.stringMatching(/^\/p\/pyproject\.toml:2:\d+: cannot be read as TOML: /),
    ]);
  });

  test.each([
    '',
    '[project]\ndependencies = "django"',
    '[tool.poetry.dependencies]\ndjango = "*"',
    'project = 1',
  ])('%j declares nothing', (text) => {
    expect(pyproject(text)).toMatchObject({ declared: [], problems: [] });
  });
});

describe('names', () => {
  test('are normalised by PEP 503', () => {
    expect(['Django', 'a.-_b', 'A__B'].map(normaliseName)).toEqual(['django', 'a-b', 'a-b']);
    expect(parseRequirement('X_Y[A.B]')).toMatchObject({ name: 'x-y', extras: ['a-b'] });
  });

  test('of wheels come from the file name, and only of wheels', () => {
    expect(wheelName('/a/Foo_Bar-1.0-1-cp312-cp312-linux_x86_64.whl')).toBe('foo-bar');
    expect(wheelName('Django-5.2.tar.gz')).toBeUndefined();
  });
});

describe('a marker', () => {
  test.each([
    ['python_version >= "3.8"', true],
    ['python_version < "3.9"', false],
    ["'3.10' <= python_version", true],
    ['python_version in "3.11 3.12"', true],
    ['python_version not in "3.11"', true],
    ['sys_platform == "win32" or os.name == "posix"', true],
    ['sys_platform == "win32" and platform_machine == "arm"', false],
    ['sys_platform == "linux" or platform_machine == "arm"', true],
    ['(sys_platform == "linux" and (os_name == "nt" or extra == ""))', true],
    ['extra == "test"', false],
    ['platform_machine == "arm"', undefined],
    ['python_full_version >= "3.12.1"', undefined],
    ['python_version ~= "3.11"', true],
    ['python_version == "3.*"', true],
  ])('%s is %s', (text, expected) => {
    const marker = parseMarker(text);
    expect(marker).toBeDefined();
    expect(marker && evaluateMarker(marker, known)).toBe(expected);
  });

  test.each([
    '',
    'python_version',
    '"a" == "b"',
    'python_version >= 3',
    'x == "1"',
    'os_name == "a" and',
    '(os_name == "a"',
    'os_name == "a")',
    'os_name not "a"',
  ])('%j is refused', (text) => {
    expect(parseMarker(text)).toBeUndefined();
  });
});
