// Certificates of a test's own: an authority and a server's, for "localhost", 127.0.0.1 and what the test names.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { missing } from './install.ts';
import { account, ownDirectory, removeDirectory } from './private-process.ts';

export interface Certificates {
  readonly directory: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  remove(): void;
}

export const opensslMissing = (): string | undefined => missing(['openssl'], ['openssl']);

/** `hosts`: more names or addresses that the server's certificate is for. */
export function makeCertificates(hosts: readonly string[] = []): Certificates {
  const directory = ownDirectory('certificates');
  const at = (name: string): string => join(directory, name);
  const openssl = (...words: readonly string[]): void => {
    execFileSync('openssl', words, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  );
  openssl('req', ...key, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr');
  const names = ['localhost', '127.0.0.1', ...hosts].map(
    (host) => `${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`,
  );
  writeFileSync(at('names'), `subjectAltName=${names.join(',')}\n`);
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
  openssl('x509', '-req', '-in', 'server.csr', ...signing, '-days', '2', '-out', 'server.pem');
  chmodSync(at('server.key'), 0o600);
  if (account.uid !== undefined) chownSync(at('server.key'), account.uid, account.gid ?? 0);
  return {
    directory,
    ca: at('ca.pem'),
    cert: at('server.pem'),
    key: at('server.key'),
    remove: () => removeDirectory(directory),
  };
}
