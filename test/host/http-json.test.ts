// JSON over HTTP, against a server of a few lines.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { openHttp } from '../../src/host/leases/http-json.ts';

const errors: unknown[] = [];
const note = (error: unknown): void => void errors.push(error);
afterEach(() => process.off('uncaughtException', note));

test('who closes the connection on hearing the last line of an answer leaves no error that nobody hears', async () => {
  process.on('uncaughtException', note);
  const server = createServer((_request, response) => response.end('{"type": "ERROR"}\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const http = openHttp(`http://127.0.0.1:${port}`, {});
  const heard: unknown[] = [];
  const ended = new Promise<void>((resolve) => {
    const line = (value: unknown): void => {
      heard.push(value);
      http.close();
    };
    void http.stream({ method: 'GET', path: '/' }, AbortSignal.timeout(5000), line, resolve);
  });
  await ended;
  // Errors of connections come a few turns later.
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  expect(heard).toEqual([{ type: 'ERROR' }]);
  expect(errors).toEqual([]);
  await new Promise((resolve) => server.close(resolve));
});
