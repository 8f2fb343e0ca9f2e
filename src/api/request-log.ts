// The line that djsup logs for a request, in Pebble's format.
// Law: one line, of bounded length, whatever the client sent.
import { formatDuration } from '../core/duration.ts';
import type { Peer } from './access.ts';

const LONGEST_URL = 500;

/** `duration` is in ms. */
export function requestLine(
  peer: Peer,
  request: { readonly method: string; readonly url: string },
  duration: number,
  status: number,
): string {
  const line = `${request.method} ${printable(request.url)} ${formatDuration(duration)} ${status}`;
  return peer.transport === 'unix' ? `${line} (http+unix)` : `${peer.address} ${line} (http)`;
}

function printable(url: string): string {
  const short = url.length > LONGEST_URL ? `${url.slice(0, LONGEST_URL)}...` : url;
  return short.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
