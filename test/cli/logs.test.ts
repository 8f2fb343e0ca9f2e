import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { ndjson, startFakeServer, type Answerer } from '../wire/fake-server.ts';
import { djsup, djsupAgainst } from './harness.ts';

const entry = { time: '2026-11-20T22:55:49.02Z', service: 'web', message: 'hello <x>' };

/** Sends one entry, and then nothing for ever. */
const endless: Answerer = (response) => void response.write(`${JSON.stringify(entry)}\n`);

describe('logs', () => {
  test('prints lines with the time in milliseconds', async () => {
    expect(await djsupAgainst({ 'GET /v1/logs': ndjson(entry, entry) }, ['logs'])).toMatchObject({
      code: 0,
      stdout: '2026-11-20T22:55:49.020Z [web] hello <x>\n'.repeat(2),
      stderr: '',
    });
  });

  test('prints JSON, one object a line', async () => {
    const { stdout } = await djsupAgainst({ 'GET /v1/logs': ndjson(entry) }, ['logs', '--format', 'json']);
    expect(stdout).toBe(`${JSON.stringify(entry)}\n`);
  });

  test.each([
    [['logs'], '/v1/logs?n=30'],
    [['logs', '-n', '0'], '/v1/logs?n=0'],
    [['logs', '-n', 'all', 'a', 'b'], '/v1/logs?services=a%2Cb&n=-1'],
    [['logs', '-f'], '/v1/logs?n=30&follow=true'],
  ])('%j asks for %s', async (words, url) => {
    const { asked } = await djsupAgainst({ 'GET /v1/logs': ndjson() }, words);
    expect(asked[0]?.url).toBe(url);
  });

  test.each(['x', '-1', '1.5'])('refuses -n %s', async (n) => {
    expect((await djsup(['logs', '-n', n])).stderr).toBe(
      `error: expected n to be a non-negative integer or "all", not "${n}"\n`,
    );
  });

  test('-f ends with 0 at Ctrl-C', async () => {
    let interrupt: () => void = () => undefined;
    const answer: Answerer = (response) =>
      void response.write(`${JSON.stringify(entry)}\n`, () => setImmediate(() => interrupt()));
    const result = await djsupAgainst({ 'GET /v1/logs': answer }, ['logs', '-f'], {
      onInterrupt(handler) {
        interrupt = handler;
        return () => undefined;
      },
    });
    expect(result).toMatchObject({ code: 0, stderr: '' });
  });

  test('-f ends without a word when whoever reads has gone', async () => {
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
    const result = await djsupAgainst({ 'GET /v1/logs': endless }, ['logs', '-f'], { stdout });
    expect(result).toMatchObject({ code: 0, stderr: '' });
  });

  test('says so when its output is lost for another reason', async () => {
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => done(new Error('no space left on device')),
    });
    const result = await djsupAgainst({ 'GET /v1/logs': ndjson(entry) }, ['logs'], { stdout });
    expect(result).toMatchObject({
      code: 1,
      stderr: 'error: cannot write the output: no space left on device\n',
    });
  });

  test('waits for a slow reader before it reads on', async () => {
    // The server sends far more than pipes hold; it must not get rid of all while the reader takes nothing.
    const line = `${JSON.stringify({ ...entry, message: 'x'.repeat(4000) })}\n`;
    let sent = 0;
    const flood: Answerer = (response) => {
      const send = () => {
        while (sent < 20_000 && !response.destroyed) {
          sent += 1;
          if (!response.write(line)) {
            response.once('drain', send);
            return;
          }
        }
        response.end();
      };
      send();
    };
    await using server = await startFakeServer({ 'GET /v1/logs': flood });
    let stalled: () => void = () => undefined;
    const firstWrite = new Promise<void>((resolve) => {
      stalled = resolve;
    });
    const held: (() => void)[] = [];
    const stdout = new Writable({
      write(_chunk, _encoding, done) {
        held.push(done);
        stalled();
      },
    });
    const gone = djsup(['logs', '-f'], { environment: { DJSUP_SOCKET: server.socketPath }, stdout });
    await firstWrite;
    let before = -1;
    while (before !== sent) {
      before = sent;
      for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    }
    expect(sent).toBeLessThan(2000);
    stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    expect(await gone).toMatchObject({ code: 0, stderr: '' });
  });
});
