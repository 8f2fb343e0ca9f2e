// What replicas tell one another of tasks that are done once for each release, as entries of the election's board:
//   -done RELEASE -> the tasks done for it, as words of at most eight characters; newest release last
//   task!         -> its latest failure: release, instant, how often it has failed for that release, and where and how
//   task          -> (earlier djsups, still read) the releases it is done for
// Laws: an entry that cannot be read says nothing: then the task is done once more, never once less; what is done for the
// writer's release is never taken off; no output of a task is in an entry, nor shown from one; of keys that begin with "-", which no service does, only those above are touched.
import { digest } from './digest.ts';
import { withEntry } from './leader/record.ts';
import type { Board } from './leader/record.ts';
import { endText, readEnd } from './task-end.ts';
import type { TaskEnd } from './task-end.ts';

export interface TaskFailure {
  readonly release: string;
  /** ISO 8601, wall time of the replica where it failed. */
  readonly time: string;
  /** In a row for this release, from 1. */
  readonly count: number;
  /** Where. */
  readonly replica: string;
  /** Undefined: it is not understood. */
  readonly end: TaskEnd | undefined;
}

/** An entry's change; `value` undefined: it is taken off. */
export interface BoardChange {
  readonly key: string;
  readonly value: string | undefined;
}

/** So many tasks of a group certainly fit: their words fill the 256 characters of one entry. */
export const mostTasks = 28;
/** So many releases are kept where there is room: those that may still run beside each other, and some to go back to. */
const keptReleases = 8;
/** Of a replica's name in an entry of 256 characters. */
const longestName = 120;
const prefix = '-done ';

/** Names a release in an entry: 1 to 28 of these characters. */
export function isReleaseId(text: string): boolean {
  return /^[-\w.:/@+~]{1,28}$/.test(text);
}

export function isDoneFor(board: Board, task: string, release: string): boolean {
  return doneWords(board, release).includes(wordOf(task));
}

export function failureOf(board: Board, task: string): TaskFailure | undefined {
  const [, release = '', time = '', digits = '', line = ''] =
    /^(\S+) (\S+) (\d{1,9}) (.*)$/.exec(entryOf(board, failureKey(task))) ?? [];
  const count = Number(digits);
  if (release === '' || count === 0) return undefined;
  const [, replica = 'another replica', how = ''] = /^in (.+?): (.*)$/.exec(line) ?? [];
  return { release, time, count, replica, end: readEnd(how) };
}

/**
 * The task is done for this release too, and its failure, if there was one, is history. `planned`: the tasks of the group that
 * the plan has, at most `mostTasks`; others give way where there is no room for them.
 */
export function doneChanges(
  board: Board,
  task: string,
  release: string,
  planned: readonly string[],
): readonly BoardChange[] {
  const key = prefix + release;
  const others = Object.keys(board).filter((other) => other.startsWith(prefix) && other !== key);
  const surplus = others.slice(0, Math.max(0, others.length + 1 - keptReleases));
  const cleared = failureOf(board, task)?.release === release ? [failureKey(task)] : [];
  const changes = withRoom(board, doneEntry(board, release, planned, task), dispensable(board, key));
  const off = [...surplus, ...cleared].filter((old) => !changes.some((change) => change.key === old));
  return [...changes, ...gone(off)];
}

/** One more. */
type Failure = Omit<TaskFailure, 'count' | 'end'> & { readonly end: TaskEnd };

export function failedChanges(
  board: Board,
  task: string,
  { release, time, replica, end }: Failure,
  planned: readonly string[],
): readonly BoardChange[] {
  const before = failureOf(board, task);
  const count = before?.release === release ? before.count + 1 : 1;
  const name = replica
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .slice(0, longestName)
    .toWellFormed();
  const value = `${release} ${time} ${count} in ${name}: ${endText(end)}`;
  const failure = { key: failureKey(task), value };
  const kept = doneEntry(board, release, planned);
  // What an earlier djsup says of this release may have to give way: it is said anew first.
  const isSaid = kept.value === entryOf(board, kept.key);
  const anew = isSaid ? [] : withRoom(board, kept, dispensable(board, kept.key));
  const left = after(board, anew);
  return [...anew, ...withRoom(left, failure, dispensable(left, kept.key))];
}

/** All that is done for the release; the tasks that the plan does not have give way. */
function doneEntry(
  board: Board,
  release: string,
  planned: readonly string[],
  ...tasks: readonly string[]
): BoardChange & { readonly value: string } {
  const known = new Set([...tasks, ...planned].map(wordOf));
  const words = [...new Set([...tasks.map(wordOf), ...doneWords(board, release)])];
  const sorted = words.toSorted((a, b) => Number(known.has(b)) - Number(known.has(a)));
  return { key: prefix + release, value: sorted.slice(0, mostTasks).join(' ') };
}

function after(board: Board, changes: readonly BoardChange[]): Board {
  const next = new Map(Object.entries(board));
  for (const { key, value } of changes)
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  return Object.fromEntries(next);
}

/** The change, and before it, as far as room for it is needed, those that take off the first of `off`. */
function withRoom(board: Board, change: BoardChange, off: readonly string[]): readonly BoardChange[] {
  const fits = (count: number): boolean =>
    withEntry(after(board, gone(off.slice(0, count))), change.key, change.value).ok;
  let count = 0;
  while (count < off.length && !fits(count)) count += 1;
  // Where even that does not help, it is not these that are in the way.
  return [...gone(fits(count) ? off.slice(0, count) : []), change];
}

function gone(keys: readonly string[]): readonly BoardChange[] {
  return keys.map((key) => ({ key, value: undefined }));
}

/** Entries of ours besides this one: failures first, then what was done for other releases, oldest first. */
function dispensable(board: Board, kept: string): readonly string[] {
  const keys = Object.keys(board).filter((key) => key !== kept);
  const done = keys.filter((key) => key.startsWith(prefix) || (!key.startsWith('-') && !isFailure(key)));
  return [...keys.filter(isFailure), ...done];
}

function isFailure(key: string): boolean {
  return key.endsWith('!') && !key.startsWith('-');
}

/** The words of all tasks that are done for the release. */
function doneWords(board: Board, release: string): readonly string[] {
  const former = Object.keys(board).filter((key) => releasesOf(board, key).includes(release));
  const words = wordsIn(entryOf(board, prefix + release)).filter((word) => word.length <= 8);
  return [...words, ...former.map(wordOf)];
}

/** As an earlier djsup wrote it. */
function releasesOf(board: Board, task: string): readonly string[] {
  return task.startsWith('-') || isFailure(task) ? [] : wordsIn(entryOf(board, task));
}

/** As it is where it fits; else 36 bits of its digest: of 28 tasks two are taken for one in one of 200 million plans. */
function wordOf(task: string): string {
  if (/^[-\w.]{1,8}$/.test(task)) return task;
  return `~${BigInt(`0x${digest(task)}`)
    .toString(36)
    .padStart(7, '0')
    .slice(-7)}`;
}

function failureKey(task: string): string {
  return `${task.length > 64 ? wordOf(task) : task}!`;
}

function wordsIn(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '');
}

function entryOf(board: Board, key: string): string {
  return Object.hasOwn(board, key) ? (board[key] ?? '') : '';
}
