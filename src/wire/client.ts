// The client of the API: one method a request, by the names of daemon/face.ts. Works with djsup's daemon and with Pebble's.
// Law: nothing throws and everything ends; what the server says no to is a failure with the server's own message.
import { formatDuration } from '../core/duration.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { connect, type Address, type Call, type ClientFailure } from './connection.ts';
import { readLogEntries } from './log-stream.ts';
import {
  isChange,
  isCheck,
  isChecksChanged,
  isHealth,
  isLayer,
  isLeader,
  isListOf,
  isNotice,
  isNoticeAdded,
  isRefresh,
  isService,
  isSystem,
  isText,
  parseEnvelope,
  refusal,
  type Envelope,
} from './reply.ts';
import type {
  ChangeInfo,
  CheckInfo,
  LayerInfo,
  LeaderInfo,
  LogEntry,
  NoticeInfo,
  ServiceInfo,
  SystemInfo,
} from './replies.ts';

export type { ClientFailure } from './connection.ts';

type Reply<T> = Promise<Result<T, ClientFailure>>;

export interface Client {
  systemInfo(): Reply<SystemInfo>;
  health(level: string | undefined, names: readonly string[]): Reply<boolean>;
  services(names: readonly string[]): Reply<readonly ServiceInfo[]>;
  /** The id of the change that was asked for. */
  actOnServices(action: string, names: readonly string[]): Reply<string>;
  signalServices(signal: string, names: readonly string[]): Reply<void>;
  /** In the server's order, which is none. */
  changes(select: 'all' | 'in-progress' | 'ready', service?: string): Reply<readonly ChangeInfo[]>;
  change(id: string): Reply<ChangeInfo>;
  /** Waits until the change is ready, for as long as the server goes on answering; the signal gives up. */
  waitChange(id: string, signal?: AbortSignal): Reply<ChangeInfo>;
  abortChange(id: string): Reply<ChangeInfo>;
  notices(request: NoticesRequest): Reply<readonly NoticeInfo[]>;
  notice(id: string): Reply<NoticeInfo>;
  /** Records a custom notice and returns its id. */
  notify(key: string, data: Readonly<Record<string, string>>, repeatAfter: string | undefined): Reply<string>;
  checks(level: string | undefined, names: readonly string[]): Reply<readonly CheckInfo[]>;
  /** Names of the checks that changed. */
  startChecks(names: readonly string[]): Reply<readonly string[]>;
  stopChecks(names: readonly string[]): Reply<readonly string[]>;
  /** Runs the check now: takes as long as the check does, at most ten minutes. */
  refreshCheck(name: string): Reply<{ readonly info: CheckInfo; readonly error?: string }>;
  leaders(groups: readonly string[]): Reply<readonly LeaderInfo[]>;
  /** The id of the change that was asked for; `for` is a duration, empty or left out where the action has none. */
  actOnLeaders(request: {
    readonly action: string;
    readonly groups: readonly string[];
    readonly for?: string | undefined;
    readonly to?: string | undefined;
  }): Reply<string>;
  /** The combined plan as YAML. */
  planText(): Reply<string>;
  layers(): Reply<readonly LayerInfo[]>;
  addLayer(layer: {
    readonly label: string;
    readonly combine: boolean;
    readonly inner: boolean;
    readonly text: string;
  }): Reply<void>;
  /** The last `count` entries (-1: all), then, with `follow`, new ones until the signal or the server ends it. */
  logs(request: LogRequest): AsyncIterable<Result<readonly LogEntry[], ClientFailure>>;
  /** Ends all that is under way; nothing can be asked any more. */
  close(): void;
}

interface NoticesRequest {
  /** "all", or left out. */
  readonly users: string | undefined;
  readonly uid: string | undefined;
  readonly types: readonly string[];
  readonly keys: readonly string[];
  /** How long to wait for the first, ms. */
  readonly timeout: number;
}

interface LogRequest {
  readonly services: readonly string[];
  readonly count: number;
  readonly follow: boolean;
  readonly signal?: AbortSignal;
}

interface ClientOptions {
  readonly address: Address;
  /** Longest time for one answer, ms. */
  readonly timeout?: number;
}

/** One round of waiting for a change; the server answers 504 after it, and the client asks again. */
const waitSeconds = 4;
const refreshTimeout = 600_000;

export function createClient({ address, timeout = 5000 }: ClientOptions): Client {
  const connection = connect(address);

  async function envelope<T>(call: Call, read: (envelope: Envelope) => T | undefined): Reply<T> {
    const answer = await connection.ask(call);
    if (!answer.ok) return answer;
    const { status, text } = answer.value;
    const parsed = parseEnvelope(text);
    if (parsed?.type === 'error') return fail(refusal(parsed, status));
    const value = parsed === undefined ? undefined : read(parsed);
    if (value !== undefined) return ok(value);
    const message = `cannot understand the server's answer to ${call.method} ${call.path} (HTTP status ${status})`;
    return fail({ kind: 'unclear', message });
  }

  const ask = <T>(call: Omit<Call, 'timeout'> & { timeout?: number }, guard: Guard<T>): Reply<T> =>
    envelope({ timeout, ...call }, ({ result }) => (guard(result) ? result : undefined));

  const get = <T>(path: string, query: Query, guard: Guard<T>): Reply<T> =>
    ask({ method: 'GET', path: path + queryText(query) }, guard);

  const post = <T>(path: string, body: unknown, guard: Guard<T>): Reply<T> =>
    ask({ method: 'POST', path, body }, guard);

  /** For answers whose result says nothing. */
  const tell = (path: string, body: unknown): Reply<void> =>
    map(
      envelope({ method: 'POST', path, body, timeout }, () => true),
      () => undefined,
    );

  /** For answers that are the id of a change. */
  const begin = (path: string, body: unknown): Reply<string> =>
    envelope({ method: 'POST', path, body, timeout }, (reply) =>
      reply.type === 'async' && isText(reply.change) && reply.change !== '' ? reply.change : undefined,
    );

  async function waitChange(id: string, signal?: AbortSignal): Reply<ChangeInfo> {
    const path = `${changePath(id)}/wait?timeout=${waitSeconds}s`;
    for (;;) {
      const call: Call = { method: 'GET', path, timeout: waitSeconds * 1000 + timeout, signal };
      const change = await ask(call, isChange);
      if (change.ok || change.failure.status !== 504) return change;
    }
  }

  async function* logs(request: LogRequest): ReturnType<typeof readLogEntries> {
    const { services, count, follow, signal } = request;
    const query = { services: services.join(','), n: String(count), follow: follow ? 'true' : undefined };
    const opened = await connection.open({
      method: 'GET',
      path: `/v1/logs${queryText(query)}`,
      timeout,
      signal,
    });
    if (!opened.ok) {
      yield opened;
      return;
    }
    const response = opened.value;
    try {
      if (response.statusCode === 200) yield* readLogEntries(response);
      else yield fail(await readRefusal(response, response.statusCode ?? 0));
    } catch (error) {
      yield fail(connection.explain(error, signal));
    } finally {
      response.destroy();
    }
  }

  const setChecks = (action: 'start' | 'stop', checks: readonly string[]): Reply<readonly string[]> =>
    map(post('/v1/checks', { action, checks }, isChecksChanged), ({ changed }) => changed ?? []);

  return {
    systemInfo: () => get('/v1/system-info', {}, isSystem),
    health: (level, names) =>
      map(get('/v1/health', { level, names: names.join(',') }, isHealth), ({ healthy }) => healthy),
    services: (names) => get('/v1/services', { names: names.join(',') }, isListOf(isService)),
    actOnServices: (action, services) => begin('/v1/services', { action, services }),
    signalServices: (signal, services) => tell('/v1/signals', { signal, services }),
    changes: (select, service) => get('/v1/changes', { select, for: service }, isListOf(isChange)),
    change: (id) => get(changePath(id), {}, isChange),
    waitChange,
    abortChange: (id) => post(changePath(id), { action: 'abort' }, isChange),
    notices({ users, uid, types, keys, timeout: wait }) {
      const query = {
        users,
        'user-id': uid,
        types: types.join(','),
        keys: keys.join(','),
        timeout: wait > 0 ? formatDuration(wait) : undefined,
      };
      const path = `/v1/notices${queryText(query)}`;
      return ask({ method: 'GET', path, timeout: Math.max(0, wait) + timeout }, isListOf(isNotice));
    },
    notice: (id) => get(`/v1/notices/${encodeURIComponent(id)}`, {}, isNotice),
    notify: (key, data, repeatAfter) =>
      map(
        post(
          '/v1/notices',
          { action: 'add', type: 'custom', key, 'repeat-after': repeatAfter, data },
          isNoticeAdded,
        ),
        ({ id }) => id,
      ),
    checks: (level, names) => get('/v1/checks', { level, names: names.join(',') }, isListOf(isCheck)),
    startChecks: (names) => setChecks('start', names),
    stopChecks: (names) => setChecks('stop', names),
    refreshCheck: (name) =>
      ask({ method: 'POST', path: '/v1/checks/refresh', body: { name }, timeout: refreshTimeout }, isRefresh),
    leaders: (groups) => get('/v1/leader', { groups: groups.join(',') }, isListOf(isLeader)),
    actOnLeaders: (request) => begin('/v1/leader', request),
    planText: () => get('/v1/plan', { format: 'yaml' }, isText),
    layers: () => get('/v1/layers', {}, isListOf(isLayer)),
    addLayer: ({ label, combine, inner, text }) =>
      tell('/v1/layers', { action: 'add', combine, inner, label, format: 'yaml', layer: text }),
    logs,
    close: () => connection.close(),
  };
}

type Guard<T> = (value: unknown) => value is T;
type Query = Readonly<Record<string, string | undefined>>;

async function map<T, U>(reply: Reply<T>, change: (value: T) => U): Reply<U> {
  const result = await reply;
  return result.ok ? ok(change(result.value)) : result;
}

function changePath(id: string): string {
  return `/v1/changes/${encodeURIComponent(id)}`;
}

/** Parameters that are undefined or empty are left out. */
function queryText(query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return given.length === 0 ? '' : `?${given.join('&')}`;
}

async function readRefusal(body: AsyncIterable<Buffer>, status: number): Promise<ClientFailure> {
  let text = '';
  for await (const chunk of body) {
    if (text.length < 64 * 1024) text += chunk.toString();
  }
  return refusal(parseEnvelope(text), status);
}
