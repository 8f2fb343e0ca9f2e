// `host:port` as the original takes it: `:9125`, `127.0.0.1:9125`, `localhost:9125`, `[::1]:9125`.
import { ok, refuse } from '../core/result.ts';
import type { Result } from '../core/result.ts';

export interface Address {
  /** Undefined: every address of the machine. */
  readonly host: string | undefined;
  readonly port: number;
}

export function parseAddress(text: string): Result<Address> {
  const match = /^(?:\[(?<v6>[\da-fA-F:.%\w]+)\]|(?<name>[^:[\]]*)):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.['port']);
  if (match === null || port > 65_535) {
    return refuse(
      'bad-request',
      `cannot use address "${text}": write host:port, like "localhost:9125" or ":9102"`,
    );
  }
  const host = match.groups?.['v6'] ?? match.groups?.['name'] ?? '';
  // StatsD clients (Gunicorn's among them) send to the IPv4 one, whatever the name resolves to first here.
  return ok({ host: host === 'localhost' ? '127.0.0.1' : host || undefined, port });
}

/** With brackets where they are needed. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
