// A real Django project under real Gunicorn, supervised by djsup as PID 1.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { pythonForTests } from '../support/python.ts';
import { freePort } from '../support/free-port.ts';
import {
  childRunning,
  childrenOf,
  commandOf,
  fetchText,
  launchRig,
  noNamespaces,
  root,
  startRig,
  until,
} from '../support/rig.ts';
import type { Rig, RigOptions } from '../support/rig.ts';

beforeEach(({ skip }) => skip(noNamespaces !== undefined, noNamespaces));
const example = join(root, 'examples/hello');

interface Site extends AsyncDisposable {
  readonly rig: Rig;
  readonly url: string;
}

async function serve(options: RigOptions = {}): Promise<Site> {
  const port = await freePort();
  const virtual = dirname(dirname(pythonForTests()));
  const environment = {
    PATH: `${virtual}/bin:${process.env['PATH'] ?? ''}`,
    GUNICORN_CMD_ARGS: `--bind 127.0.0.1:${port}`,
    ...options.environment,
  };
  const rig = await startRig({ cwd: example, ...options, environment });
  return { rig, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
}

function page({ url }: Site, path = '/'): Promise<string> {
  return until(`${path} is served`, () => fetchText(`${url}${path}`), 30_000);
}

function master({ rig }: Site): number {
  const found = childrenOf(rig.pid()).find((pid) => commandOf(pid).includes('-m gunicorn'));
  if (found === undefined) throw new Error('no Gunicorn master');
  return found;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1_000;
}

function parallel(site: Site, count: number, path: string): Promise<unknown> {
  return Promise.all(Array.from({ length: count }, () => page(site, path)));
}

describe('a project with gevent', () => {
  test('is served by gevent workers with no layer at all, many requests at a time', async () => {
    await using site = await serve();
    expect(await page(site)).toContain('worker class: gevent');
    // Eight at a time by one worker: far from the eight seconds that one after the other takes.
    expect(await seconds(() => parallel(site, 8, '/slow?seconds=1'))).toBeLessThan(4);
    expect(site.rig.stderr()).toContain('Django: worker class is gevent');
    expect(site.rig.cli('services').stdout).toMatch(/^django +enabled +active/m);
  });

  test('is served by sync workers with --args django sync, one request after the other', async () => {
    await using site = await serve({ words: ['enter', '--args', 'django', 'sync'] });
    expect(await page(site)).toContain('worker class: sync');
    expect(await seconds(() => parallel(site, 4, '/slow?seconds=1'))).toBeGreaterThan(3.5);
  });

  test('is ready once it answers, whatever hosts it allows, and its probes are not logged', async () => {
    await using site = await serve({
      environment: { DJANGO_ALLOWED_HOSTS: '["nowhere.example"]', GUNICORN_CMD_ARGS: '' },
      words: ['run', '--hold'],
    });
    expect((await site.rig.api('GET', '/v1/health?level=ready')).status).toBe(502);
    expect((await site.rig.api('GET', '/v1/health?level=alive')).status).toBe(200);
  });

  test('has a ready check that turns green with its first answer and red when it crashes', async () => {
    const hosts = { DJANGO_ALLOWED_HOSTS: '["nowhere.example"]' };
    await using site = await serve({ environment: { ...hosts }, words: ['run'] });
    const ready = async (): Promise<boolean> =>
      (await site.rig.api('GET', '/v1/health?level=ready')).status === 200;
    await until('it is ready', ready);
    process.kill(master(site), 'SIGKILL');
    await until('it is not ready', async () => !(await ready()));
    await until('it is ready again', ready, 30_000);
    expect(site.rig.cli('logs').stdout).not.toContain('__djsup__');
  });

  test('is back after its master was killed, and changes, logs and services each tell', async () => {
    await using site = await serve();
    await page(site);
    const workers = childrenOf(master(site));
    expect(workers.length).toBeGreaterThan(0);
    process.kill(master(site), 'SIGKILL');
    await until(
      'Gunicorn runs again',
      () => site.rig.cli('services', '--wide').stdout.match(/running +\d+ +1 +signal SIGKILL/) !== null,
    );
    expect(await page(site)).toContain('Hello');
    expect(workers.map((pid) => commandOf(pid)).filter((command) => command !== '')).toEqual([]);
    const changes = site.rig.cli('changes').stdout;
    expect(changes).toContain('Recover service "django": stopped unexpectedly with signal SIGKILL');
    const id = /^(?<id>\d+) .*Recover/m.exec(changes)?.groups?.['id'] ?? '';
    expect(site.rig.cli('tasks', id).stdout).toContain('stopped unexpectedly with signal SIGKILL');
    const logs = site.rig.cli('logs', 'django').stdout;
    expect(logs.match(/Listening at/g)).toHaveLength(2);
    expect(logs).toContain('djsup: stopped unexpectedly with signal SIGKILL');
  });

  test('has a killed worker replaced by its master, without djsup', async () => {
    await using site = await serve();
    await page(site);
    const before = master(site);
    const worker = childRunning(before, '-k gevent');
    process.kill(worker, 'SIGKILL');
    await until(
      'a new worker serves',
      async () => !childrenOf(before).includes(worker) && (await fetchText(site.url))?.includes('Hello'),
    );
    expect(master(site)).toBe(before);
  });

  test('lets a request that runs end before it stops', async () => {
    await using site = await serve();
    await page(site);
    const slow = fetchText(`${site.url}/slow?seconds=2`);
    await until('the request is under way', async () => (await fetchText(site.url)) !== undefined);
    site.rig.signal('SIGTERM');
    expect(await slow).toContain('slept 2 s');
    expect(await site.rig.ended).toEqual({ code: 0, signal: null });
  });

  test('restarts by command, and a stop keeps it down', async () => {
    await using site = await serve();
    await page(site);
    const before = master(site);
    expect(site.rig.cli('restart', 'django')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(master(site)).not.toBe(before);
    await page(site);
    expect(site.rig.cli('stop', 'django').code).toBe(0);
    expect(await fetchText(site.url)).toBeUndefined();
    expect(site.rig.cli('replan').code).toBe(0);
    expect(site.rig.cli('services').stdout).toMatch(/^django +enabled +inactive/m);
  });
});

describe('settings of the user', () => {
  test('PORT, WEB_CONCURRENCY and GUNICORN_CMD_ARGS keep working', async () => {
    const port = await freePort();
    await using site = await serve({
      environment: { PORT: String(port), WEB_CONCURRENCY: '3', GUNICORN_CMD_ARGS: '--threads 1' },
    });
    await until('the page is at PORT', () => fetchText(`http://127.0.0.1:${port}/`), 30_000);
    await until('three workers run', () => childrenOf(master(site)).length >= 3);
    expect(childrenOf(master(site))).toHaveLength(3);
  });

  test('a bad PORT is refused with one sentence before anything starts', async () => {
    await using rig = launchRig({
      cwd: example,
      environment: { PORT: 'abc', VIRTUAL_ENV: dirname(dirname(pythonForTests())) },
    });
    expect((await rig.ended).code).toBe(1);
    expect(rig.stderr()).toContain('PORT');
    expect(rig.stderr()).not.toMatch(/^\s+at /m);
  });

  test('a layer on top overrides any part', async () => {
    const layer =
      'services:\n  django: {override: merge, environment: {WEB_CONCURRENCY: "2"}, kill-delay: 10s}\n';
    await using site = await serve({ layers: { mine: layer } });
    await page(site);
    expect(site.rig.cli('plan').stdout).toContain('kill-delay: 10s');
    expect(childrenOf(master(site))).toHaveLength(2);
  });
});

describe('a project that cannot run', () => {
  function project(edit: (directory: string) => void): string {
    const directory = join(mkdtempSync(join(tmpdir(), 'djsup-project-')), 'hello');
    cpSync(example, directory, { recursive: true });
    edit(directory);
    return directory;
  }

  test('because it does not import has its failure named, with the end of the traceback', async () => {
    const cwd = project((directory) =>
      writeFileSync(join(directory, 'hello/wsgi.py'), 'import nonsense_module\napplication = None\n'),
    );
    await using site = await serve({ cwd });
    const tasks = await until('the start has failed', () => {
      const { stdout } = site.rig.cli('tasks', '--last=autostart');
      return stdout.includes('Error') ? stdout : undefined;
    });
    expect(tasks).toContain('exited quickly with code 3');
    expect(tasks).toContain("No module named 'nonsense_module'");
    await until('it backs off', () => site.rig.cli('services').stdout.includes('backoff'));
    rmSync(dirname(cwd), { recursive: true });
  });

  test('because it calls sys.exit when imported is warned about while Gunicorn respawns its workers', async () => {
    const cwd = project((directory) =>
      writeFileSync(join(directory, 'hello/wsgi.py'), 'import sys\nsys.exit(1)\napplication = None\n'),
    );
    await using site = await serve({ cwd });
    const warnings = (): string[] =>
      site.rig
        .stderr()
        .split('\n')
        .filter((line) => /Service "django": .*worker/i.test(line));
    await until('djsup warns', () => warnings().length > 0, 40_000);
    expect(warnings()).toHaveLength(1);
    expect(site.rig.cli('services', '--wide').stdout).toContain('boot and exit over and over');
    rmSync(dirname(cwd), { recursive: true });
  });

  test('because Django is not declared is refused with what was looked for', async () => {
    const cwd = project((directory) => writeFileSync(join(directory, 'requirements.txt'), 'flask\n'));
    await using rig = launchRig({ cwd, environment: { VIRTUAL_ENV: dirname(dirname(pythonForTests())) } });
    expect((await rig.ended).code).toBe(1);
    expect(rig.stderr()).toContain('requirements.txt');
    rmSync(dirname(cwd), { recursive: true });
  });

  test('because gevent is wanted and not installed is refused before the start', async () => {
    const bare = mkdtempSync(join(tmpdir(), 'djsup-venv-'));
    execFileSync(pythonForTests(), ['-m', 'venv', '--without-pip', bare]);
    await using rig = launchRig({
      cwd: example,
      words: ['run', '--args', 'django', 'gevent'],
      environment: { VIRTUAL_ENV: bare },
    });
    expect((await rig.ended).code).toBe(1);
    expect(rig.stderr()).toMatch(/gevent|gunicorn/);
    rmSync(bare, { recursive: true });
  });
});
