// Gunicorn's command lines, exits and log lines, by texts that Gunicorn 20 to 27 wrote.
import { describe, expect, test } from 'vitest';
import { noBoots, watchBoots } from '../../src/django/boots.ts';
import { explainExit, isGunicorn } from '../../src/django/gunicorn.ts';
import { refuseWorker, workerClassOf } from '../../src/django/worker-class.ts';

describe('a command runs Gunicorn', () => {
  test.each([
    ['gunicorn x:y', true],
    ['/v/bin/gunicorn x:y', true],
    ['/bin/python3 -m gunicorn -c a x:y', true],
    ['python3.12 -u -m gunicorn x:y', true],
    ['python3 -X dev -m gunicorn.app.wsgiapp', true],
    ['python /v/bin/gunicorn x:y', true],
    ['python3 manage.py gunicorn', false],
    ['python3 -m celery -A gunicorn', false],
    ['python3 -m http.server gunicorn', false],
    ['echo gunicorn', false],
    ['python3', false],
    ['', false],
  ])('%j: %s', (line, expected) => {
    expect(isGunicorn(line.split(' '))).toBe(expected);
  });
});

describe('the worker class', () => {
  test.each([
    ['-k gevent', 'gevent'],
    ['-kgevent', 'gevent'],
    ['-k=gevent', 'gevent'],
    ['--worker-class gevent', 'gevent'],
    ['--worker-class=gevent', 'gevent'],
    ['-k sync -k gevent --workers 3', 'gevent'],
    ['x:y --keep-alive 5', undefined],
    ['x:y -k', ''],
    ['-k --workers 3', ''],
    ['-- -k gevent', undefined],
  ])('of %j is %j', (line, expected) => {
    expect(workerClassOf(line.split(' '))).toBe(expected);
  });

  test.each<[string, boolean | undefined, RegExp | undefined]>([
    [
      'gunicorn x:y -k gevent',
      false,
      /worker class "gevent": gevent is not installed for "gunicorn"; .*--args django sync/,
    ],
    ['gunicorn x:y -k gunicorn.workers.ggevent.GeventWorker', false, /gevent is not installed/],
    ['gunicorn x:y -k gevent_pywsgi', false, /gevent is not installed/],
    ['gunicorn x:y -k', true, /"-k" has no worker class/],
    ['gunicorn x:y -k gevent', true, undefined],
    ['gunicorn x:y -k gevent', undefined, undefined],
    ['gunicorn x:y -k sync', false, undefined],
    ['gunicorn x:y -k eventlet', false, undefined],
    ['gunicorn x:y', false, undefined],
    ['gunicorn x:y -k frob', true, /there is no such class; use one of sync, /],
    ['gunicorn x:y -k mine.workers.Frob', true, undefined],
    ['gunicorn x:y -k egg:mine#frob', true, undefined],
    ['celery -k gevent', false, undefined],
  ])('of %j, gevent installed %s: refused %s', (line, installed, message) => {
    const result = refuseWorker(line.split(' '), () => installed);
    expect(result.ok).toBe(message === undefined);
    expect(result.ok ? '' : result.failure.message).toMatch(message ?? /^$/);
  });
});

describe('an exit', () => {
  const prefix = (text: string) => `[2026-01-01 00:00:00 +0000] [7] [ERROR] ${text}`;
  const traceback = [
    prefix('Exception in worker process'),
    'Traceback (most recent call last):',
    '  File "/app/mysite/settings.py", line 3, in <module>',
    "ModuleNotFoundError: No module named 'psycopg'",
    prefix('Worker (pid:8) exited with code 3.'),
    prefix('Shutting down: Master'),
    prefix('Reason: Worker failed to boot.'),
  ];
  test.each<[string, { code: number } | { signal: string }, string[], RegExp | undefined]>([
    [
      '3',
      { code: 3 },
      traceback,
      /^the application could not be imported: ModuleNotFoundError: No module named 'psycopg'$/,
    ],
    [
      '3 with nothing said',
      { code: 3 },
      [],
      /^the application could not be imported; its output tells more$/,
    ],
    [
      '3 of a Django exception',
      { code: 3 },
      [
        'django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.',
        ...traceback.slice(4),
      ],
      /: django\.core\.exceptions\.ImproperlyConfigured: The SECRET_KEY/,
    ],
    [
      '4',
      { code: 4 },
      ["Failed to find attribute 'app' in 'mysite.wsgi'.", prefix('Reason: App failed to load.')],
      /no such attribute.*Failed to find attribute 'app'/,
    ],
    [
      '1',
      { code: 1 },
      [
        "Error: class uri 'gevent' invalid or not found: ",
        'RuntimeError: gevent worker requires gevent 1.4 or higher',
      ],
      /^Gunicorn refused its configuration: RuntimeError: gevent worker/,
    ],
    [
      '1 from a Python without Gunicorn',
      { code: 1 },
      ['/usr/bin/python3: No module named gunicorn'],
      /^this Python has no Gunicorn; install it \(pip install gunicorn\)$/,
    ],
    [
      '1 with the port in use',
      { code: 1 },
      [prefix("Connection in use: ('0.0.0.0', 8000)"), prefix("Can't connect to ('0.0.0.0', 8000)")],
      /^Gunicorn cannot listen on \('0\.0\.0\.0', 8000\): another process/,
    ],
    [
      '2',
      { code: 2 },
      ['usage: gunicorn [OPTIONS]', 'gunicorn: error: unrecognized arguments: --nope'],
      /unrecognized arguments: --nope$/,
    ],
    ['255', { code: 255 }, [], /worker_tmp_dir/],
    ['0', { code: 0 }, traceback, undefined],
    ['77', { code: 77 }, [], undefined],
    ['SIGKILL', { signal: 'SIGKILL' }, [], /killed from outside/],
    ['SIGTERM', { signal: 'SIGTERM' }, [], undefined],
  ])('%s is explained', (_title, exit, lines, expected) => {
    const explained = explainExit(exit, lines);
    expect(explained === undefined).toBe(expected === undefined);
    expect(explained ?? '').toMatch(expected ?? /^$/);
  });

  test('is explained in bounded words', () => {
    expect(explainExit({ code: 3 }, [`ValueError: ${'x'.repeat(9000)}`])?.length).toBeLessThan(400);
  });
});

describe('workers that boot and exit over and over', () => {
  const info = (text: string) => `[2026-01-01 00:00:00 +0000] [7] [INFO] ${text}`;

  function tell(lines: readonly (readonly [line: string, now: number])[]): readonly string[] {
    let watch = noBoots;
    const warnings: string[] = [];
    for (const [line, now] of lines) {
      const [next, warning] = watchBoots(watch, line, now);
      watch = next;
      if (warning !== undefined) warnings.push(warning);
    }
    expect(watch.booted.size).toBeLessThanOrEqual(64);
    return warnings;
  }

  const life = (pid: number, from: number, to: number) => [
    [info(`Booting worker with pid: ${pid}`), from] as const,
    [info(`Worker exiting (pid: ${pid})`), to] as const,
    [info(`Worker (pid:${pid}) exited with code 1`), to] as const,
  ];

  test('are told of once a minute, however many there are', () => {
    const lives = Array.from({ length: 1000 }, (_, index) =>
      life(index, index * 100, index * 100 + 90),
    ).flat();
    const warnings = tell(lives);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(
      /^Gunicorn's workers boot and exit over and over \(5 times in 1 s\).*sys\.exit\(\)/,
    );
  });

  test('are told of when each import takes long', () => {
    expect(
      tell(
        Array.from({ length: 5 }, (_, index) => life(index, index * 20_000, index * 20_000 + 19_000)).flat(),
      ),
    ).toHaveLength(1);
  });

  test.each<[string, readonly (readonly [string, number])[]]>([
    [
      'many workers at the start',
      Array.from({ length: 500 }, (_, index) => [info(`Booting worker with pid: ${index}`), index] as const),
    ],
    ['four short lives', Array.from({ length: 4 }, (_, index) => life(index, index, index + 1)).flat()],
    ['old workers', Array.from({ length: 9 }, (_, index) => life(index, 0, 60_000 + index)).flat()],
    [
      'a stop',
      [
        ...Array.from({ length: 9 }, (_, index) => [info(`Booting worker with pid: ${index}`), 0] as const),
        [info('Handling signal: term'), 5],
        ...Array.from({ length: 9 }, (_, index) => [info(`Worker exiting (pid: ${index})`), 9] as const),
      ],
    ],
    [
      'a request count',
      Array.from({ length: 9 }, (_, index) => [
        life(index, index, index + 1)[0] as readonly [string, number],
        [info('Autorestarting worker after current request.'), index] as const,
        ...life(index, index, index + 1).slice(1),
      ]).flat(),
    ],
    [
      'short lives far apart',
      Array.from({ length: 9 }, (_, index) => life(index, index * 200_000, index * 200_000 + 1)).flat(),
    ],
    [
      "the application's own words",
      Array.from({ length: 9 }, (_, index) => [`Worker exiting (pid: ${index})`, index] as const),
    ],
  ])('are not seen in %s', (_title, lines) => {
    expect(tell(lines)).toEqual([]);
  });
});
