// What the engine keeps for one election: the record, and one look at it.
// Law: a record is untrusted input. What cannot be read is no proof of anything, and a later format is never overwritten.
import * as z from 'zod/mini';
import { fail, ok } from '../result.ts';
import type { Result } from '../result.ts';
import { longestLease, millisecond } from './timing.ts';
import type { Nanoseconds } from './timing.ts';

export interface LeaderRecord {
  readonly group: string;
  /** The replica's name, as operators see it. */
  readonly holder: string;
  /** The sandbox the holder lives in (see Replica); empty where it has no certain name. */
  readonly instance: string;
  /** The holder's life in it. */
  readonly boot: string;
  /** One tenure; unique for ever. */
  readonly term: string;
  /** Number of this write among those of its term, so that no two writes ever look the same. */
  readonly write: number;
  /** Strictly rising from leader to leader: the fencing token. */
  readonly epoch: number;
  readonly lease: Nanoseconds;
  readonly state: 'held' | 'released';
  /** No earlier term's work can be running any more: this one has served its start delay (S6). */
  readonly clean: boolean;
  /** Who shall have it next; the others hold back for a moment. */
  readonly successor: string | undefined;
  /** The life of the engine's data as the writer knew it: after a failover or a restore the record vouches for nothing. */
  readonly incarnation: string;
  /** Held together with a record elsewhere: which write, by term and number, stood there. It tells which of the two is the later. */
  readonly beside?: string | undefined;
  /** What replicas tell one another, such as work that was done for a release; each holder hands it on. */
  readonly board: Board;
  /** For people alone. */
  readonly about: About;
}

/** At most 16 entries; keys and values are words of at most 256 characters. */
export type Board = Readonly<Record<string, string>>;

export interface About {
  readonly app?: string | undefined;
  readonly version?: string | undefined;
  readonly host?: string | undefined;
  /** ISO 8601, wall time. */
  readonly since?: string | undefined;
}

/** What stood in the record's place. */
export type Found =
  /** `settles`: whoever takes it waits out the start delay, whatever it says, since a second record that belongs to it is missing. */
  | { readonly kind: 'record'; readonly record: LeaderRecord; readonly settles?: boolean }
  | { readonly kind: 'none' }
  /** There is none, and it is certain that nobody leads. */
  | { readonly kind: 'unused' }
  /** Not a record of ours: damaged, or somebody else's. */
  | { readonly kind: 'unreadable' }
  /** Written by a later djsup. */
  | { readonly kind: 'newer'; readonly format: number };

/**
 * What a compare-and-swap compares. Backends must see to it that no two writes ever have the same version, not even after
 * the engine went back to an older state; `term` and `write` of the record are such a pair where the engine has none.
 * Undefined: there is no record.
 */
export type Version = string | undefined;

export interface View {
  readonly found: Found;
  readonly version: Version;
  /** Changes when the engine's data may have gone back in time: a promoted replica, a restore, another cluster. */
  readonly incarnation: string;
  /** A new epoch must be higher than this, so that epochs rise even if the record was deleted; 0: the engine knows none. */
  readonly epochFloor: number;
}

const FORMAT = 1;
/** A longer text is not a record, characters. */
const LONGEST = 4096;
/** Of which a board has this much, as JSON; the rest is for names. */
const LONGEST_BOARD = 2048;
const MOST_ENTRIES = 16;

const word = z.string().check(z.maxLength(256), z.regex(/^\P{Cc}*$/u));
const entry = z.record(word, word);
const board = entry.check(z.refine((entries) => Object.keys(entries).length <= MOST_ENTRIES));
const count = z.int().check(z.gte(0), z.lte(2 ** 52));
const shape = z.strictObject({
  format: z.literal(FORMAT),
  group: word,
  holder: word,
  instance: word,
  boot: word,
  term: word,
  write: count,
  epoch: count,
  'duration-ms': z.number().check(z.gt(0), z.lte(longestLease / millisecond)),
  state: z.enum(['held', 'released']),
  clean: z.boolean(),
  successor: z.optional(word),
  incarnation: word,
  beside: z.optional(word),
  board: z.optional(board),
  app: z.optional(word),
  version: z.optional(word),
  host: z.optional(word),
  since: z.optional(word),
});

export function encodeRecord(record: LeaderRecord): string {
  const { lease, board: entries, about, ...plain } = record;
  const shaped: z.infer<typeof shape> = {
    format: FORMAT,
    ...plain,
    'duration-ms': lease / millisecond,
    ...(Object.keys(entries).length > 0 ? { board: entries } : {}),
    ...about,
  };
  return JSON.stringify(shaped);
}

export function decodeRecord(text: string): Found {
  if (text.length > LONGEST) return { kind: 'unreadable' };
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { kind: 'unreadable' };
  }
  const parsed = z.safeParse(shape, raw);
  if (!parsed.success) return newerRecord(raw) ?? { kind: 'unreadable' };
  const {
    format: _,
    'duration-ms': milliseconds,
    successor,
    beside,
    board: entries = {},
    app,
    version,
    host,
    since,
    ...plain
  } = parsed.data;
  const lease = Math.ceil(milliseconds * millisecond);
  return {
    kind: 'record',
    record: {
      ...plain,
      successor,
      ...(beside === undefined ? {} : { beside }),
      lease,
      board: entries,
      about: { app, version, host, since },
    },
  };
}

/** The board with an entry set, or taken off where `value` is undefined. The failure says what does not fit. */
export function withEntry(entries: Board, key: string, value: string | undefined): Result<Board, string> {
  const { [key]: _, ...others } = entries;
  if (value === undefined) return ok(others);
  const parsed = z.safeParse(entry, { [key]: value });
  // A key that would not be read again as it was written is refused: "__proto__".
  if (!parsed.success || !Object.hasOwn(parsed.data, key))
    return fail('cannot publish this entry: key and value must be printable, of 256 characters at most');
  const next = { ...others, [key]: value };
  if (Object.keys(next).length > MOST_ENTRIES)
    return fail(`cannot publish "${key}": there are ${MOST_ENTRIES} entries already; take one off first`);
  if (JSON.stringify(next).length > LONGEST_BOARD)
    return fail(`cannot publish "${key}": all entries together have ${LONGEST_BOARD} characters at most`);
  return ok(next);
}

function newerRecord(raw: unknown): Found | undefined {
  const parsed = z.safeParse(z.looseObject({ format: z.number() }), raw);
  if (!parsed.success || parsed.data.format <= FORMAT) return undefined;
  return { kind: 'newer', format: parsed.data.format };
}
