// JSON over HTTP for engines that speak it: a request with its whole answer, and an answer that comes line by line.
// Laws: a signal ends a request, and an answer that comes line by line until it begins; an answer has a largest size; the
// messages of errors show no header.
import { Agent, request as requestPlain } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as SecureAgent, request as requestSecure } from 'node:https';
import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';

/** A longer answer, or line, is an error, characters. */
const LONGEST = 1024 * 1024;

export interface HttpAnswer {
  readonly status: number;
  /** Undefined where the body is no JSON. */
  readonly json: unknown;
  /** The server's clock, ms since 1970; 0: it told none. */
  readonly date: number;
}

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface HttpConnection {
  call(call: HttpCall, signal: AbortSignal): Promise<HttpAnswer>;
  /**
   * Resolves once the answer begins, and the signal ends nothing any more. Of one with status 200 `line` gets each JSON value, and
   * `ended` is called at its end.
   */
  stream(
    call: HttpCall,
    signal: AbortSignal,
    line: (value: unknown) => void,
    ended: () => void,
  ): Promise<HttpAnswer>;
  readonly close: () => void;
}

/** `base`: scheme, host and port. Its connections are kept for the next call. */
export function openHttp(base: string, tls: ConnectionOptions): HttpConnection {
  const { protocol, hostname, port } = new URL(base);
  const isSecure = protocol === 'https:';
  const agent = isSecure ? new SecureAgent({ ...tls, keepAlive: true }) : new Agent({ keepAlive: true });
  const request = isSecure ? requestSecure : requestPlain;
  const end = new AbortController();

  function send({ method, path, headers, body }: HttpCall, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const outgoing = request({
        agent,
        host: hostname.replaceAll(/[[\]]/g, ''),
        ...(port === '' ? {} : { port }),
        method,
        path,
        headers: {
          accept: 'application/json',
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          ...headers,
        },
        signal,
      });
      outgoing.on('response', resolve).on('error', reject).on('socket', hush).end(text);
    });
  }

  /** The beginning of an answer that outlives the signal. */
  async function begun(call: HttpCall, signal: AbortSignal): Promise<IncomingMessage> {
    const beginning = new AbortController();
    const giveUp = (): void => beginning.abort(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await send(call, AbortSignal.any([beginning.signal, end.signal]));
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  return {
    async call(call, signal) {
      const response = await send(call, AbortSignal.any([signal, end.signal]));
      let text = '';
      response.setEncoding('utf8');
      for await (const part of response as AsyncIterable<string>) {
        text += part;
        if (text.length > LONGEST) throw new Error('its answer is too long');
      }
      return answerOf(response, text);
    },
    async stream(call, signal, line, ended) {
      const response = await begun(call, signal);
      if (response.statusCode !== 200) {
        response.destroy();
        return answerOf(response, '');
      }
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        const lines = (text + part).split('\n');
        text = lines.pop() ?? '';
        if (text.length > LONGEST) response.destroy();
        for (const one of lines) {
          const value = parse(one);
          if (value !== undefined) line(value);
        }
      });
      response.on('error', () => {}).once('close', ended);
      return answerOf(response, '');
    },
    close() {
      end.abort(new Error('it was closed'));
      agent.destroy();
    },
  };
}

/**
 * Where a request is aborted when its answer has come and was not read to its end, node:http lets go of the connection before
 * that tells its error, which nobody would hear then.
 */
function hush(socket: Socket): void {
  if (!socket.listeners('error').includes(ignore)) socket.on('error', ignore);
}

function ignore(): void {
  // Every request on it tells of the same.
}

function answerOf(response: IncomingMessage, text: string): HttpAnswer {
  const date = Date.parse(response.headers.date ?? '');
  return { status: response.statusCode ?? 0, json: parse(text), date: Number.isNaN(date) ? 0 : date };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
