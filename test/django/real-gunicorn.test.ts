// The shipped gunicorn.conf.py under a real Gunicorn with a real Django: precedence, the probe, and its exits and lines.
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { noBoots, watchBoots } from '../../src/django/boots.ts';
import { explainExit } from '../../src/django/gunicorn.ts';

const root = join(import.meta.dirname, '../..');
const python = process.env['DJSUP_TEST_PYTHON'] ?? join(root, '.venv/bin/python3');
const config = join(root, 'layers/gunicorn.conf.py');
const missing = !existsSync(python);
if (missing) process.stderr.write(`real Gunicorn: skipped, there is no ${python} (set DJSUP_TEST_PYTHON)\n`);

const settings = `
SECRET_KEY = "for a test"
ALLOWED_HOSTS = ["www.example.com"]
ROOT_URLCONF = "shop.urls"
`;
const urls = `
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("", lambda request: HttpResponse(request.get_host()))]
`;
const wsgi = `
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
`;

describe.skipIf(missing)('the shipped gunicorn.conf.py', () => {
  let directory = '';
  const running: Running[] = [];

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'djsup-gunicorn-'));
    mkdirSync(join(directory, 'shop'));
    const texts = {
      settings,
      urls,
      wsgi,
      quits: 'import sys\nsys.exit(1)\n',
      broken: 'import no_such_module\n',
    };
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(directory, `shop/${name}.py`), text);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.stop()));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function configured(environment: Record<string, string>, yours?: string): Map<string, string> {
    const file = join(directory, 'yours.py');
    if (yours !== undefined) writeFileSync(file, yours);
    const output = execFileSync(python, ['-m', 'gunicorn', '-c', config, 'shop.wsgi', '--print-config'], {
      cwd: directory,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        PYTHONDONTWRITEBYTECODE: '1',
        ...environment,
        ...(yours === undefined ? {} : { DJSUP_GUNICORN_CONFIG: file }),
      },
    });
    const lines = output.split('\n').map((line) => /^(\w+)\s+= (.*)$/.exec(line));
    return new Map(lines.flatMap((match) => (match === null ? [] : [[match[1] ?? '', match[2] ?? '']])));
  }

  test.each<[string, Record<string, string>, string | undefined, Record<string, string>]>([
    [
      'defaults',
      {},
      undefined,
      { bind: "['0.0.0.0:8000']", workers: '1', statsd_host: 'None', graceful_timeout: '30' },
    ],
    ['PORT', { PORT: '9000' }, undefined, { bind: "['0.0.0.0:9000']" }],
    ['WEB_CONCURRENCY', { WEB_CONCURRENCY: '3' }, undefined, { workers: '3' }],
    [
      'GUNICORN_CMD_ARGS',
      { GUNICORN_CMD_ARGS: '-b 127.0.0.1:7000 -w 4', PORT: '9000' },
      undefined,
      { bind: "['127.0.0.1:7000']", workers: '4' },
    ],
    [
      'your own file',
      {},
      'bind = "127.0.0.1:81"\nthreads = 3\nworker_tmp_dir = "/tmp"',
      { bind: "['127.0.0.1:81']", threads: '3', worker_tmp_dir: '/tmp' },
    ],
    [
      'your own file, opened to all, and PORT',
      { PORT: '9000' },
      'bind = ["0.0.0.0:81"]',
      { bind: "['0.0.0.0:9000']" },
    ],
    [
      'your own file, not opened to all, and PORT',
      { PORT: '9000' },
      'bind = "127.0.0.1:81"',
      { bind: "['127.0.0.1:81']" },
    ],
    [
      'your own file with a socket, and PORT',
      { PORT: '9000' },
      'bind = "unix:/tmp/x.sock"',
      { bind: "['unix:/tmp/x.sock']" },
    ],
    [
      'DJSUP_STATSD_HOST',
      { DJSUP_STATSD_HOST: 'localhost:9125' },
      undefined,
      { statsd_host: "('localhost', 9125)" },
    ],
  ])('takes %s', (_title, environment, yours, expected) => {
    const found = configured(environment, yours);
    expect(Object.fromEntries(Object.keys(expected).map((key) => [key, found.get(key)]))).toEqual(expected);
  });

  async function start(
    module: string,
    worker: string,
    environment: Record<string, string> = {},
  ): Promise<Running> {
    const port = await freePort();
    const child = spawn(python, ['-m', 'gunicorn', '-c', config, module, '-k', worker], {
      cwd: directory,
      env: {
        PATH: process.env['PATH'],
        PYTHONDONTWRITEBYTECODE: '1',
        PYTHONUNBUFFERED: '1',
        PORT: String(port),
        ...environment,
      },
    });
    const started = createRunning(child, port);
    running.push(started);
    return started;
  }

  test.each(['sync', 'gthread', 'gevent', 'gevent_pywsgi'])(
    'lets a %s worker answer the probe, and nothing else',
    async (worker) => {
      const server = await start('shop.wsgi', worker, { GUNICORN_CMD_ARGS: '--access-logfile -' });
      await server.until(async () => (await server.get('/__djsup__/worker')).status === 200);
      expect(await server.get('/__djsup__/worker')).toEqual({ status: 200, body: 'ok\n' });
      // What a proxy passes on, and all else, is Django's: which answers 400 to a Host that it does not know.
      expect((await server.get('/__djsup__/worker', { 'X-Forwarded-For': '192.0.2.1' })).status).toBe(404);
      expect((await server.get('/__djsup__/worker/')).status).toBe(404);
      expect(await server.get('/', { Host: 'www.example.com' })).toEqual({
        status: 200,
        body: 'www.example.com',
      });
      expect((await server.get('/')).status).toBe(400);
      await server.until(() => server.lines().some((line) => line.includes('"GET / HTTP')));
      expect(server.lines().filter((line) => line.includes('GET /__djsup__/worker HTTP'))).toHaveLength(1);
    },
  );

  test('calls the hooks of your own file too, and leaves a unix socket to the application', async () => {
    const socket = join(directory, 'g.sock');
    writeFileSync(
      join(directory, 'yours.py'),
      'def post_worker_init(worker):\n    print("mine", worker.wsgi.__name__)\n' +
        'def on_starting(server):\n    print("mine", type(server.log).__name__)\n',
    );
    const server = await start('shop.wsgi', 'sync', {
      DJSUP_GUNICORN_CONFIG: join(directory, 'yours.py'),
      DJSUP_STATSD_HOST: 'localhost:9',
      GUNICORN_CMD_ARGS: `-b unix:${socket}`,
    });
    await server.until(async () => existsSync(socket) && (await server.get('/', {}, socket)).status > 0);
    expect((await server.get('/__djsup__/worker', {}, socket)).status).toBe(404);
    expect(server.lines()).toEqual(expect.arrayContaining(['mine Statsd', 'mine answer']));
  });

  test('leaves an exit that is explained by its output', async () => {
    const server = await start('shop.broken', 'sync');
    const code = await server.exited;
    expect(explainExit({ code }, server.lines())).toBe(
      "the application could not be imported: ModuleNotFoundError: No module named 'no_such_module'",
    );
  });

  test('leaves the lines by which workers that boot over and over are seen', async () => {
    const server = await start('shop.quits', 'sync');
    const warning = () => {
      let watch = noBoots;
      for (const [index, line] of server.lines().entries()) {
        const [next, found] = watchBoots(watch, line, index * 100);
        if (found !== undefined) return found;
        watch = next;
      }
      return undefined;
    };
    await server.until(() => warning() !== undefined);
    expect(warning()).toContain('boot and exit over and over');
  });
});

interface Running {
  readonly exited: Promise<number>;
  lines(): readonly string[];
  get(
    path: string,
    headers?: Record<string, string>,
    socketPath?: string,
  ): Promise<{ status: number; body: string }>;
  until(holds: () => boolean | Promise<boolean>): Promise<void>;
  stop(): Promise<unknown>;
}

function createRunning(child: ChildProcess, port: number): Running {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const exited = new Promise<number>((resolve) => {
    child.once('close', (code) => resolve(code ?? -1));
  });
  const lines = () => output.split('\n');
  return {
    exited,
    lines,
    get: (path, headers = {}, socketPath) =>
      new Promise((resolve) => {
        const where = socketPath === undefined ? { host: '127.0.0.1', port } : { socketPath };
        const asked = request({ ...where, path, headers, agent: false, timeout: 5000 }, (response) => {
          let body = '';
          response.on('data', (bytes: Buffer) => (body += bytes.toString()));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        });
        asked.on('error', () => resolve({ status: 0, body: '' }));
        asked.end();
      }),
    async until(holds) {
      const deadline = performance.now() + 20_000;
      while (!(await holds())) {
        if (performance.now() > deadline || child.exitCode !== null)
          throw new Error(`it did not come to be:\n${output}`);
        await new Promise((resolve) => {
          setTimeout(resolve, 20);
        });
      }
    },
    stop() {
      child.kill('SIGINT');
      return exited;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
