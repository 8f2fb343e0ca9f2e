// The shipped layer, filled: it is a valid layer, and no value can change its shape.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { argvOf, parseCommand } from '../../src/core/command.ts';
import { parseLayer } from '../../src/core/layer.ts';
import { chooseExporter, keepsExporter } from '../../src/django/exporter.ts';
import { fillLayer } from '../../src/django/layer.ts';
import type { ShippedLayer } from '../../src/django/layer.ts';
import type { ProjectFacts } from '../../src/django/project.ts';
import { facts } from '../support/project-facts.ts';

const text = readFileSync(join(import.meta.dirname, '../../layers/django.yaml'), 'utf8');
const exporter = {
  command: ['/opt/djsup/bin/node', '/opt/djsup/dist/main.js', 'statsd-exporter'],
  mapping: '/opt/djsup/layers/statsd-mapping.yaml',
  host: 'localhost:9125',
};
const shipped = { text, gunicornConfig: '/opt/djsup/layers/gunicorn.conf.py', exporter };

interface Filled {
  readonly services: {
    readonly django: Readonly<Record<string, unknown>> & { readonly environment: Record<string, string> };
    readonly 'statsd-exporter'?: Readonly<Record<string, unknown>>;
  };
  readonly checks?: Readonly<Record<string, { readonly http: { readonly url: string } }>>;
}

function fill(changes: Partial<ProjectFacts>, given: ShippedLayer = shipped): Filled {
  const filled = fillLayer({ ...facts, ...changes }, given);
  const layer = parseLayer({
    text: filled,
    file: 'django.yaml',
    label: 'django',
    order: 0,
    origin: 'built in',
  });
  if (!layer.ok) throw new Error(layer.failure.map(({ message }) => message).join('; '));
  return parse(filled) as Filled;
}

describe('the shipped layer', () => {
  test('has the command, the kill-delay and both checks', () => {
    const { services, checks } = fill({});
    expect(services.django).toMatchObject({
      command:
        '/usr/bin/python3 -m gunicorn -c /opt/djsup/layers/gunicorn.conf.py mysite.wsgi:application -k [ gevent ]',
      'working-dir': '/django/app',
      'on-failure': 'restart',
      'kill-delay': '35s',
      environment: { PYTHONUNBUFFERED: '1', DJSUP_STATSD_HOST: 'localhost:9125' },
    });
    expect(checks).toMatchObject({
      'django-alive': {
        level: 'alive',
        service: 'django',
        http: { url: 'http://127.0.0.1:8000/__djsup__/worker' },
      },
      'django-ready': {
        level: 'ready',
        service: 'django',
        http: { url: 'http://127.0.0.1:8000/__djsup__/worker' },
      },
    });
  });

  test("follows the user's Gunicorn configuration", () => {
    const { services } = fill({ gunicorn: { ...facts.gunicorn, config: '/app/g.py', gracefulTimeout: 90 } });
    expect(services.django['kill-delay']).toBe('95s');
    expect(services.django.environment).toEqual({
      PYTHONUNBUFFERED: '1',
      DJSUP_GUNICORN_CONFIG: '/app/g.py',
      DJSUP_STATSD_HOST: 'localhost:9125',
    });
  });

  test('has no checks where there is nothing to probe', () => {
    expect(fill({ gunicorn: { ...facts.gunicorn, probe: undefined } })).not.toHaveProperty('checks');
  });

  test('has neither command nor checks where the user has a command', () => {
    const filled = fill({ wsgi: undefined });
    expect(filled.services.django).not.toHaveProperty('command');
    expect(filled).not.toHaveProperty('checks');
  });

  test('starts the exporter before Django, on localhost, with the mapping', () => {
    const { services } = fill({});
    expect(services['statsd-exporter']).toMatchObject({
      startup: 'enabled',
      before: ['django'],
      command:
        '/opt/djsup/bin/node /opt/djsup/dist/main.js statsd-exporter --statsd.mapping-config=/opt/djsup/layers/statsd-mapping.yaml [ --statsd.listen-udp=localhost:9125 --statsd.listen-tcp=localhost:9125 --web.listen-address=:9102 ]',
    });
    // Django runs without it too.
    expect(services.django).not.toHaveProperty('requires');
  });

  test('migrates before Django and workers, with what Django runs with, where migrations are wanted', () => {
    const migrations = {
      command: ['/opt/my python/python3', '/p/manage.py', 'migrate'],
      before: ['django', 'mail-worker'],
    };
    const filled = parse(fillLayer(facts, shipped, migrations)) as Filled & {
      services: { migrate: Readonly<Record<string, unknown>> };
    };
    expect(filled.services.migrate).toMatchObject({
      type: 'task',
      once: 'release',
      startup: 'enabled',
      before: ['django', 'mail-worker'],
      'service-context': 'django',
      command: "'/opt/my python/python3' /p/manage.py migrate",
    });
    expect(fill({}).services).not.toHaveProperty('migrate');
  });

  test('has no exporter, and tells Gunicorn of none, where it is switched off', () => {
    const { services } = fill({}, { ...shipped, exporter: undefined });
    expect(Object.keys(services)).toEqual(['django']);
    expect(services.django.environment).toEqual({ PYTHONUNBUFFERED: '1' });
  });

  test('keeps its shape whatever a value holds', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(
        "a'b",
        'a"b',
        '[',
        ']',
        '${WSGI}',
        '$&',
        '- x: y',
        '# x',
        'a\nb: c',
        '\\',
        ': ',
        '{a: b}',
        "'\"'",
        '~',
        '1',
        '',
        ' ',
      ),
    );
    // A layer's text may hold no control characters but these; a path with others cannot be a project's.
    const printable = anything.filter(
      (value) => !/[\p{Cc}\p{Cs}\ufeff]/u.test(value.replaceAll(/[\t\n]/g, '')),
    );
    fc.assert(
      fc.property(printable, printable, printable, (python, appDir, config) => {
        const filled = parse(
          fillLayer(
            { ...facts, python: `/${python}`, appDir: `/${appDir}`, gunicorn: { ...facts.gunicorn, config } },
            shipped,
          ),
        ) as Filled;
        expect(Object.keys(filled)).toEqual(['summary', 'description', 'services', 'checks']);
        expect(filled.services.django['working-dir']).toBe(`/${appDir}`);
        expect(filled.services.django.environment['DJSUP_GUNICORN_CONFIG']).toBe(config);
        const command = parseCommand(filled.services.django['command'] as string);
        if (!command.ok) throw new Error(command.failure);
        expect(argvOf(command.value)[0]).toBe(`/${python}`);
        expect(argvOf(command.value).slice(1, 4)).toEqual(['-m', 'gunicorn', '-c']);
        expect(command.value.defaults).toEqual(['gevent']);
      }),
    );
  });

  test('with a placeholder that djsup does not know is a bug, and told as one', () => {
    expect(() => fillLayer(facts, { ...shipped, text: 'services: {a: {summary: "${NONE}"}}' })).toThrow(
      'unknown placeholder "NONE"',
    );
  });
});

describe('the exporter', () => {
  const files = (path: string) => ({ exists: (asked: string) => asked === path });
  const paths = { own: ['node', 'main.js', 'statsd-exporter'], mapping: '/m.yaml' };
  const environment = { PATH: 'bin:/usr/bin:/bin' };

  test('is the original where PATH has it, else djsup, and none where it is off', () => {
    const choose = (place: string, more = {}) =>
      chooseExporter(files(place), { ...environment, ...more }, paths);
    expect(choose('/bin/statsd_exporter')).toEqual({
      command: ['/bin/statsd_exporter'],
      mapping: '/m.yaml',
      host: 'localhost:9125',
    });
    expect(choose('/opt/statsd_exporter')?.command).toBe(paths.own);
    expect(choose('bin/statsd_exporter')?.command).toBe(paths.own);
    expect(choose('', { DJSUP_STATSD_HOST: 'stats:8125' })?.host).toBe('stats:8125');
    expect(choose('', { DJSUP_STATSD_EXPORTER: 'off' })).toBeUndefined();
  });

  test.each([
    ['kept by no layer at all', [], true],
    ['kept by a layer that changes something else of it', ['{override: merge, summary: x}'], true],
    ['gone where a layer disables it', ['{override: merge, startup: disabled}'], false],
    ['gone where it is replaced by one that is not enabled', ['{override: replace, command: x}'], false],
    ['back', ['{override: merge, startup: disabled}', '{override: merge, startup: enabled}'], true],
  ])('is %s', (_title, entries, kept) => {
    const layers = entries.map((entry, order) => {
      const layer = parseLayer({
        text: `services: {statsd-exporter: ${entry}}`,
        file: 'x.yaml',
        label: 'x',
        order,
        origin: 'x.yaml',
      });
      if (!layer.ok) throw new Error('not a layer');
      return layer.value;
    });
    expect(keepsExporter(layers)).toBe(kept);
  });
});
