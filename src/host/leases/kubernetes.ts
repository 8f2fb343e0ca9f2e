// Kubernetes: one Lease for each election, the record in an annotation, its other fields kept true for kubectl.
// Laws: a Lease is replaced only as it was seen, by its resourceVersion, and only if it held the expected record; a Lease
// that names another holder than its record, as an administrator's hand does, is no record.
import { decodeRecord } from '../../core/leader/record.ts';
import type { LeaderRecord } from '../../core/leader/record.ts';
import type { KubernetesLease } from '../../core/leader/settings.ts';
import { second } from '../../core/leader/timing.ts';
import type { Result } from '../../core/result.ts';
import type { LeaseStore } from '../../ports.ts';
import { openPod } from './kubernetes-api.ts';
import type { KubernetesApi } from './kubernetes-api.ts';
import { createLeaseStore } from './store.ts';
import type { Bell, Refusal, Sample, Session, Swap } from './store.ts';
import { isDistrust } from './tls.ts';

const annotation = 'djsup.dev/record';
/** Where no Lease is. */
const absent = 'absent';

/** What is read of it; everything else is kept as it was. */
interface Lease {
  readonly metadata?: {
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly renewTime?: string;
    readonly acquireTime?: string;
    readonly leaseTransitions?: number;
  };
}

export function openKubernetes(settings: KubernetesLease): LeaseStore {
  const { name, namespace } = settings;
  const place = `Kubernetes at ${settings.server}, lease "${namespace}/${name}"`;
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
  const path = `${leases}/${encodeURIComponent(name)}`;

  async function connect(bell: Bell, signal: AbortSignal): Promise<Result<Session, Refusal>> {
    const api = openPod(settings);
    /** The Lease as this session saw it last: what is written over it needs no reading first. */
    let latest: Found;

    async function get(late: AbortSignal): Promise<Found> {
      const { status, json, date } = await api.call({ method: 'GET', path }, late);
      if (status !== 200 && status !== 404) throw new Answered('get', status);
      latest = { lease: status === 200 ? (json as Lease) : undefined, date };
      return latest;
    }

    /** Undefined: it is not as it was found any more. */
    async function replace(
      { lease }: Found,
      text: string,
      record: LeaderRecord,
      late: AbortSignal,
    ): Promise<Swap | undefined> {
      const body = leaseWith(lease, { name, namespace }, text, record);
      const [verb, call] =
        lease === undefined
          ? (['create', { method: 'POST', path: leases, body }] as const)
          : (['update', { method: 'PUT', path, body }] as const);
      const { status, json, date } = await api.call(call, late);
      if (status === 409 || (status === 404 && verb === 'update')) return undefined;
      if (status !== 200 && status !== 201) throw new Answered(verb, status);
      latest = { lease: json as Lease, date };
      return { ...sampleOf(latest), swapped: true };
    }

    async function swap(
      expect: string | undefined,
      text: string,
      record: LeaderRecord,
      late: AbortSignal,
    ): Promise<Swap> {
      const isExpected = ({ lease }: Found): boolean => textOf(lease) === expect;
      if (isExpected(latest)) {
        const done = await replace(latest, text, record, late);
        if (done !== undefined) return done;
      }
      const found = await get(late);
      if (!isExpected(found)) return { ...sampleOf(found), swapped: false };
      const done = await replace(found, text, record, late);
      return done ?? { ...sampleOf(await get(late)), swapped: false };
    }

    try {
      latest = await get(signal);
      const seen = (lease: Lease | undefined): void => {
        latest = { lease, date: 0 };
        bell.changed(lease && sampleOf(latest));
      };
      const isWatched = await watch(api, seen, bell, signal);
      const remedy = `allow the verb "watch" on it for its service account`;
      const warnings = isWatched
        ? []
        : [`changes of the lease "${namespace}/${name}" are only seen by asking: ${remedy}`];
      const read = async (late: AbortSignal): Promise<Sample> => sampleOf(await get(late));
      return { ok: true, value: { warnings, read, swap, close: api.close } };
    } catch (error) {
      api.close();
      throw error;
    }
  }

  /** False where watching is not allowed. It begins with the Lease as it is, and goes on until the server ends it. */
  async function watch(
    api: KubernetesApi,
    seen: (lease: Lease | undefined) => void,
    bell: Bell,
    signal: AbortSignal,
  ): Promise<boolean> {
    const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=300&fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
    const { status } = await api.stream(
      { method: 'GET', path: `${leases}?${query}` },
      signal,
      (event) => {
        const { type, object } = event as { readonly type?: string; readonly object?: Lease };
        if (type === 'ADDED' || type === 'MODIFIED') seen(object);
        else if (type === 'DELETED') seen(undefined);
        // Too old to go on (410), or too much to send: from the start again.
        else if (type === 'ERROR') bell.lost();
      },
      bell.lost,
    );
    if (status !== 200 && status !== 403) throw new Answered('watch', status);
    return status === 200;
  }

  return createLeaseStore({
    place,
    connect,
    refusal: (error) => refusalOf(error, place, settings),
  });
}

interface Found {
  readonly lease: Lease | undefined;
  readonly date: number;
}

/** The server answered, and not with what was asked for. */
class Answered extends Error {
  readonly verb: 'get' | 'create' | 'update' | 'watch';
  readonly status: number;
  constructor(verb: 'get' | 'create' | 'update' | 'watch', status: number) {
    super(`it answered ${status}`);
    this.verb = verb;
    this.status = status;
  }
}

function sampleOf({ lease, date }: Found): Sample {
  return { text: textOf(lease), incarnation: lease?.metadata?.uid ?? absent, counter: date };
}

function textOf(lease: Lease | undefined): string | undefined {
  const text = lease?.metadata?.annotations?.[annotation];
  const holder = lease?.spec?.holderIdentity ?? '';
  if (text === undefined) return holder === '' ? undefined : foreign(lease);
  const found = decodeRecord(text);
  if (found.kind !== 'record') return text;
  return holder === (found.record.state === 'held' ? found.record.holder : '') ? text : foreign(lease);
}

/** Not ours, and another text whenever its holder renews it. */
function foreign(lease: Lease | undefined): string {
  const { holderIdentity, renewTime } = lease?.spec ?? {};
  return JSON.stringify({ holderIdentity, renewTime, record: lease?.metadata?.annotations?.[annotation] });
}

function leaseWith(
  old: Lease | undefined,
  metadata: { readonly name: string; readonly namespace: string },
  text: string,
  record: LeaderRecord,
): unknown {
  const before = decodeRecord(old?.metadata?.annotations?.[annotation] ?? '');
  const isSameTerm = before.kind === 'record' && before.record.term === record.term;
  const now = new Date().toISOString().replace('Z', '000Z');
  const transitions = old?.spec?.leaseTransitions ?? 0;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      ...metadata,
      ...old?.metadata,
      annotations: { ...old?.metadata?.annotations, [annotation]: text },
    },
    spec: {
      ...(record.state === 'held' ? { holderIdentity: record.holder } : {}),
      leaseDurationSeconds: Math.max(1, Math.ceil(record.lease / second)),
      acquireTime: isSameTerm ? (old?.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: isSameTerm ? transitions : (transitions + 1) % 2 ** 31,
    },
  };
}

function refusalOf(error: unknown, place: string, { name, namespace }: KubernetesLease): Refusal | undefined {
  if (isDistrust(error))
    return {
      error: 'unsafe',
      message: `cannot elect a leader at ${place}: its certificate is not trusted (${(error as Error).message}); mount the certificate authority of the cluster`,
    };
  const refuse = (message: string): Refusal => ({
    error: 'permission',
    message: `cannot use ${place}: ${message}`,
  });
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    return refuse(
      'the token or the certificate authority of its service account is not mounted; set automountServiceAccountToken: true',
    );
  if (!(error instanceof Answered)) return undefined;
  switch (error.status) {
    case 401:
      return refuse('the token of its service account is not accepted');
    case 403:
      return refuse(
        error.verb === 'create'
          ? `there is no such lease, and it may not be made: make it with kubectl, or allow its service account the verb "create" on leases of coordination.k8s.io in namespace "${namespace}"`
          : `allow its service account the verbs get, watch and update on the lease "${name}" (resourceNames) of coordination.k8s.io in namespace "${namespace}"`,
      );
    case 404:
      return refuse(`there is no namespace "${namespace}"`);
    case 422:
      return refuse('it does not accept this lease; use a name of lower case letters, digits, "-" and "."');
    default:
      return undefined;
  }
}
