// Brings what a clone needs: its own Node, its packages, dist/, and a Python environment for the example and the tests.
// Law: runs on any Node from 18 on with Node's own modules alone, does nothing twice, fails with one sentence.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A failure that one sentence explains. */
class Refusal extends Error {}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const own = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin/node');

try {
  installPackages();
  run(own, ['bin/build.ts'], 'cannot build "dist"');
  installPython();
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(`djsup: ${error.message}`);
  process.exitCode = 1;
}

/** npm under an older Node silently picks older releases, so the project's Node comes first and then runs npm itself. */
function installPackages() {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch) || !usesGlibc()) {
    throw new Refusal(
      `cannot run on this machine (${process.platform} ${process.arch}): it needs Linux with glibc on x86-64 or arm64`,
    );
  }
  const lock = read('package-lock.json');
  const stamp = join(root, 'node_modules/.djsup-setup');
  if (isCurrent(stamp, lock, own)) return;

  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  const npm = [findNpm(), 'install', ...flags];
  fetchNode(npm, `node-linux-${process.arch}`, JSON.parse(lock).packages);
  say('installing packages');
  // Not "npm ci", which refuses a lock file that lacks the builds of a tool for other platforms.
  run(own, [...npm, '--no-save', '--include=dev', '--include=optional'], 'cannot install packages with npm');
  writeStamp(stamp, lock);
}

/** Puts the locked release into node_modules, unless it is there. */
function fetchNode(npm, name, locked) {
  const pinned = locked[`node_modules/${name}`];
  const manifest = join(root, 'node_modules', name, 'package.json');
  if (existsSync(own) && JSON.parse(readFileSync(manifest, 'utf8')).version === pinned.version) return;

  say(`fetching Node ${pinned.version}`);
  const away = join(root, '.node');
  rmSync(away, { recursive: true, force: true });
  mkdirSync(away);
  // A lock file of its own, so that npm compares with the checksum of the project's.
  const dependencies = { [name]: pinned.version };
  const packages = { '': { dependencies }, [`node_modules/${name}`]: pinned };
  writeFileSync(join(away, 'package.json'), JSON.stringify({ dependencies }));
  writeFileSync(join(away, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }));
  run(process.execPath, [...npm, '--prefix', away], `cannot fetch "${name}" with npm`);
  // All of it, npm's own notes included, so that the next step does not unpack Node again.
  rmSync(join(root, 'node_modules'), { recursive: true, force: true });
  renameSync(join(away, 'node_modules'), join(root, 'node_modules'));
  rmSync(away, { recursive: true });
}

/** The example's Python, which the tests of the real thing use as well, unless DJSUP_TEST_PYTHON names another. */
function installPython() {
  if (process.env.DJSUP_TEST_PYTHON) return;
  const files = ['examples/hello/requirements.txt', 'test/requirements.txt'];
  const pins = [...files, 'examples/hello/constraints.txt'].map(read).join('');
  const home = join(root, '.venv');
  const stamp = join(home, '.djsup-setup');
  const python = join(home, 'bin/python3');
  if (isCurrent(stamp, pins, python)) return;

  const version = capture('python3', ['-c', 'import sys; print(*sys.version_info[:2])']);
  if (version === undefined) {
    throw new Refusal('cannot find python3: install Python 3.11 or newer (Debian: apt install python3-venv)');
  }
  const [major = 0, minor = 0] = version.trim().split(' ').map(Number);
  if (major !== 3 || minor < 11) {
    throw new Refusal(
      `cannot use python3, which is ${major}.${minor}: the example needs 3.11 or newer on PATH`,
    );
  }
  say(`installing Django, Gunicorn and gevent for Python ${major}.${minor}`);
  rmSync(home, { recursive: true, force: true });
  if (capture('python3', ['-m', 'venv', home]) === undefined) {
    rmSync(home, { recursive: true, force: true });
    throw new Refusal(
      'cannot make a Python environment: python3 lacks a working venv module (Debian: apt install python3-venv)',
    );
  }
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  run(
    python,
    [...pip, ...files.flatMap((file) => ['-r', file])],
    'cannot install the Python packages with pip',
  );
  writeStamp(stamp, pins);
}

function findNpm() {
  const calling = process.env.npm_execpath;
  const found = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, 'npm'));
  for (const path of [calling, ...found]) {
    if (path === undefined || !existsSync(path)) continue;
    const real = realpathSync(path);
    if (real.endsWith('npm-cli.js')) return real;
  }
  throw new Refusal('cannot find npm: install it (it comes with Node)');
}

function usesGlibc() {
  return process.report.getReport().header.glibcVersionRuntime !== undefined;
}

/** Runs with the terminal attached, so that its own progress and errors are seen. */
function run(command, args, refusal) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status === 0) return;
  throw new Refusal(`${refusal}: ${error?.message ?? signal ?? `exit code ${status}, see above`}`);
}

function capture(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}

function read(path) {
  return readFileSync(join(root, path), 'utf8');
}

function isCurrent(stamp, content, ...needed) {
  return (
    existsSync(stamp) &&
    needed.every((path) => existsSync(path)) &&
    readFileSync(stamp, 'utf8') === digest(content)
  );
}

function writeStamp(stamp, content) {
  writeFileSync(stamp, digest(content));
}

function digest(text) {
  return createHash('sha256').update(text).digest('hex');
}

function say(step) {
  console.error(`djsup: ${step} ...`);
}
