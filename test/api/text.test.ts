// The pieces of text that clients parse: times, log lines, the request log.
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { logLines } from '../../src/api/log-lines.ts';
import { requestLine } from '../../src/api/request-log.ts';
import { localTime, utcTime } from '../../src/api/time.ts';
import { harness, network, root } from './harness.ts';

const zone = process.env['TZ'];
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

describe('times', () => {
  test.each([
    ['2026-11-20T22:55:49.660Z', '2026-11-20T22:55:49.66Z'],
    ['2026-11-20T22:55:49.001Z', '2026-11-20T22:55:49.001Z'],
    ['2026-11-20T22:55:49.500Z', '2026-11-20T22:55:49.5Z'],
    ['2026-11-20T22:50:00.000Z', '2026-11-20T22:50:00Z'],
    ['2026-11-20T22:50:10.100Z', '2026-11-20T22:50:10.1Z'],
  ])('%s is written %s', (given, written) => {
    expect(utcTime(new Date(given))).toBe(written);
  });

  test.each([
    ['Asia/Shanghai', '2026-11-21T06:55:49.66+08:00'],
    ['Asia/Kathmandu', '2026-11-21T04:40:49.66+05:45'],
    ['America/St_Johns', '2026-11-20T19:25:49.66-03:30'],
    ['Europe/London', '2026-11-20T22:55:49.66Z'],
    ['UTC', '2026-11-20T22:55:49.66Z'],
  ])('in %s it is %s', (name, written) => {
    process.env['TZ'] = name;
    expect(localTime(new Date('2026-11-20T22:55:49.660Z'))).toBe(written);
  });

  test('a written time is the same instant', () => {
    for (const name of ['America/St_Johns', 'Asia/Kathmandu', 'UTC']) {
      process.env['TZ'] = name;
      fc.assert(
        fc.property(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }), (date) => {
          expect(new Date(localTime(date)).getTime()).toBe(date.getTime());
        }),
        { numRuns: 50 },
      );
    }
  });
});

describe('log lines', () => {
  const record = (message: string, service = 'redis') => {
    return { time: new Date('2021-04-23T01:28:52.660Z'), service, message };
  };
  const messages = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { message: string }).message);

  test('a line is written as Pebble does, HTML left alone', () => {
    expect(logLines(record('a <b> & "c"'))).toBe(
      '{"time":"2021-04-23T01:28:52.66Z","service":"redis","message":"a <b> & \\"c\\""}\n',
    );
  });

  const longest = (text: string) => Math.max(...text.split('\n').map((line) => Buffer.byteLength(line) + 1));

  test.each([
    ['plain', 'x'.repeat(4096), 1],
    ['control characters', '\u0000'.repeat(4096), 5],
    ['quotes', '"'.repeat(4096), 2],
    ['four-byte characters', '\u{1f600}'.repeat(1024), 1],
    ['nothing', '', 1],
  ])('%s of 4 KiB', (_title, message, lines) => {
    const text = logLines(record(message));
    expect(messages(text)).toHaveLength(lines);
    expect(messages(text).join('')).toBe(message);
    expect(longest(text)).toBeLessThan(5120);
  });

  test('any message comes whole, in lines under 5120 bytes', () => {
    const unit = fc.constantFrom('a', '"', '\\', '\n', '\u0001', 'é', '€', '\u2028', '\u{1f600}', '<');
    const message = fc
      .array(fc.tuple(unit, fc.integer({ min: 1, max: 2000 })), { maxLength: 6 })
      .map((runs) => runs.map(([text, times]) => text.repeat(times)).join(''));
    fc.assert(
      fc.property(message, fc.string({ maxLength: 200 }), (given, service) => {
        const text = logLines(record(given, service));
        expect(messages(text).join('')).toBe(given);
        expect(longest(text)).toBeLessThan(5120);
      }),
      { numRuns: 60 },
    );
  });

  test('the measure sees a line that is not split', () => {
    expect(longest(`${JSON.stringify(record('\u0000'.repeat(4096)))}\n`)).toBeGreaterThanOrEqual(5120);
  });
});

describe('the request log', () => {
  test('tells method, URL, duration, status and transport', () => {
    const request = { method: 'POST', url: '/v1/services' };
    expect(requestLine(root, request, 1.18569, 202)).toBe('POST /v1/services 1.18569ms 202 (http+unix)');
    expect(requestLine(network, request, 2000, 401)).toBe('192.0.2.1:5000 POST /v1/services 2s 401 (http)');
  });

  test('is one line of bounded length whatever the URL', () => {
    const line = requestLine(root, { method: 'GET', url: '/a\r\nb\u001b[2J\u0085\u2028' }, 1, 404);
    expect(line).toBe('GET /a\\u000d\\u000ab\\u001b[2J\\u0085\\u2028 1ms 404 (http+unix)');
    expect(requestLine(root, { method: 'GET', url: '\u0001'.repeat(60_000) }, 1, 404).length).toBeLessThan(
      4000,
    );
  });

  test('leaves out what clients ask all the time, and only that', async () => {
    const api = harness();
    for (const url of ['/v1/system-info', '/v1/health', '/v1/changes/1', '/v1/changes/999']) {
      await api.ask('GET', url);
    }
    expect(api.logged).toEqual([]);
    await api.ask('GET', '/v1/changes/1/wait');
    await api.ask('POST', '/v1/changes/1', { body: '{"action":"abort"}' });
    await api.ask('DELETE', '/v1/health');
    await api.ask('GET', '/v1/nothing', { peer: network });
    const lines = api.logged.map((line) => line.replace(/ [\d.]+(µs|ms|s) /, ' TIME '));
    expect(lines).toEqual([
      'info GET /v1/changes/1/wait TIME 200 (http+unix)',
      'info POST /v1/changes/1 TIME 200 (http+unix)',
      'info DELETE /v1/health TIME 405 (http+unix)',
      'info 192.0.2.1:5000 GET /v1/nothing TIME 404 (http)',
    ]);
    await api.app.fastify.close();
  });
});
