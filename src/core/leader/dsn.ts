// Addresses of database servers with user and password, and what they say about TLS.
// Law: no message tells any part of an address but its scheme, host, port and option names.
import { fail, ok } from '../result.ts';
import type { Result } from '../result.ts';
import type { TlsFiles } from './settings.ts';

export interface Dsn {
  /** Lower case. */
  readonly scheme: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** A name, an address, or the directory of a unix socket. */
  readonly host: string;
  readonly port: number | undefined;
  readonly database: string | undefined;
  /** Names in lower case, with "-" for "_". */
  readonly options: Readonly<Record<string, string>>;
}

/** `try`: encrypted where the server can, not verified. `default`: encrypted and verified where the server can. */
export type TlsMode = 'off' | 'try' | 'default' | 'unverified' | 'chain' | 'full';

export interface Tls extends TlsFiles {
  readonly mode: TlsMode;
}

const form = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?(?:#(.*))?$/is;
/** An option whose value has an "@", which may not be the one before a host and a database. */
const valueWithAt = /^[a-z][a-z_.-]*=[^/?]*$/i;

/** The failure is one sentence without the address. `what`: what the address is of, for that sentence. */
export function parseDsn(what: string, text: string): Result<Dsn, string> {
  const wrong = (reason: string): Result<never, string> =>
    fail(`cannot use the address of ${what}: ${reason}`);
  const parts = form.exec(text.trim());
  if (parts === null) return wrong('it must look like "scheme://user:password@host:port/name"');
  const [, scheme = '', authority = '', path = '', query = '', fragment = ''] = parts;
  const pairs = query.split('&').filter((word) => word !== '');
  // Else a part of the password would be taken for a host or a name, and shown.
  if (hasAt(path) || hasAt(fragment) || pairs.some((pair) => hasAt(pair) && !valueWithAt.test(pair)))
    return wrong(
      'an "@" comes after a "/", "?" or "#"; in a password these are written %2F, %3F, %23, and an "@" that belongs there %40',
    );
  // The last "@": passwords hold others, unencoded.
  const at = authority.lastIndexOf('@');
  const [user, password] = at < 0 ? [undefined, undefined] : split(authority.slice(0, at), ':');
  const options: Record<string, string> = {};
  for (const pair of pairs) {
    const [name, value = ''] = split(pair, '=');
    options[decode(name).toLowerCase().replaceAll('_', '-')] = decode(value);
  }
  const place = readPlace(authority.slice(at + 1));
  if (place === undefined)
    return wrong(
      'one host is needed, with a port of 1 to 65535 if any; "/", "?" and "#" in a password are written %2F, %3F, %23',
    );
  return ok({
    scheme: scheme.toLowerCase(),
    user: user === undefined || user === '' ? undefined : decode(user),
    password: password === undefined ? undefined : decode(password),
    host: place.host === '' ? (options['host'] ?? 'localhost') : place.host,
    port: place.port,
    database: path.length > 1 ? decode(path.slice(1)) : undefined,
    options,
  });
}

/** Where it goes, for people. */
export function placeOf(dsn: Dsn, defaultPort: number): string {
  if (dsn.host.startsWith('/')) return dsn.host;
  const host = dsn.host.includes(':') ? `[${dsn.host}]` : dsn.host;
  return `${host}:${dsn.port ?? defaultPort}`;
}

/** What never leaves this machine: a unix socket, or the loopback. */
export function isLocal(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** libpq's words, and MySQL's that mean the same. */
const modes: Readonly<Record<string, TlsMode>> = {
  disable: 'off',
  disabled: 'off',
  allow: 'try',
  prefer: 'try',
  preferred: 'try',
  require: 'unverified',
  required: 'unverified',
  'verify-ca': 'chain',
  'verify-full': 'full',
  'verify-identity': 'full',
};

/** What `sslmode` or `ssl-mode` asks for; without them `default`, or `off` where nothing leaves the machine. */
export function sqlTls(what: string, dsn: Dsn): Result<Tls, string> {
  const { options } = dsn;
  const files = {
    ca: options['sslrootcert'] === 'system' ? undefined : (options['sslrootcert'] ?? options['ssl-ca']),
    cert: options['sslcert'] ?? options['ssl-cert'],
    key: options['sslkey'] ?? options['ssl-key'],
  };
  const asked = options['sslmode'] ?? options['ssl-mode'];
  if (asked === undefined) return ok({ mode: isLocal(dsn.host) ? 'off' : 'default', ...files });
  const mode = modes[asked.toLowerCase().replaceAll('_', '-')];
  if (mode === undefined)
    return fail(
      `cannot use the address of ${what}: "sslmode" must be one of ${Object.keys(modes).join(', ')}`,
    );
  // As with libpq: a certificate authority that is named is asked.
  return ok({ mode: mode === 'unverified' && files.ca !== undefined ? 'chain' : mode, ...files });
}

/** What `rediss` asks for: verified unless `ssl_cert_reqs=none`. */
export function redisTls({ scheme, options }: Dsn): Tls {
  const files = {
    ca: options['ssl-ca-certs'],
    cert: options['ssl-certfile'],
    key: options['ssl-keyfile'],
  };
  if (!/^(?:rediss|valkeys)$/.test(scheme)) return { mode: 'off' };
  if (/^(?:none|cert_none)$/i.test(options['ssl-cert-reqs'] ?? '')) return { mode: 'unverified', ...files };
  return { mode: /^false$/i.test(options['ssl-check-hostname'] ?? '') ? 'chain' : 'full', ...files };
}

function hasAt(text: string): boolean {
  return text.includes('@');
}

function readPlace(text: string): { readonly host: string; readonly port: number | undefined } | undefined {
  const parts = /^(\[[0-9a-f:.%]+\]|[^:,@\s[\]]*)(?::(\d*))?$/i.exec(text);
  if (parts === null) return undefined;
  const [, host = '', digits = ''] = parts;
  const port = digits === '' ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  return { host: decode(host.replaceAll(/[[\]]/g, '').toLowerCase()), port };
}

function split(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** A "%" that encodes nothing stands for itself: Juju's relations hand passwords over as they are. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
