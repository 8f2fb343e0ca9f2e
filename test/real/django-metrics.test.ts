// The metrics of a real Django application under real Gunicorn, as they come out of the exporter that djsup ships.
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { valueIn } from '../exporter/exporter-process.ts';
import { findOriginal } from '../exporter/original.ts';
import { freePort } from '../support/free-port.ts';
import { program, until, writeLayers } from '../support/rig.ts';
import { shop, startShop, virtualEnvironment } from '../support/shop-site.ts';
import type { ShopSite } from '../support/shop-site.ts';

const original = findOriginal();

/** Waits for the application, with a request that is counted. */
async function served(site: ShopSite): Promise<void> {
  await until('the application answers', async () => (await site.get('/')) === 200, 25_000);
}

function metric(site: ShopSite, line: string, value: number): Promise<unknown> {
  return until(`${line} is ${value}`, async () => valueIn(await site.metrics(), line) === value);
}

/** `# TYPE` of each family. */
function kinds(text: string): ReadonlyMap<string, string> {
  const found = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Map(found.map(([, name = '', kind = '']) => [name, kind]));
}

describe('the exporter beside Django', () => {
  test('has every answer under its Django name, with kind, label and unit, and the counter of the application', async () => {
    await using site = await startShop();
    await served(site);
    // Started first, and up.
    const log = site.rig.stderr();
    expect(log.indexOf('"statsd-exporter" starting')).toBeLessThan(log.indexOf('"django" starting'));

    const asked = [
      '/',
      '/status/201',
      '/status/301',
      '/status/301',
      '/nothing',
      '/fail',
      '/status/503',
      '/slow',
    ];
    const answers: number[] = [];
    for (const path of asked) answers.push(await site.get(path));
    expect(answers).toEqual([200, 201, 301, 301, 404, 500, 503, 200]);
    for (let i = 0; i < 3; i += 1) await site.get('/count');

    // The first request of `served` makes it twelve; djsup's own checks are none of them.
    await metric(site, 'django_requests', 12);
    await metric(site, 'my_counter', 3);
    const text = await site.metrics();
    for (const [status, count] of Object.entries({ 200: 6, 201: 1, 301: 2, 404: 1, 500: 1, 503: 1 })) {
      expect(valueIn(text, `django_response_code{status="${status}"}`)).toBe(count);
    }
    expect(valueIn(text, 'django_request_duration_count')).toBe(12);
    // Seconds: the slow one alone took a fifth of one.
    const sum = valueIn(text, 'django_request_duration_sum') ?? 0;
    expect(sum).toBeGreaterThan(0.2);
    expect(sum).toBeLessThan(20);
    expect(valueIn(text, 'django_request_duration{quantile="0.99"}')).toBeGreaterThanOrEqual(0.2);
    const quantiles = [...text.matchAll(/^django_request_duration\{quantile="(.*?)"\}/gm)].map(([, q]) => q);
    expect(quantiles).toEqual(['0.5', '0.9', '0.99']);
    expect(Object.fromEntries(kinds(text))).toMatchObject({
      django_requests: 'counter',
      django_response_code: 'counter',
      django_request_duration: 'summary',
      my_counter: 'counter',
      gunicorn_workers: 'gauge',
    });
    expect(text).not.toMatch(/django_requests_total|gunicorn_request_status/);
    // Only here, not on the network (R14).
    expect(site.rig.cli('plan').stdout).toContain('statsd.listen-udp=localhost:');
  });

  test('is the original one where PATH has it, with the same metrics', async ({ skip }) => {
    skip('reason' in original, 'reason' in original ? original.reason : undefined);
    const path = 'path' in original ? `${dirname(original.path)}:${process.env['PATH'] ?? ''}` : '';
    await using site = await startShop({ environment: { PATH: path, VIRTUAL_ENV: virtualEnvironment() } });
    await served(site);
    expect(site.rig.cli('plan').stdout).toMatch(/command: \S+\/statsd_exporter --statsd/);
    expect(await site.get('/nothing')).toBe(404);
    await site.get('/count');
    await metric(site, 'django_requests', 3);
    await metric(site, 'django_response_code{status="404"}', 1);
    await metric(site, 'django_request_duration_count', 3);
    await metric(site, 'my_counter', 1);
  });

  test.each([
    ['a logger class of its own', '--logger-class shop.json_logger.JsonLogger --access-logfile -'],
    ['the standard logger', '--access-logfile - --access-logformat {"path":"%(U)s","status":%(s)s}'],
  ])('keeps its metrics where access is logged as JSON by %s', async (_title, args) => {
    await using site = await startShop({ environment: { GUNICORN_CMD_ARGS: args.replaceAll('"', '\\"') } });
    await served(site);
    expect(await site.get('/nothing')).toBe(404);
    await metric(site, 'django_requests', 2);
    await metric(site, 'django_response_code{status="404"}', 1);
    await metric(site, 'django_request_duration_count', 2);
    await metric(site, 'gunicorn_workers', 1);
    const lines = site.rig.cli('logs', 'django', '-n', '100').stdout.split('\n');
    const json = lines
      .flatMap((line) => /(\{.*\})$/.exec(line)?.[1] ?? [])
      .filter((line) => line.includes('nothing'));
    // One line a request, though two loggers look at it.
    expect(json).toHaveLength(1);
    expect(JSON.parse(json[0] ?? '')).toBeInstanceOf(Object);

    // And after a reload, once for each request.
    expect(site.rig.cli('signal', 'HUP', 'django').code).toBe(0);
    await until(
      'workers are new',
      () => site.rig.cli('logs', 'django').stdout.split('Booting worker').length > 2,
    );
    await served(site);
    const before = valueIn(await site.metrics(), 'django_response_code{status="404"}') ?? 0;
    expect(await site.get('/nothing')).toBe(404);
    await metric(site, 'django_response_code{status="404"}', before + 1);
  });
});

/** Gunicorn by itself, without the configuration that djsup ships. */
const bare = 'services: {django: {override: merge, command: python3 -m gunicorn shop.wsgi}}';

describe('Gunicorn without what djsup ships', () => {
  test('sends no metrics where a logger class is set', async () => {
    await using site = await startShop({
      layers: { bare },
      environment: {
        GUNICORN_CMD_ARGS: '--logger-class shop.json_logger.JsonLogger --statsd-host localhost:9',
      },
    });
    await served(site);
    await site.get('/count');
    await metric(site, 'my_counter', 1);
    expect(await site.metrics()).not.toContain('django_requests');
  });

  test('logs a traceback for each metric that nobody takes', async () => {
    await using site = await startShop({
      layers: { bare },
      exporter: 'off',
      environment: { GUNICORN_CMD_ARGS: `--statsd-host localhost:${await freePort()}` },
    });
    await served(site);
    const told = (): string => site.rig.cli('logs', 'django').stdout;
    await until('it complains', () => told().includes('Error sending message'));
    expect(told()).toContain('Traceback');
  });
});

describe('without the exporter', () => {
  test('Django runs, quietly, where the ports are taken, and the exporter comes once they are free', async () => {
    const udp = createSocket('udp4');
    const statsdPort = await freePort();
    await new Promise<void>((resolve) => udp.bind(statsdPort, '127.0.0.1', resolve));
    await using site = await startShop({ statsdPort });
    await served(site);
    // Between two tries it is seen to wait, and why.
    await until('the exporter waits', () =>
      /^statsd-exporter +enabled +backoff .*exited with code 1/m.test(
        site.rig.cli('services', '--wide').stdout,
      ),
    );
    expect(site.rig.cli('services').stdout).toMatch(/^django +enabled +active/m);
    expect(site.rig.cli('logs', 'statsd-exporter').stdout).toMatch(/cannot listen on UDP/);
    await new Promise<void>((resolve) => udp.close(() => resolve()));
    await until(
      'requests are counted',
      async () => {
        await site.get('/');
        return (valueIn(await site.metrics(), 'django_requests') ?? 0) > 0;
      },
      25_000,
    );
  });

  test('Gunicorn logs nothing of metrics that nobody takes', async () => {
    await using site = await startShop({ exporter: 'off' });
    await served(site);
    for (let i = 0; i < 5; i += 1) expect(await site.get('/')).toBe(200);
    expect(site.rig.cli('services').stdout).not.toContain('statsd-exporter');
    expect(site.rig.cli('logs', 'django', '-n', '200').stdout).not.toMatch(/statsd|Traceback/i);
  });

  test.each([
    ['the shipped layer', {}, undefined, 'localhost:9125'],
    ['DJSUP_STATSD_HOST', { DJSUP_STATSD_HOST: 'stats:8125' }, undefined, 'stats:8125'],
    ['DJSUP_STATSD_EXPORTER=off', { DJSUP_STATSD_EXPORTER: 'off' }, undefined, undefined],
    ['a layer that disables it', {}, 'override: merge, startup: disabled', undefined],
  ])('by %s Gunicorn is told where to send to', (_title, environment, entry, host) => {
    const directory = mkdtempSync(join(tmpdir(), 'djsup-plan-'));
    if (entry !== undefined) writeLayers(directory, { mine: `services: {statsd-exporter: {${entry}}}` });
    const { status, stdout } = spawnSync(program, ['plan', '--check'], {
      cwd: shop,
      env: { PATH: process.env['PATH'], DJSUP: directory, VIRTUAL_ENV: virtualEnvironment(), ...environment },
      encoding: 'utf8',
    });
    rmSync(directory, { recursive: true });
    expect(status).toBe(0);
    expect(/DJSUP_STATSD_HOST: (.*)/.exec(stdout)?.[1]).toBe(host);
  });
});
