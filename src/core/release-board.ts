// What replicas tell one another of tasks that are done once for each release, as entries of the election's board:
//   task  -> the releases it is done for, newest first, separated by blanks
//   task! -> its latest failure: release, instant, how often it has failed for that release, and a line for people
// Law: an entry that cannot be read says nothing: then the task is done once more, never once less.
import type { Board } from './leader/record.ts';

export interface TaskFailure {
  readonly release: string;
  /** ISO 8601, wall time of the replica where it failed. */
  readonly time: string;
  /** In a row for this release, from 1. */
  readonly count: number;
  /** Where and why, printable. */
  readonly line: string;
}

/** An entry's change; `value` undefined: it is taken off. */
export interface BoardChange {
  readonly key: string;
  readonly value: string | undefined;
}

/** So many releases are kept: those that may still run beside each other, and some to go back to. */
const keptReleases = 8;
/** Of an entry's 256 characters. */
const longestLine = 180;

/** Names a release in an entry: 1 to 28 of these characters. */
export function isReleaseId(text: string): boolean {
  return /^[-\w.:/@+~]{1,28}$/.test(text);
}

export function isDoneFor(board: Board, task: string, release: string): boolean {
  return releasesOf(board, task).includes(release);
}

export function failureOf(board: Board, task: string): TaskFailure | undefined {
  const [, release = '', time = '', digits = '', line = ''] =
    /^(\S+) (\S+) (\d{1,9}) (.*)$/.exec(entryOf(board, `${task}!`)) ?? [];
  const count = Number(digits);
  return release === '' || count === 0 ? undefined : { release, time, count, line };
}

/** The failure, if there was one, is history; the task is done for this release too. */
export function doneChanges(board: Board, task: string, release: string): readonly BoardChange[] {
  const others = releasesOf(board, task).filter((other) => other !== release);
  const value = [release, ...others].slice(0, keptReleases).join(' ');
  const cleared = failureOf(board, task)?.release === release;
  return [...(cleared ? [{ key: `${task}!`, value: undefined }] : []), { key: task, value }];
}

export function failedChange(
  board: Board,
  task: string,
  { release, time, line }: Omit<TaskFailure, 'count'>,
): BoardChange {
  const before = failureOf(board, task);
  const count = before?.release === release ? before.count + 1 : 1;
  const told = line
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .slice(0, longestLine)
    .toWellFormed();
  return { key: `${task}!`, value: `${release} ${time} ${count} ${told}` };
}

function releasesOf(board: Board, task: string): readonly string[] {
  return entryOf(board, task)
    .split(' ')
    .filter((release) => release !== '');
}

function entryOf(board: Board, key: string): string {
  return Object.hasOwn(board, key) ? (board[key] ?? '') : '';
}
