// Base images for the Dockerfile without a registry of images: Debian by debootstrap, under the names the Dockerfile uses.
// They carry this machine's certificates and npm and pip settings, so that a build reaches the same package registries.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const SUITE = 'trixie';
const PACKAGES = ['ca-certificates', 'netbase', 'tzdata', 'python3', 'python3-venv', 'libstdc++6'];

const PYTHON_IMAGE = 'docker.io/library/python:3.13-slim-trixie';
const NODE_IMAGE = 'docker.io/library/node:24-trixie-slim';

/** Runs buildah on a store of its own, so that these images never pass for the real ones elsewhere. */
export type Buildah = (...args: string[]) => string;

export function makeBaseImages(buildah: Buildah): void {
  const present = buildah('images', '--noheading', '--format', '{{.Name}}:{{.Tag}}').split('\n');
  if (present.includes(PYTHON_IMAGE) && present.includes(NODE_IMAGE)) return;

  const root = mkdtempSync(join(tmpdir(), 'djsup-base-'));
  try {
    const include = `--include=${PACKAGES.join(',')}`;
    execFileSync('debootstrap', ['--variant=minbase', include, SUITE, root, 'http://deb.debian.org/debian'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    carrySettings(root);
    commit(buildah, root, PYTHON_IMAGE);
    addNode(root);
    commit(buildah, root, NODE_IMAGE);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function carrySettings(root: string): void {
  const files = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pip.conf', '/etc/npmrc'];
  for (const file of files.filter((path) => existsSync(path))) copyFileSync(file, join(root, file));
}

/** The Node that runs this, and the npm of this machine. */
function addNode(root: string): void {
  const local = join(root, 'usr/local');
  mkdirSync(join(local, 'lib/node_modules'), { recursive: true });
  copyFileSync(process.execPath, join(local, 'bin/node'));
  const npm = realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim());
  cpSync(dirname(dirname(npm)), join(local, 'lib/node_modules/npm'), { recursive: true });
  execFileSync('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm')]);
  if (existsSync(join(root, 'etc/npmrc'))) {
    mkdirSync(join(local, 'etc'), { recursive: true });
    copyFileSync(join(root, 'etc/npmrc'), join(local, 'etc/npmrc'));
  }
}

function commit(buildah: Buildah, root: string, name: string): void {
  const container = buildah('from', 'scratch');
  buildah('add', '--quiet', container, root, '/');
  buildah('commit', '--quiet', '--rm', container, name);
}
