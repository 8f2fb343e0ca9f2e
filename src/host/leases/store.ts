// What all engines have in common: a register that holds one text, compared and swapped as a whole, on a session that is
// made anew whenever it broke.
// Laws: the text is its own version, since term and number of a write are in it; a session on which a call failed, or was
// given up with none after it, is not used again; every session passes the engine's refusals first; sessions that are lost at
// once bring nobody to connect without a pause; no secret is in a message.
import { decodeRecord, encodeRecord } from '../../core/leader/record.ts';
import type { LeaderRecord, View } from '../../core/leader/record.ts';
import type { Outcome, StoreError } from '../../core/leader/state.ts';
import type { Result } from '../../core/result.ts';
import type { LeaseStore, Opening } from '../../ports.ts';
import { reasonOf } from '../errno.ts';
import { createLostHint } from './lost-hint.ts';

/** A longer text is no record; engines need not read on, characters. */
export const LONGEST_TEXT = 4096;

/** Why the engine, as it is, is not used: one sentence with the way out. */
export interface Refusal {
  readonly error: Exclude<StoreError, 'transient'>;
  readonly message: string;
}

/** What stands in the register. */
export interface Sample {
  /** Undefined: nothing. */
  readonly text: string | undefined;
  /** The life of the engine's data. */
  readonly incarnation: string;
  /** Something of the engine that always grows, in steps greater than epochs: its clock in ms, its number of writes. */
  readonly counter: number;
  /** Nobody can be at work under this record any more. */
  readonly isGivenUp?: boolean;
  /** Nobody can be at work at all, whatever stands here or stood here before. */
  readonly isQuiet?: boolean;
}

export interface Swap extends Sample {
  /** False: the register held another text than expected, the one of this sample; nothing was written. */
  readonly swapped: boolean;
}

/** A connection that has passed all refusals. Its calls throw what the driver throws, and mind the signal where they can. */
export interface Session {
  readonly warnings: readonly string[];
  read(signal: AbortSignal): Promise<Sample>;
  swap(expect: string | undefined, text: string, record: LeaderRecord, signal: AbortSignal): Promise<Swap>;
  anchor?(): number | undefined;
  readonly close: () => void | Promise<void>;
}

/** What a session has to tell between calls. */
export interface Bell {
  /** What is known of the new text, if anything. */
  readonly changed: (sample?: Sample) => void;
  /** The session is of no use any more. */
  readonly lost: () => void;
}

export interface Engine {
  /** For people. */
  readonly place: string;
  /** What no message may show. */
  readonly secrets?: readonly (string | undefined)[];
  connect(bell: Bell, signal: AbortSignal): Promise<Result<Session, Refusal>>;
  /** What of the driver's errors is a refusal; the others are passing. */
  refusal(error: unknown): Refusal | undefined;
}

type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: StoreError; readonly message: string };

export function createLeaseStore(engine: Engine): LeaseStore {
  const watchers = new Set<Parameters<LeaseStore['watch']>[0]>();
  let session: Session | undefined;
  /** Of the latest call on each session. */
  const latest = new WeakMap<Session, AbortSignal>();
  let closed = false;
  const hint = createLostHint(() => {
    for (const watcher of watchers) watcher.hint();
  });

  async function attempt<T>(
    work: (session: Session) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Attempt<T>> {
    let used: Session | undefined;
    try {
      signal.throwIfAborted();
      if (closed) throw new Error('it was closed');
      if (session === undefined) {
        const refusal = await connect(signal);
        if (refusal !== undefined) return { kind: 'failed', ...refusal, message: tidy(refusal.message) };
      }
      used = session;
      if (used === undefined) throw new Error('the connection was closed');
      latest.set(used, signal);
      return { kind: 'done', value: await endedBy(signal, work(used)) };
    } catch (error) {
      // A call that another has followed is not wanted any more, which says nothing about the session: that one tells.
      const isFollowed = signal.aborted && used !== undefined && latest.get(used) !== signal;
      if (!isFollowed) drop(used);
      return failed(error, signal);
    }
  }

  function failed(error: unknown, signal: AbortSignal): Attempt<never> {
    if (signal.aborted)
      return { kind: 'failed', error: 'transient', message: tidy(`${engine.place} did not answer in time`) };
    const refusal = engine.refusal(error);
    if (refusal !== undefined) return { kind: 'failed', ...refusal, message: tidy(refusal.message) };
    const message = tidy(`cannot reach ${engine.place}: ${reasonOf(error)}`);
    return { kind: 'failed', error: 'transient', message };
  }

  async function connect(signal: AbortSignal): Promise<Refusal | undefined> {
    let current: Session | undefined;
    let early = false;
    let bornAt = Infinity;
    const bell: Bell = {
      changed(sample) {
        if (session === undefined || session !== current) return;
        for (const watcher of watchers)
          if (sample === undefined) watcher.hint();
          else watcher.seen(viewOf(sample));
      },
      lost() {
        early = true;
        if (current === undefined || session !== current) return;
        drop(current);
        hint.lost(performance.now() - bornAt);
      },
    };
    const making = engine.connect(bell, signal);
    // A session that comes too late is not kept.
    void making.then(
      (late) => (signal.aborted && late.ok ? void late.value.close() : undefined),
      () => {},
    );
    const made = await endedBy(signal, making);
    if (!made.ok) return made.failure;
    if (closed || early) {
      await made.value.close();
      throw new Error('the connection was closed');
    }
    current = made.value;
    // Two calls at once may both have found none.
    drop(session);
    session = current;
    bornAt = performance.now();
    return undefined;
  }

  function drop(old: Session | undefined): void {
    if (old === undefined) return;
    if (session === old) session = undefined;
    void Promise.resolve(old.close()).catch(() => {});
  }

  function tidy(message: string): string {
    let text = message;
    for (const secret of engine.secrets ?? [])
      if (secret !== undefined && secret !== '') text = text.replaceAll(secret, '***');
    return text;
  }

  return {
    async open(signal): Promise<Opening> {
      drop(session);
      const done = await attempt(({ warnings }) => Promise.resolve(warnings), signal);
      return done.kind === 'failed'
        ? done
        : { kind: 'ready', place: engine.place, warnings: done.value.map(tidy) };
    },
    async read(signal): Promise<Outcome> {
      const done = await attempt((one) => one.read(signal), signal);
      return done.kind === 'failed' ? done : { kind: 'ok', view: viewOf(done.value) };
    },
    async write(expect, record, signal): Promise<Outcome> {
      const text = encodeRecord(record);
      if (text.length > LONGEST_TEXT) {
        const message = `cannot write the record of "${record.group}": it has ${text.length} characters, and ${LONGEST_TEXT} are allowed; use shorter names`;
        return { kind: 'failed', error: 'unsafe', message };
      }
      const done = await attempt((one) => one.swap(textOf(expect), text, record, signal), signal);
      if (done.kind === 'failed') return done;
      return { kind: done.value.swapped ? 'ok' : 'conflict', view: viewOf(done.value) };
    },
    watch(events) {
      watchers.add(events);
      return () => void watchers.delete(events);
    },
    anchor: () => session?.anchor?.(),
    async close() {
      closed = true;
      hint.end();
      watchers.clear();
      const last = session;
      session = undefined;
      await Promise.resolve(last?.close()).catch(() => {});
    },
  };
}

/** A store that only says why it cannot be used. */
export function createRefusedStore(place: string, message: string): LeaseStore {
  const refusal: Refusal = { error: 'unsafe', message };
  return createLeaseStore({
    place,
    connect: () => Promise.resolve({ ok: false, failure: refusal }),
    refusal: () => undefined,
  });
}

/** What ends the version of a record that was given up: the same text, and yet another sight. */
const givenUpMark = '\0given up';

function textOf(version: string | undefined): string | undefined {
  return version?.endsWith(givenUpMark) === true ? version.slice(0, -givenUpMark.length) : version;
}

function viewOf({ text, incarnation, counter, isGivenUp = false, isQuiet = false }: Sample): View {
  if (text === undefined)
    return {
      found: { kind: isQuiet ? 'unused' : 'none' },
      version: undefined,
      incarnation,
      epochFloor: counter,
    };
  const found = decodeRecord(text);
  if (found.kind !== 'record') return { found, version: text, incarnation, epochFloor: counter };
  const { record } = found;
  // Whoever came in between may have been lost, and its epochs with it.
  const epochFloor = counter;
  if (!isGivenUp || record.state === 'released') return { found, version: text, incarnation, epochFloor };
  const released = { ...record, state: 'released', clean: record.clean || isQuiet } as const;
  return {
    found: { kind: 'record', record: released },
    version: `${text}${givenUpMark}`,
    incarnation,
    epochFloor,
  };
}

/** The call's outcome, or its failure at the moment the signal ends it; what comes of it later is nobody's concern. */
export async function endedBy<T>(signal: AbortSignal, call: Promise<T>): Promise<T> {
  call.catch(() => {});
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const end = (): void => reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([call, promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
