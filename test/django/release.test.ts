// What a project's directory tells of its release, and whether djsup migrates.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { releaseVariables } from '../../src/core/release.ts';
import { chooseMigrations } from '../../src/django/migrations.ts';
import { readCommit, readProjectRelease } from '../../src/django/release.ts';
import { createFakeFiles } from './fake-files.ts';

const one = '1'.repeat(40);
const two = '2'.repeat(40);

describe('the commit', () => {
  test.each<[string, Readonly<Record<string, string>>, string | undefined]>([
    ['of a branch', { '/p/.git/HEAD': 'ref: refs/heads/main\n', '/p/.git/refs/heads/main': `${one}\n` }, one],
    ['of no branch', { '/p/.git/HEAD': `${two}\n` }, two],
    [
      'of a packed branch',
      {
        '/p/.git/HEAD': 'ref: refs/heads/main\n',
        '/p/.git/packed-refs': `# pack-refs\n${one} refs/heads/other\n${two} refs/heads/main\n`,
      },
      two,
    ],
    [
      'of a further work tree',
      {
        '/p/.git': 'gitdir: /r/.git/worktrees/p\n',
        '/r/.git/worktrees/p/HEAD': 'ref: refs/heads/new\n',
        '/r/.git/worktrees/p/commondir': '../..\n',
        '/r/.git/refs/heads/new': `${one}\n`,
      },
      one,
    ],
    ['before the first commit', { '/p/.git/HEAD': 'ref: refs/heads/main\n' }, undefined],
    ['of the repository above', { '/.git/HEAD': `${one}\n`, '/p/manage.py': '' }, undefined],
    ['of nothing', {}, undefined],
  ])('%s', (_what, files, commit) => {
    expect(readCommit(createFakeFiles(files), '/p')).toBe(commit);
  });
});

describe('the files', () => {
  const project = {
    '/p/manage.py': '',
    '/p/requirements.txt': 'Django',
    '/p/shop/migrations/__init__.py': '',
    '/p/shop/migrations/0001_initial.py': 'a',
    '/p/shop/models.py': 'class Item',
    '/p/.venv/lib/python3.12/site-packages/django/contrib/auth/migrations/0001_initial.py': 'theirs',
    '/p/.venv/pyvenv.cfg': '',
    '/p/.venv/lib/python3.12/site-packages/Django-5.2.dist-info/METADATA': '',
  };

  test('are the migrations in the project, its lists of packages, and what is installed', () => {
    const { files } = readProjectRelease(createFakeFiles(project), '/p', '/p/.venv/bin/python3');
    expect([...files]).toEqual([
      ['/shop/migrations/0001_initial.py', 'a'],
      ['/shop/migrations/__init__.py', ''],
      ['/requirements.txt', 'Django'],
      ['installed', 'Django-5.2.dist-info'],
    ]);
  });

  test('and the commit are left out where there is too much to look through', () => {
    const many = Array.from({ length: 5_001 }, (_, number) => [`/p/d${number}/x`, '']);
    const large = createFakeFiles({ ...project, ...Object.fromEntries(many), '/p/.git/HEAD': one });
    const { commit, files } = readProjectRelease(large, '/p', '/p/.venv/bin/python3');
    expect([commit, files.size]).toEqual([undefined, 0]);
  });

  test('are none where there are no migrations', () => {
    const bare = createFakeFiles({ '/p/manage.py': '', '/p/requirements.txt': 'Django' });
    expect(readProjectRelease(bare, '/p', '/usr/bin/python3').files.size).toBe(0);
  });
});

test('every variable that names a release is in the guide', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/migrations.md'), 'utf8');
  expect([...releaseVariables, 'PLANTED'].filter((name) => !guide.includes(`\`${name}\``))).toEqual([
    'PLANTED',
  ]);
});

describe('migrations', () => {
  const facts = { appDir: '/p', python: '/usr/bin/python3', managePy: '/p/manage.py' };
  const url = 'postgresql://shop:secret@db/shop';
  const choose = (environment: Record<string, string>, given = {}, present = {}, services: string[] = []) =>
    chooseMigrations(createFakeFiles(present), environment, { ...facts, ...given }, services);

  test.each<[string, Record<string, string>]>([
    ['PostgreSQL', { POSTGRESQL_DB_CONNECT_STRING: url }],
    ['MySQL', { MYSQL_DB_CONNECT_STRING: 'mysql://db/shop' }],
    ['a URL of PostgreSQL', { DATABASE_URL: 'postgres://db/shop' }],
    ['a URL of PostGIS', { DATABASE_URL: 'postgis://db/shop' }],
    ['a URL of MySQL', { DATABASE_URL: 'mysql://db/shop' }],
  ])('are run with %s', (_what, environment) => {
    const { migrations, note } = choose(environment);
    expect(migrations).toEqual({
      command: ['/usr/bin/python3', '/p/manage.py', 'migrate', '--noinput'],
      before: ['django'],
    });
    expect(note).not.toContain('secret');
  });

  test.each<[string, Record<string, string>, string]>([
    ['without a database', {}, ''],
    ['with one that replicas do not share', { DATABASE_URL: 'sqlite:///db.sqlite3' }, ''],
    ['where they are to be skipped', { DATABASE_URL: url, SKIP_MIGRATIONS: '1' }, 'SKIP_MIGRATIONS is set'],
    ['under a charm', { DATABASE_URL: url, JUJU_CONTAINER_NAME: 'app' }, 'the charm sees to migrations'],
  ])('are not run %s', (_what, environment, note) => {
    const choice = choose(environment);
    expect(choice.migrations).toBeUndefined();
    expect(choice.note ?? '').toContain(note);
  });

  test('an empty SKIP_MIGRATIONS skips nothing', () => {
    expect(choose({ DATABASE_URL: url, SKIP_MIGRATIONS: '' }).migrations).toBeDefined();
  });

  test.each<[string, readonly string[]]>([
    ['migrate.py', ['/usr/bin/python3', '/p/migrate.py']],
    ['migrate.sh', ['bash', '-eo', 'pipefail', '/p/migrate.sh']],
    ['migrate', ['/p/migrate']],
  ])('are run by %s where there is no manage.py', (name, command) => {
    const { migrations } = choose({ DATABASE_URL: url }, { managePy: undefined }, { [`/p/${name}`]: '' });
    expect(migrations?.command).toEqual(command);
  });

  test('come before workers and schedulers too, whatever their case', () => {
    const { migrations } = choose({ DATABASE_URL: url }, {}, {}, [
      'mail-Worker',
      'beat-scheduler',
      'redis',
      'django',
    ]);
    expect(migrations?.before).toEqual(['django', 'mail-Worker', 'beat-scheduler']);
  });
});
