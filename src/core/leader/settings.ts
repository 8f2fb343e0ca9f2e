// How to reach the engine that keeps an election's record, as plain data, one variant for each engine.
// Law: addresses with passwords are values of this type alone; `place`, messages and records never hold them.

export type LeaseSettings =
  FileLease | PostgresLease | MysqlLease | RedisLease | EtcdLease | KubernetesLease | ExternalLease;

/** `name`: of the election, the same in all replicas: row, key, file or object. */
export interface FileLease {
  readonly kind: 'file';
  readonly name: string;
  /** The lock file; it and its directory are made where they are missing. */
  readonly path: string;
  readonly allowNetworkFileSystem: boolean;
  /** It lies in the state directory, which one djsup at a time holds: what its locks do not show is not there. */
  readonly isPrivate: boolean;
}

export interface PostgresLease {
  readonly kind: 'postgres';
  readonly name: string;
  /** `postgresql://user:password@host:port/database?sslmode=...`, with libpq's sslmode, sslrootcert, sslcert, sslkey and host. */
  readonly dsn: string;
  /** Where the table `djsup_leader` is. */
  readonly schema: string;
  /** To be told of changes by LISTEN. */
  readonly listen: boolean;
}

export interface MysqlLease {
  readonly kind: 'mysql';
  readonly name: string;
  /** `mysql://user:password@host:port/database?ssl-mode=...`, with ssl-ca, ssl-cert and ssl-key. */
  readonly dsn: string;
}

export interface RedisLease {
  readonly kind: 'redis';
  readonly name: string;
  /** `redis://user:password@host:port/number`, `rediss://` for TLS with ssl_cert_reqs, ssl_ca_certs, ssl_certfile and ssl_keyfile. */
  readonly dsn: string;
  /** Of key and channel. */
  readonly prefix: string;
}

/** Paths of PEM files. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface EtcdLease {
  readonly kind: 'etcd';
  readonly name: string;
  /** `https://user:password@host:2379`, in the order they are tried in. */
  readonly endpoints: readonly string[];
  readonly prefix: string;
  readonly user: { readonly name: string; readonly password: string } | undefined;
  readonly tls: TlsFiles;
}

export interface KubernetesLease {
  readonly kind: 'kubernetes';
  /** Of the Lease object. */
  readonly name: string;
  readonly namespace: string;
  /** `https://10.96.0.1:443`. */
  readonly server: string;
  /** Read anew for each request, since tokens are exchanged. */
  readonly tokenFile: string;
  readonly caFile: string | undefined;
}

export interface ExternalLease {
  readonly kind: 'external';
  readonly name: string;
  /** Exit code 0: lead for the seconds it prints, an epoch after them where there is one. */
  readonly command: readonly string[];
  /** How soon a "no" is asked about again, ms. */
  readonly period: number;
  /** How long a "yes" holds that prints no number, counted from the start of the command, ms. */
  readonly ttl: number;
}

/** Names a row, a key, an object of Kubernetes and a file. */
export function recordName(app: string, group: string): string {
  const clean = `${app}-${group}`.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-');
  return clean.replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
}
