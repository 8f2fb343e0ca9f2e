// Paths with `//`, `.` or `..` in them. Law: what reaches a route has none of these, however they were encoded.
import { posix } from 'node:path';

/** Where such a URL should have gone, its query kept; undefined for a path that is clean, or that cannot be decoded. */
export function redirection(url: string): string | undefined {
  if (!url.startsWith('/')) return undefined;
  const mark = url.indexOf('?');
  const path = decodedPath(url);
  if (path === undefined) return undefined;
  const clean = posix.normalize(path);
  if (clean === path) return undefined;
  return encodeURI(clean).replace(/[?#]/g, encodeURIComponent) + (mark < 0 ? '' : url.slice(mark));
}

/** The path of a URL without its query; undefined when its percent escapes are broken. */
export function decodedPath(url: string): string | undefined {
  const mark = url.indexOf('?');
  try {
    return decodeURIComponent(mark < 0 ? url : url.slice(0, mark));
  } catch {
    return undefined;
  }
}
