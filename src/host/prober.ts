// The Prober port: http and tcp checks, each on a connection of its own, each over by its time-out, name lookup included.
// Law: the status line decides; at most the first bytes of a body are looked at, and nothing is kept alive.
import { request as requestHttp } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { ProbeOutcome, Prober } from '../ports.ts';
import { reasonOf } from './errno.ts';
import { DETAIL_BYTES, down, headOf, timedOut, up } from './probe-outcome.ts';
import { createTurnstile } from './turnstile.ts';

const REDIRECTS = 10;
/** A good answer's body is read this far, so that the server does not see its connection reset, bytes. */
const POLITE_BYTES = 64 * 1024;
const redirecting: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Headers meant for the host they were configured for, not for where it redirects to. */
const ownHostOnly: ReadonlySet<string> = new Set(['authorization', 'cookie', 'host']);

type Headers = Readonly<Record<string, string>>;

/** Probes that begin in one turn: hundreds of checks may be due in the same millisecond. */
const PER_TURN = 10;

export function createProber(): Prober {
  const pass = createTurnstile(PER_TURN);
  return {
    http: (url, headers, timeout) => pass().then(() => probeHttp(url, headers, timeout)),
    tcp: (host, port, timeout) => pass().then(() => probeTcp(host, port, timeout)),
  };
}

function probeTcp(host: string, port: number, timeout: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    // Both address families are tried, as for `localhost`: autoSelectFamily is Node's default.
    const socket = connect({ host, port });
    const settle = (outcome: ProbeOutcome): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => settle(timedOut(timeout)), timeout);
    socket.once('connect', () => settle(up));
    socket.on('error', (error) => settle(down(`cannot connect to "${host}:${port}": ${reasonOf(error)}`)));
  });
}

async function probeHttp(url: string, headers: Headers, timeout: number): Promise<ProbeOutcome> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeout);
  const release = (): void => clearTimeout(timer);
  try {
    const response = await follow(url, headers, limit.signal);
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode <= 299) {
      discard(response, release);
      return up;
    }
    const body = await readStart(response);
    release();
    return down(`non-2xx status code ${statusCode}`, headOf(body));
  } catch (error) {
    release();
    return limit.signal.aborted ? timedOut(timeout) : down(`cannot get "${url}": ${reasonOf(error)}`);
  }
}

/** The answer after up to ten redirects; headers of the first host's own are not sent to another. */
async function follow(url: string, headers: Headers, signal: AbortSignal): Promise<IncomingMessage> {
  let target = new URL(url);
  let sent = headers;
  for (let redirects = 0; ; redirects++) {
    const response = await get(target, sent, signal);
    const { statusCode = 0 } = response;
    const { location } = response.headers;
    if (!redirecting.has(statusCode) || location === undefined) return response;
    response.destroy();
    if (redirects === REDIRECTS) throw new Error(`it redirected more than ${REDIRECTS} times`);
    const next = new URL(location, target);
    if (next.host !== target.host) {
      sent = Object.fromEntries(
        Object.entries(sent).filter(([name]) => !ownHostOnly.has(name.toLowerCase())),
      );
    }
    target = next;
  }
}

async function get(url: URL, headers: Headers, signal: AbortSignal): Promise<IncomingMessage> {
  // TLS costs memory that a plain check need not pay.
  const request = url.protocol === 'https:' ? (await import('node:https')).request : requestHttp;
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, headers, signal });
    asked.once('response', resolve);
    asked.on('error', reject);
    asked.end();
  });
}

/** Reads a good answer to its end, within bounds. An endless one is cut at the time-out, which `done` releases. */
function discard(response: IncomingMessage, done: () => void): void {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > POLITE_BYTES) response.destroy();
  });
  // The answer has been given: how its body ends is nobody's concern.
  response.on('error', () => {});
  response.once('close', done);
}

/** The first bytes of a body, one more than is shown; what has come when it breaks off or its time is up. */
async function readStart(response: IncomingMessage): Promise<Buffer> {
  let start = Buffer.alloc(0);
  try {
    for await (const chunk of response) {
      start = Buffer.concat([start, chunk as Buffer]).subarray(0, DETAIL_BYTES + 1);
      if (start.length > DETAIL_BYTES) break;
    }
  } catch {
    // Cut off: the start is what there is.
  }
  return start;
}
