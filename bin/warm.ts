// After a build: djsup is run once on a small project, so that Node keeps the compiled code beside dist/ and every start,
// the first one in a container with a read-only root included, finds it there (node:module, compile cache).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Everyday commands, and how long the daemon may take to answer the first of them, ms. */
const commands = [
  ['services'],
  ['changes'],
  ['checks'],
  ['health'],
  ['logs'],
  ['plan'],
  ['restart', 'django'],
  ['statsd-exporter', '--check-config'],
];
const patience = 10_000;

export async function warmUp(dist: string): Promise<void> {
  const cache = join(dist, 'cache');
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache);
  const project = mkdtempSync(join(tmpdir(), 'djsup-build-'));
  writeProject(project);
  const environment = {
    ...process.env,
    DJSUP: join(project, 'state'),
    VIRTUAL_ENV: join(project, 'env'),
    PORT: '0',
    // Its ports may be somebody's.
    DJSUP_STATSD_EXPORTER: 'off',
  };
  const start = (words: readonly string[]) =>
    // The flags of bin/djsup, since compiled code is kept by flags.
    spawn(process.execPath, ['--max-semi-space-size=1', join(dist, 'main.cjs'), ...words], {
      cwd: project,
      env: environment,
      stdio: 'ignore',
    });

  const daemon = start(['run', '--create-dirs']);
  const ended = once(daemon, 'exit');
  const deadline = performance.now() + patience;
  const socket = join(project, 'state/.djsup.socket');
  while (!existsSync(socket) && performance.now() < deadline && daemon.exitCode === null) await sleep(20);
  for (const words of commands) await once(start(words), 'exit');
  daemon.kill('SIGTERM');
  await ended;
  rmSync(project, { recursive: true, force: true });
  makeReadable(cache);
}

/** Whoever runs djsup may read what whoever built it has compiled. */
function makeReadable(directory: string): void {
  chmodSync(directory, 0o755);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) makeReadable(path);
    else chmodSync(path, 0o644);
  }
}

/** A Django project as far as detection looks; its Python is one that does nothing for a while. */
function writeProject(directory: string): void {
  for (const part of ['site', 'env/bin']) mkdirSync(join(directory, part), { recursive: true });
  writeFileSync(join(directory, 'requirements.txt'), 'django==5.2\ngunicorn\n');
  writeFileSync(join(directory, 'manage.py'), '');
  writeFileSync(join(directory, 'site/wsgi.py'), '"""WSGI."""\n\napplication = object()\n');
  writeFileSync(join(directory, 'env/bin/python3'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
}
