// TLS to an engine, from what its address asks for. Law: verified unless the address says otherwise.
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { isLocal } from '../../core/leader/dsn.ts';
import type { Tls } from '../../core/leader/dsn.ts';
import type { TlsFiles } from '../../core/leader/settings.ts';

/** Reads the files anew at each connection, since certificates are exchanged; throws what reading them throws. */
export function readTlsFiles({ ca, cert, key }: TlsFiles): ConnectionOptions {
  return {
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
    ...(key === undefined ? {} : { key: readFileSync(key) }),
  };
}

/** Undefined: no TLS. */
export function tlsOptions(tls: Tls, host: string): ConnectionOptions | undefined {
  if (tls.mode === 'off') return undefined;
  const files = readTlsFiles(tls);
  switch (tls.mode) {
    case 'try':
    case 'unverified':
      return { ...files, host, rejectUnauthorized: false };
    case 'chain':
      return { ...files, host, checkServerIdentity: () => undefined };
    case 'default':
    case 'full':
      return { ...files, host };
  }
}

/** The connection may be made without TLS where the server has none. */
export function mayBePlain({ mode }: Tls): boolean {
  return mode === 'try' || mode === 'default';
}

/** What is worth telling of a connection as it was made. */
export function tlsWarnings(tls: Tls, host: string, isEncrypted: boolean, remedy: string): readonly string[] {
  if (isLocal(host)) return [];
  if (!isEncrypted) return [`the connection to "${host}" is not encrypted: ${remedy}`];
  const isVerified = tls.mode === 'chain' || tls.mode === 'full' || tls.mode === 'default';
  return isVerified ? [] : [`the certificate of "${host}" is not verified: ${remedy}`];
}

const certificateCodes =
  /^(?:CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA)/;

/** The server's certificate was looked at and not believed. One driver has a code of its own for all that goes wrong. */
export function isDistrust(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  const code = String(error.code);
  return (
    certificateCodes.test(code) ||
    (code === 'HANDSHAKE_SSL_ERROR' && /certificate|altnames/i.test(error.message))
  );
}
