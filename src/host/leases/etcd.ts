// etcd: one key for each election, changed by transactions that name the text they replace, over its JSON gateway.
// Laws: the key has no lease of etcd's, for those may end early or late; a revision that went back is another life.
import type { EtcdLease } from '../../core/leader/settings.ts';
import { isLocal, parseDsn } from '../../core/leader/dsn.ts';
import type { Result } from '../../core/result.ts';
import type { LeaseStore } from '../../ports.ts';
import { openHttp } from './http-json.ts';
import type { HttpAnswer, HttpConnection } from './http-json.ts';
import { createLeaseStore, createRefusedStore } from './store.ts';
import type { Bell, Refusal, Sample, Session, Swap } from './store.ts';
import { isDistrust, readTlsFiles } from './tls.ts';

/** Numbers come as text: they have 64 bits. */
interface Header {
  readonly cluster_id?: string;
  readonly revision?: string;
}
interface KeyValue {
  readonly value?: string;
}
interface Answer {
  readonly header?: Header;
  readonly kvs?: readonly KeyValue[];
  readonly succeeded?: boolean;
  readonly responses?: readonly { readonly response_range?: { readonly kvs?: readonly KeyValue[] } }[];
  readonly token?: string;
}

interface Endpoint {
  /** Scheme, host and port. */
  readonly base: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

export function openEtcd(settings: EtcdLease): LeaseStore {
  const endpoints: Endpoint[] = [];
  for (const address of settings.endpoints) {
    const parsed = parseDsn('etcd', address);
    if (!parsed.ok) return createRefusedStore('etcd', parsed.failure);
    const {
      scheme,
      host,
      port = 2379,
      user = settings.user?.name,
      password = settings.user?.password,
    } = parsed.value;
    if (scheme !== 'http' && scheme !== 'https')
      return createRefusedStore(
        'etcd',
        'cannot use the address of etcd: it must begin with http:// or https://',
      );
    endpoints.push({
      base: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`,
      user,
      password,
    });
  }
  if (endpoints.length === 0) return createRefusedStore('etcd', 'cannot use etcd: no address is given');
  const name = `${settings.prefix}${settings.name}`;
  const key = encode(name);
  const place = `etcd at ${endpoints.map(({ base }) => base).join(', ')}, key "${name}"`;
  let turn = 0;
  const life = createLife();
  /** The engine's clock, as it was told last, ms: an election that has come from another engine brings epochs as great as that. */
  let now = 0;

  function sampleOf(header: Header = {}, kvs: readonly KeyValue[] = []): Sample {
    const value = kvs[0]?.value;
    return {
      text: value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8'),
      incarnation: life.name(header),
      counter: Math.max(Number(header.revision ?? 0), now),
    };
  }

  async function connect(bell: Bell, signal: AbortSignal): Promise<Result<Session, Refusal>> {
    // Another one each time: the last may be down.
    const endpoint = endpoints.at(turn % endpoints.length) as Endpoint;
    turn += 1;
    const http = openHttp(endpoint.base, readTlsFiles(settings.tls));
    try {
      const headers = await logIn(http, endpoint, signal);
      const ask = async (path: string, body: unknown, late: AbortSignal): Promise<Answer> => {
        const check = life.sending();
        const reply = await http.call({ method: 'POST', path, body, headers }, late);
        now = Math.max(now, reply.date);
        const answer = accepted(reply);
        check(answer.header ?? {});
        return answer;
      };
      const read = async (late: AbortSignal): Promise<Sample> => {
        const { header, kvs } = await ask('/v3/kv/range', { key }, late);
        return sampleOf(header, kvs);
      };
      await read(signal);
      await watch(http, headers, bell, signal);
      return {
        ok: true,
        value: { warnings: warningsOf(endpoint), read, swap: swapWith(ask), close: http.close },
      };
    } catch (error) {
      http.close();
      throw error;
    }
  }

  function swapWith(
    ask: (path: string, body: unknown, signal: AbortSignal) => Promise<Answer>,
  ): Session['swap'] {
    return async (expect, text, _record, signal): Promise<Swap> => {
      const compare =
        expect === undefined
          ? { key, result: 'EQUAL', target: 'VERSION', version: '0' }
          : { key, result: 'EQUAL', target: 'VALUE', value: encode(expect) };
      const put = { request_put: { key, value: encode(text) } };
      const range = { request_range: { key } };
      const answer = await ask(
        '/v3/kv/txn',
        { compare: [compare], success: [put], failure: [range] },
        signal,
      );
      if (answer.succeeded === true) return { ...sampleOf(answer.header), text, swapped: true };
      return { ...sampleOf(answer.header, answer.responses?.[0]?.response_range?.kvs), swapped: false };
    };
  }

  async function watch(
    http: HttpConnection,
    headers: Record<string, string>,
    bell: Bell,
    signal: AbortSignal,
  ): Promise<void> {
    const request = {
      method: 'POST',
      path: '/v3/watch',
      headers,
      body: { create_request: { key } },
    } as const;
    const answer = await http.stream(
      request,
      signal,
      (message) => {
        const { result } = message as {
          readonly result?: {
            readonly header?: Header;
            readonly canceled?: boolean;
            readonly events?: readonly { readonly kv?: KeyValue }[];
          };
        };
        const last = result?.events?.at(-1)?.kv;
        if (last?.value !== undefined) bell.changed(sampleOf(result?.header, [last]));
        else if (last !== undefined) bell.changed();
        else if (result?.canceled === true) bell.lost();
      },
      bell.lost,
    );
    accepted(answer);
  }

  const secrets = endpoints.map(({ password }) => password);
  return createLeaseStore({ place, secrets, connect, refusal: (error) => refusalOf(error, place, name) });
}

/** What goes there can be read, and changed, on the way. */
function warningsOf({ base }: Endpoint): readonly string[] {
  const { protocol, hostname } = new URL(base);
  if (protocol === 'https:' || isLocal(hostname.replaceAll(/[[\]]/g, ''))) return [];
  return [`the connection to "${hostname}" is not encrypted: use https:// in ETCD_ENDPOINTS`];
}

/**
 * The life of the cluster's data: an answer with a lower revision than one that had come before it was asked for is from a
 * backup that was restored. Every replica sees that for itself.
 */
function createLife(): { sending(): (header: Header) => void; name(header: Header): string } {
  let cluster = '';
  let highest = 0;
  let restores = 0;
  return {
    sending() {
      const before = { cluster, highest };
      return ({ cluster_id = '', revision = '0' }) => {
        const isBack = cluster_id === before.cluster && Number(revision) < before.highest;
        if (isBack) restores += 1;
        highest = isBack || cluster_id !== cluster ? Number(revision) : Math.max(highest, Number(revision));
        cluster = cluster_id;
      };
    },
    name: ({ cluster_id = '' }) => (restores === 0 ? cluster_id : `${cluster_id}/restored ${restores}`),
  };
}

/** A token lives for minutes; one that has ended is an error that ends the session, and the next one logs in anew. */
async function logIn(
  http: HttpConnection,
  { user, password }: Endpoint,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  if (user === undefined) return {};
  const body = { name: user, password: password ?? '' };
  const answer = await http.call({ method: 'POST', path: '/v3/auth/authenticate', body }, signal);
  // Without authentication nobody needs a token.
  if (messageOf(answer).includes('authentication is not enabled')) return {};
  const { token = '' } = accepted(answer);
  return { authorization: token };
}

/** etcd answered, and not with what was asked for. */
class Answered extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message === '' ? `it answered ${status}` : message);
    this.status = status;
  }
}

function accepted(answer: HttpAnswer): Answer {
  if (answer.status !== 200) throw new Answered(answer.status, messageOf(answer));
  return answer.json ?? {};
}

function messageOf({ json }: HttpAnswer): string {
  const { error, message } = (json ?? {}) as { readonly error?: unknown; readonly message?: unknown };
  return [error, message].find((text) => typeof text === 'string') ?? '';
}

function refusalOf(error: unknown, place: string, name: string): Refusal | undefined {
  if (isDistrust(error))
    return {
      error: 'unsafe',
      message: `cannot elect a leader at ${place}: its certificate is not trusted (${(error as Error).message}); name its authority in ETCDCTL_CACERT`,
    };
  if (!(error instanceof Answered)) return undefined;
  const text = error.message;
  // A token that has ended: the next session has another one.
  if (text.includes('invalid auth token')) return undefined;
  if (
    /permission denied|user name is empty|authentication failed|invalid user/.test(text) ||
    error.status === 401 ||
    error.status === 403
  )
    return {
      error: 'permission',
      message: `cannot use ${place}: ${text}; set ETCDCTL_USER to "name:password", and grant its role: etcdctl role grant-permission ROLE readwrite ${name}`,
    };
  if (error.status === 404)
    return {
      error: 'unsafe',
      message: `cannot elect a leader at ${place}: it has no JSON gateway under /v3; etcd 3.4 or later is needed, with its gateway on`,
    };
  return undefined;
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
