// Replies that take their time, on real sockets: following logs, waiting, slow and vanished clients, closing.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ok, refuse } from '../../src/core/result.ts';
import type { Daemon } from '../../src/daemon/face.ts';
import type { LogRecord } from '../../src/daemon/records.ts';
import { change } from './fake-daemon.ts';
import { createRig, type Rig } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});
afterEach(() => rig[Symbol.asyncDispose]());

/** A log that says a line whenever asked for one, and remembers how often that was and whether it was let go. */
function endlessLog(line: string) {
  const seen = { given: 0, over: false };
  async function* lines(signal: AbortSignal): AsyncIterable<readonly LogRecord[]> {
    try {
      while (!signal.aborted) {
        seen.given++;
        yield [{ time: new Date(0), service: 's', message: line }];
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      seen.over = true;
    }
  }
  const logs: Daemon['logs'] = (_services, _count, _follow, signal) => lines(signal);
  return { seen, logs };
}

/** A log that never says anything until it is let go. */
function quietLog() {
  const seen = { over: false };
  async function* lines(signal: AbortSignal): AsyncIterable<readonly LogRecord[]> {
    if (!signal.aborted) await once(signal, 'abort');
    seen.over = true;
    yield [];
  }
  const logs: Daemon['logs'] = (_services, _count, _follow, signal) => lines(signal);
  return { seen, logs };
}

describe('streams', () => {
  test('following sends its headers at once and ends when the client goes', async () => {
    const { seen, logs } = quietLog();
    await rig.listening({ logs });
    const response = await rig.ask({ path: '/v1/logs?follow=true' });
    expect(response.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'transfer-encoding': 'chunked',
    });
    response.destroy();
    await vi.waitFor(() => expect(seen.over).toBe(true));
    await vi.waitFor(() =>
      expect(rig.logged.join()).toMatch(/GET \/v1\/logs\?follow=true \S+ 200 \(http\+unix\)/),
    );
  });

  test('a reader that stalls is waited for, and nothing piles up meanwhile', async () => {
    const { seen, logs } = endlessLog('x'.repeat(4000));
    await rig.listening({ logs });
    const response = await rig.ask({ path: '/v1/logs?follow=true' });
    response.pause();
    // Full buffers: the count stands still for 20 turns in a row.
    let still = 0;
    for (let last = -1; still < 20; last = seen.given) {
      still = last === seen.given ? still + 1 : 0;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const stalled = seen.given;
    expect(stalled * 4000).toBeLessThan(4 * 1024 * 1024);
    response.resume();
    await vi.waitFor(() => expect(seen.given).toBeGreaterThan(stalled * 2));
    response.destroy();
    await vi.waitFor(() => expect(seen.over).toBe(true));
  });

  test('a stalled reader that goes lets its log go', async () => {
    const { seen, logs } = endlessLog('x'.repeat(4000));
    await rig.listening({ logs });
    const response = await rig.ask({ path: '/v1/logs?follow=true' });
    response.pause();
    await vi.waitFor(() => expect(seen.given).toBeGreaterThan(20));
    response.destroy();
    await vi.waitFor(() => expect(seen.over).toBe(true));
  });

  test('an exception in the middle breaks the connection, is logged, and the daemon goes on', async () => {
    const logs: Daemon['logs'] = async function* planted() {
      yield [{ time: new Date(0), service: 's', message: 'first' }];
      throw new Error('planted');
    };
    await rig.listening({ logs });
    const response = await rig.ask({ path: '/v1/logs' });
    await expect(readAll(response)).rejects.toThrow('aborted');
    expect(rig.logged.join()).toContain('error Internal error in GET /v1/logs: Error: planted');
    expect((await rig.ask({ path: '/v1/services' })).statusCode).toBe(200);
  });
});

describe('waiting', () => {
  test('is given up when the client goes', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    let given = false;
    await rig.listening({
      async waitChange(_id, _timeout, signal) {
        begin();
        if (!signal.aborted) await once(signal, 'abort');
        given = true;
        return ok(change);
      },
    });
    const socket = await rig.send(['GET /v1/changes/1/wait HTTP/1.1', 'Host: x', '']);
    await begun;
    socket.destroy();
    await vi.waitFor(() => expect(given).toBe(true));
  });
});

describe('closing', () => {
  test('ends streams in order, and waits', async () => {
    const { logs } = quietLog();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const api = await rig.listening({
      logs,
      async waitChange(_id, _timeout, signal) {
        begin();
        if (!signal.aborted) await once(signal, 'abort');
        return refuse('internal', 'cannot wait for change "1": djsup is stopping');
      },
    });
    const following = await rig.ask({ path: '/v1/logs?follow=true' });
    const waiting = rig.ask({ path: '/v1/changes/1/wait' });
    await begun;
    const closed = api.close(10_000);
    expect(await readAll(following)).toBe('');
    const response = await waiting;
    expect(response.statusCode).toBe(500);
    expect(response.headers['connection']).toBe('close');
    await readAll(response);
    await closed;
    expect(existsSync(rig.path)).toBe(false);
  });

  test('cuts off what does not end within the grace', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const api = await rig.listening({
      refreshCheck() {
        begin();
        return new Promise(() => undefined);
      },
    });
    const socket = await rig.send([
      'POST /v1/checks/refresh HTTP/1.1',
      'Host: x',
      'Content-Length: 12',
      '',
      '{"name":"c"}',
    ]);
    await begun;
    await api.close(10);
    await vi.waitFor(() => expect(socket.closed).toBe(true));
  });

  test('a server that listens nowhere closes', async () => {
    await expect(rig.server().close(0)).resolves.toBeUndefined();
  });
});
