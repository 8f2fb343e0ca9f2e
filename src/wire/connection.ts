// HTTP requests over a unix socket or to a base URL.
// Law: every request ends: with an answer, a failure that says why in one sentence, its time-out, or its signal.
import type { IncomingMessage } from 'node:http';
import { fail, ok, type Result } from '../core/result.ts';

/** Where the server listens: a unix socket, or an `http://` URL. */
export type Address = { readonly socketPath: string } | { readonly baseUrl: string };

/**
 * Why a call gave nothing. `unreachable`: no connection, or it broke. `refused`: the server answered with an error.
 * `unclear`: the answer is not what this API sends. `given-up`: the caller's own wish.
 */
export interface ClientFailure {
  readonly kind: 'unreachable' | 'refused' | 'unclear' | 'given-up';
  readonly message: string;
  /** HTTP status of a refusal. */
  readonly status?: number;
  /** `result.kind` of a refusal, where it has one. */
  readonly reason?: string;
}

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** From the call to the end of the answer (ask) or to its headers (open), ms. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Connection {
  /** The whole answer as text, at most 32 MiB. */
  ask(call: Call): Promise<Result<Answer, ClientFailure>>;
  /** An answer that is read as it comes; `close` or the signal ends it. */
  open(call: Call): Promise<Result<IncomingMessage, ClientFailure>>;
  /** What an error while such an answer is read means. */
  explain(error: unknown, signal: AbortSignal | undefined): ClientFailure;
  /** Ends all that is under way; nothing can be asked any more. */
  close(): void;
}

const answerLimit = 32 * 1024 * 1024;

// Every command pays for what happens here, so it is done the quick way. A static import of node:http evaluates all
// its getters, undici among them (50 ms); an Agent parses the host's name for TLS and keeps a pool (15 ms).
const http = process.getBuiltinModule('node:http');
const net = process.getBuiltinModule('node:net');

export function connect(address: Address): Connection {
  const closed = new AbortController();

  function open(call: Call): Promise<Result<IncomingMessage, ClientFailure>> {
    return new Promise((resolve) => {
      const place = placeOf(address);
      if (place === undefined) {
        const message = `cannot use base URL "${String(Object.values(address)[0])}", it must start with http://`;
        resolve(fail({ kind: 'unreachable', message }));
        return;
      }
      const body = call.body === undefined ? undefined : JSON.stringify(call.body);
      const request = http.request({
        createConnection: () => net.connect(place.connect),
        method: call.method,
        path: place.prefix + call.path,
        headers: {
          Host: place.host,
          ...(body === undefined
            ? {}
            : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
        },
        signal: call.signal === undefined ? closed.signal : AbortSignal.any([closed.signal, call.signal]),
      });
      const timer = setTimeout(() => request.destroy(slow(call.timeout)), call.timeout);
      request.on('error', (error) => {
        clearTimeout(timer);
        resolve(fail(explain(error, call.signal)));
      });
      request.on('response', (response) => {
        clearTimeout(timer);
        resolve(ok(response));
      });
      request.end(body);
    });
  }

  function explain(error: unknown, signal: AbortSignal | undefined): ClientFailure {
    if (closed.signal.aborted || signal?.aborted === true)
      return { kind: 'given-up', message: 'interrupted' };
    const name = 'baseUrl' in address ? `"${address.baseUrl}"` : `socket "${address.socketPath}"`;
    const trouble = connectionTrouble(name, error);
    return { kind: 'unreachable', message: `cannot communicate with server: ${trouble}` };
  }

  async function ask(call: Call): Promise<Result<Answer, ClientFailure>> {
    const begun = process.hrtime.bigint();
    const opened = await open(call);
    if (!opened.ok) return opened;
    const response = opened.value;
    const timer = setTimeout(
      () => response.destroy(slow(call.timeout)),
      Math.max(0, call.timeout - Number(process.hrtime.bigint() - begun) / 1e6),
    );
    try {
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > answerLimit) {
          return fail({ kind: 'unclear', message: `cannot read the answer to ${call.path}: too long` });
        }
        chunks.push(chunk);
      }
      return ok({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
    } catch (error) {
      return fail(explain(error, call.signal));
    } finally {
      clearTimeout(timer);
    }
  }

  return { ask, open, explain, close: () => closed.abort() };
}

/** How a URL or a socket is reached; undefined for a URL that is not plain HTTP. */
function placeOf(address: Address) {
  if ('socketPath' in address) {
    return { connect: { path: address.socketPath }, host: 'localhost', prefix: '' };
  }
  const url = URL.parse(address.baseUrl);
  if (url?.protocol !== 'http:') return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    connect: { host, port: Number(url.port || 80) },
    host: url.host,
    prefix: url.pathname.replace(/\/+$/, ''),
  };
}

const slowCode = 'DJSUP_SLOW';

function slow(timeout: number): Error {
  return Object.assign(new Error(`${timeout / 1000}s`), { code: slowCode });
}

/** What went wrong with a connection, and where. */
function connectionTrouble(place: string, error: unknown): string {
  if (!(error instanceof Error)) return `${String(error)} (${place})`;
  const code = 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `${place} not found; is djsup running?`;
    case 'EINVAL':
      return `cannot use ${place}: the path of a unix socket may have 107 bytes at most`;
    case 'ECONNREFUSED':
      return `nothing answers at ${place}; is djsup running?`;
    case 'EACCES':
    case 'EPERM':
      return `no permission to use ${place} (try with sudo)`;
    case 'ECONNRESET':
    case 'EPIPE':
      return `the connection to ${place} was closed before the answer was complete`;
    case slowCode:
      return `no answer at ${place} within ${error.message}`;
    default:
      return `${error.message} (${place})`;
  }
}
