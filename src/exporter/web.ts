// The HTTP side: /metrics, /-/healthy, /-/ready, /-/reload, /-/quit and a page that says where they are.
// Law: an answer waits for its reader, never the exporter for an answer.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { ok, refuse } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import type { Address } from './address.ts';
import type { Counters } from './counters.ts';
import { contentType } from './exposition.ts';

export interface WebDeps {
  readonly counters: Counters;
  /** Where the metrics are. */
  readonly telemetryPath: string;
  /** Whether /-/reload and /-/quit are there. */
  readonly lifecycle: boolean;
  readonly metrics: (names: ReadonlySet<string>) => Iterable<string>;
  readonly reload: () => void;
  readonly quit: () => void;
}

export interface Web {
  readonly port: number;
  readonly address: string;
  close(): void;
}

const mostConnections = 256;
/** A reader that takes nothing for so long is let go, ms. */
const stalledFor = 30_000;
const plain = 'text/plain; charset=utf-8';

export async function listenWeb({ host, port }: Address, deps: WebDeps): Promise<Result<Web>> {
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    void answer(request, response, deps).catch(() => response.destroy());
  });
  server.maxConnections = mostConnections;
  server.timeout = stalledFor;
  const problem = await bound(server, port, host);
  if (problem !== undefined) {
    return refuse('internal', `cannot listen on HTTP ${host ?? '*'}:${port}: ${problem}`);
  }
  const at = server.address();
  if (at === null || typeof at === 'string')
    return refuse('internal', 'cannot listen on HTTP: it has no port');
  return ok({
    port: at.port,
    address: at.address,
    close() {
      server.close();
      server.closeAllConnections();
    },
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, deps: WebDeps): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'http://exporter');
  const path = url?.pathname ?? '';
  const changes = request.method === 'PUT' || request.method === 'POST';
  if (path === deps.telemetryPath) return sendMetrics(request, response, url?.searchParams, deps);
  switch (path) {
    case '/-/healthy':
      return send(response, request.method === 'GET' ? 'Statsd Exporter is Healthy.\n' : '');
    case '/-/ready':
      return send(response, request.method === 'GET' ? 'Statsd Exporter is Ready.\n' : '');
    case '/':
      return landing(response, deps);
  }
  if (deps.lifecycle && path === '/-/reload') {
    if (changes) deps.reload();
    return send(response, changes ? 'Requesting reload' : '');
  }
  if (deps.lifecycle && path === '/-/quit') {
    if (changes) response.on('close', deps.quit);
    return send(response, changes ? 'Requesting termination... Goodbye!' : '');
  }
  response.writeHead(404, { 'content-type': plain, 'x-content-type-options': 'nosniff' });
  response.end('404 page not found\n');
}

function send(response: ServerResponse, text: string): void {
  if (text !== '') response.setHeader('content-type', plain);
  response.setHeader('content-length', Buffer.byteLength(text));
  response.end(text);
}

function landing(response: ServerResponse, { telemetryPath, lifecycle }: WebDeps): void {
  const links = [telemetryPath, '/-/healthy', '/-/ready'].map(
    (path) => `<li><a href="${encodeURI(path)}">${encodeURI(path)}</a></li>`,
  );
  const control = lifecycle
    ? '<p>POST to /-/reload reads the mapping file again, to /-/quit ends it.</p>'
    : '';
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>StatsD exporter</title>
<h1>StatsD exporter of djsup</h1><ul>${links.join('')}</ul>${control}</html>\n`;
  response.setHeader('content-type', 'text/html; charset=UTF-8');
  response.end(page);
}

async function sendMetrics(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams | undefined,
  { counters, metrics }: WebDeps,
): Promise<void> {
  counters.scrapesInFlight += 1;
  try {
    response.setHeader('content-type', contentType);
    if (request.method === 'HEAD') return void response.end();
    const gzip = takesGzip(request.headers['accept-encoding']) ? createGzip({ level: 1 }) : undefined;
    if (gzip !== undefined) {
      response.setHeader('content-encoding', 'gzip');
      gzip.pipe(response);
    }
    const out = gzip ?? response;
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    for (const piece of metrics(new Set(query?.getAll('name[]')))) {
      if (response.destroyed) return;
      if (!out.write(piece)) await once(out, 'drain', { signal: gone.signal });
      await nextTurn();
    }
    out.end();
    counters.scrapes += 1;
  } finally {
    counters.scrapesInFlight -= 1;
  }
}

function takesGzip(header: string | string[] | undefined): boolean {
  const encodings = String(header ?? '').split(',');
  return encodings.some((encoding) => /^\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(encoding));
}

function bound(server: Server, port: number, host: string | undefined): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.once('listening', () => resolve(undefined));
    server.listen({ port, ...(host === undefined ? {} : { host }) });
  });
}
