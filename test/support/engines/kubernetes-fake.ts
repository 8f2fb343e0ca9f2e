// What the API of Kubernetes does with Leases, as far as an election needs it: held against a real API server by the same
// tests. GET, PUT with resourceVersion, POST, watch with bookmarks and an end that asks to begin anew, and refusals.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

interface Lease {
  readonly apiVersion: string;
  readonly kind: string;
  metadata: Record<string, unknown> & {
    name?: string;
    uid?: string;
    resourceVersion?: string;
    annotations?: Record<string, string>;
  };
  spec?: Record<string, unknown>;
}

export type Verb = 'get' | 'update' | 'create' | 'watch';

export interface KubernetesFake {
  readonly port: number;
  readonly token: string;
  /** A new token; the old one is not valid any more. */
  rotate(): void;
  /** What the service account may not do. */
  readonly denied: Set<Verb>;
  /** It has just started: what it says of rights is not to be believed. */
  isStarting: boolean;
  /** What becomes of a watch as soon as it is used. */
  watches: 'go on' | 'end' | 'are too old';
  /** How many requests there were. */
  readonly requests: () => number;
  /** As an administrator with kubectl. */
  edit(name: string, change: (lease: Lease) => void): void;
  make(name: string): void;
  remove(name: string): void;
  /** Ends all watches with "too old resource version". */
  expireWatches(): void;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const tooOld = `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })}\n`;
const group = '/apis/coordination.k8s.io/v1/namespaces/prod/leases';

/** `tls`: its key and certificate; plain HTTP without. */
export async function startKubernetesFake(tls?: {
  readonly key: Buffer;
  readonly cert: Buffer;
}): Promise<KubernetesFake> {
  let token = randomUUID();
  const denied = new Set<Verb>();
  const leases = new Map<string, Lease>();
  const watches = new Set<{ readonly name: string; readonly response: ServerResponse }>();
  const sockets = new Set<Socket>();
  let revision = 1000;
  let requests = 0;

  function store(name: string, lease: Lease, type: 'ADDED' | 'MODIFIED'): Lease {
    revision += 1;
    lease.metadata.resourceVersion = String(revision);
    leases.set(name, lease);
    tell(name, type, lease);
    return lease;
  }

  function tell(name: string, type: string, object: unknown): void {
    for (const one of watches)
      if (one.name === name) one.response.write(`${JSON.stringify({ type, object })}\n`);
  }

  function answer(response: ServerResponse, code: number, body: unknown): void {
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  function refuse(response: ServerResponse, code: number, reason: string): void {
    answer(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code });
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests += 1;
    if (request.headers.authorization !== `Bearer ${token}`) return refuse(response, 401, 'Unauthorized');
    const url = new URL(request.url ?? '/', 'http://localhost');
    const name = url.pathname.slice(group.length + 1);
    const isWatch = url.searchParams.get('watch') === '1';
    const verb = isWatch
      ? 'watch'
      : ({ GET: 'get', PUT: 'update', POST: 'create' } as const)[request.method ?? ''];
    if (url.pathname === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews') {
      const { spec } = (await bodyOf(request)) as { spec: { resourceAttributes: { verb: Verb } } };
      return answer(response, 201, { spec, status: { allowed: !denied.has(spec.resourceAttributes.verb) } });
    }
    if (url.pathname === '/readyz') return answer(response, fake.isStarting ? 500 : 200, {});
    if (verb === undefined || !url.pathname.startsWith(group)) return refuse(response, 404, 'NotFound');
    if (denied.has(verb)) return refuse(response, 403, 'Forbidden');
    if (isWatch) return watch(url, response);
    const old = leases.get(name);
    if (request.method === 'GET')
      return old === undefined ? refuse(response, 404, 'NotFound') : answer(response, 200, old);
    const lease = (await bodyOf(request)) as Lease;
    if (request.method === 'POST') {
      const made = lease.metadata.name ?? '';
      if (leases.has(made)) return refuse(response, 409, 'AlreadyExists');
      lease.metadata.uid = randomUUID();
      return answer(response, 201, store(made, lease, 'ADDED'));
    }
    const now = leases.get(name);
    if (now === undefined) return refuse(response, 404, 'NotFound');
    const { resourceVersion, uid } = lease.metadata;
    if (resourceVersion !== now.metadata.resourceVersion || uid !== now.metadata.uid)
      return refuse(response, 409, 'Conflict');
    return answer(response, 200, store(name, lease, 'MODIFIED'));
  }

  function watch(url: URL, response: ServerResponse): void {
    const name = (url.searchParams.get('fieldSelector') ?? '').replace('metadata.name=', '');
    const one = { name, response };
    watches.add(one);
    response.on('close', () => watches.delete(one));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const lease = leases.get(name);
    if (lease !== undefined) response.write(`${JSON.stringify({ type: 'ADDED', object: lease })}\n`);
    const metadata = { resourceVersion: String(revision) };
    response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Lease', metadata } })}\n`);
    if (fake.watches === 'go on') return;
    const last = fake.watches === 'end' ? '' : tooOld;
    setTimeout(() => response.end(last), 20);
  }

  const listen = (request: IncomingMessage, response: ServerResponse): void => void handle(request, response);
  const server = tls === undefined ? createServer(listen) : createSecureServer(tls, listen);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  function cut(): void {
    for (const socket of sockets) socket.destroy();
  }

  const fake: KubernetesFake = {
    port,
    get token() {
      return token;
    },
    rotate() {
      token = randomUUID();
    },
    denied,
    isStarting: false,
    watches: 'go on',
    requests: () => requests,
    edit(name, change) {
      const lease = structuredClone(leases.get(name));
      if (lease === undefined) return;
      change(lease);
      store(name, lease, 'MODIFIED');
    },
    make(name) {
      const metadata = { name, namespace: 'prod', uid: randomUUID() };
      store(name, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: {} }, 'ADDED');
    },
    remove(name) {
      const lease = leases.get(name);
      leases.delete(name);
      if (lease !== undefined) tell(name, 'DELETED', lease);
    },
    expireWatches() {
      for (const { response } of watches) response.end(tooOld);
    },
    async restart() {
      cut();
      await new Promise((resolve) => server.close(resolve));
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    },
    async stop() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += String(part);
  return JSON.parse(text) as unknown;
}
