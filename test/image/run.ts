// Builds the Dockerfile without a container engine (buildah, chroot isolation) and runs the result as a container would:
// PID 1 of its own PID namespace, the image's user, environment and entry point. `npm run test:image`, as root.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { makeBaseImages, type Buildah } from './base.ts';
import { check, failures, say } from './report.ts';
import { startContainer, type Image } from './container.ts';

const root = join(import.meta.dirname, '../..');
const store = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'djsup-image-test');
const USER = 584792;

try {
  if (bringTools()) await main();
} catch (error) {
  check('runs to its end', () => String(error));
}
process.exitCode = failures() === 0 ? 0 : 1;

function bringTools(): boolean {
  const missing = ['buildah', 'debootstrap'].filter(
    (tool) => !existsSync(`/usr/bin/${tool}`) && !existsSync(`/usr/sbin/${tool}`),
  );
  if (process.getuid?.() !== 0)
    return check('runs as root', () => 'run it as root: it mounts and changes root');
  if (missing.length === 0) return true;
  if (process.env['DJSUP_INSTALL'] !== '1') {
    return check(
      'has its tools',
      () => `apt-get install ${missing.join(' ')}, or set DJSUP_INSTALL=1 to have it done`,
    );
  }
  say(`installing ${missing.join(' and ')}`);
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
    stdio: 'inherit',
  });
  return true;
}

async function main(): Promise<void> {
  const buildah: Buildah = (...args) =>
    execFileSync(
      'buildah',
      ['--storage-driver', 'vfs', '--root', join(store, 'root'), '--runroot', join(store, 'run'), ...args],
      { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 },
    ).trim();

  say('making base images (about two minutes the first time)');
  makeBaseImages(buildah);
  say('building the Dockerfile');
  buildah(
    'bud',
    '--isolation',
    'chroot',
    '--pull-never',
    '--format',
    'docker',
    '--quiet',
    '-t',
    'djsup-example',
    '.',
  );
  const working = buildah('from', '--pull-never', 'djsup-example');
  try {
    const { config } = (JSON.parse(buildah('inspect', working)) as { Docker: { config: Image['config'] } })
      .Docker;
    const image: Image = { path: buildah('mount', working), config };
    await checkImage(image);
  } finally {
    buildah('rm', working);
    buildah('rmi', 'djsup-example');
  }
}

async function checkImage(image: Image): Promise<void> {
  say('the image');
  check('starts "djsup enter" with no shell', () => same(image.config.Entrypoint, ['djsup', 'enter']));
  check('names its user by a number that is not root', () => same(image.config.User, `${USER}:${USER}`));
  const [kind, ...health] = image.config.Healthcheck?.Test ?? [];
  check('has a health check with no shell', () => same(kind, 'CMD'));

  say('a container, with no shell in it');
  {
    await using container = await startContainer(image, { hidden: ['/bin/sh', '/bin/bash', '/bin/dash'] });
    const page = await container.page('/');
    check('serves the page', () => match(page, /^Hello from Django\.$/m));
    check('by a gevent worker', () => match(page, /^worker class: gevent$/m));
    check('has nothing that runs as root', () => same([...new Set(container.users())], [USER]));
    check('is healthy by its own health check', () => same(container.execute(health).code, 0));
    const code = await container.stop();
    check('ends with 0 at SIGTERM', () => same(code, 0));
    check('and takes every process with it', () => same(container.users(), []));
  }

  say('a container with --args django sync');
  {
    await using container = await startContainer(image, { args: ['--args', 'django', 'sync'] });
    const page = await container.page('/');
    check('serves by a sync worker', () => match(page, /^worker class: sync$/m));
  }

  say('a container with a read-only root file system');
  {
    await using container = await startContainer(image, { readOnly: true });
    const page = await container.page('/');
    check('serves the page', () => match(page, /^Hello from Django\.$/m));
    check('cannot write', () =>
      match(container.execute(['touch', '/django/app/x']).output, /Read-only file system/),
    );
    check('is healthy by its own health check', () => same(container.execute(health).code, 0));
    check('answers commands', () =>
      match(container.execute(['djsup', 'services']).output, /^django +enabled +active/m),
    );
    const code = await container.stop();
    check('ends with 0 at SIGTERM', () => same(code, 0));
  }
}

function same(found: unknown, wanted: unknown): string | undefined {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  return a === b ? undefined : `found ${a}, wanted ${b}`;
}

function match(found: string, wanted: RegExp): string | undefined {
  return wanted.test(found) ? undefined : `found ${JSON.stringify(found)}, wanted ${wanted}`;
}
