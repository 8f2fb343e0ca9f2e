// A server of canned answers on a temporary unix socket. It keeps every request, and ends with the test that uses it.
import { createServer, type ServerResponse } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

/** Answers one request; `attempt` counts the requests of its route from 1. */
export type Answerer = (response: ServerResponse, asked: Asked, attempt: number) => void;

export interface FakeServer {
  readonly socketPath: string;
  readonly asked: readonly Asked[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param routes by `GET /v1/services`; the query does not count. Anything else is answered as an unknown route. */
export async function startFakeServer(routes: Readonly<Record<string, Answerer>>): Promise<FakeServer> {
  const directory = mkdtempSync(join(tmpdir(), 'djsup-fake-'));
  const socketPath = join(directory, '.djsup.socket');
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '' } = request;
      const route = `${method} ${url.split('?')[0] ?? ''}`;
      const one = { method, url, body: Buffer.concat(chunks).toString() };
      asked.push(one);
      const attempt = asked.filter(
        (past) => `${past.method} ${past.url.split('?')[0] ?? ''}` === route,
      ).length;
      (routes[route] ?? refused(404, 'invalid API endpoint requested'))(response, one, attempt);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(socketPath, resolve);
  });
  return {
    socketPath,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      rmSync(directory, { recursive: true });
    },
  };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

export function sync(result: unknown, status = 200): Answerer {
  return (response) => json(response, status, { type: 'sync', 'status-code': status, status: 'OK', result });
}

export function accepted(change: string): Answerer {
  return (response) =>
    json(response, 202, { type: 'async', 'status-code': 202, status: 'Accepted', change, result: null });
}

export function refused(status: number, message: string, kind?: string): Answerer {
  return (response) =>
    json(response, status, { type: 'error', 'status-code': status, status: 'x', result: { message, kind } });
}

export function ndjson(...lines: readonly unknown[]): Answerer {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
    response.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  };
}

/** Accepts the request and never answers. */
export const silence: Answerer = () => undefined;

/** Ends the connection without an answer, as a server that dies does. */
export const hangUp: Answerer = (response) => response.destroy();
