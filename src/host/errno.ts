// Codes of system errors, and what the common ones mean in words.

/** `ENOENT` and the like; undefined where the thing thrown carries no code. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const words: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'no local port is free',
  EAI_AGAIN: 'the name server does not answer',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'there is no route to it',
  EISDIR: 'it is a directory',
  EMFILE: 'too many files are open',
  ENETUNREACH: 'the network is unreachable',
  ENFILE: 'too many files are open on this machine',
  ENOENT: 'it does not exist',
  ENOSPC: 'no space is left on the device',
  ENOTDIR: 'part of its path is not a directory',
  ENOTFOUND: 'the name is unknown',
  EPERM: 'operation not permitted',
  EPIPE: 'the connection was closed',
  EROFS: 'the file system is read-only',
  ETIMEDOUT: 'it did not answer',
};

/** The reason in words, for the end of a sentence; the error's own first line where no word is known. */
export function reasonOf(error: unknown): string {
  const code = errorCode(error);
  const known = code === undefined ? undefined : words[code];
  if (known !== undefined) return known;
  const [line = 'unknown error'] = String(error instanceof Error ? error.message : error).split('\n');
  return line === '' ? (code ?? 'unknown error') : line;
}
