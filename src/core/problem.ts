// What is wrong with a layer, and where. A file is read to its end, so that all its problems are told at once.

/** A spot in a layer's text, both counted from 1; 0 where no spot can be named. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Place {
  readonly message: string;
}

/** File by file, from the top down. */
export function byPlace(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

/** `file:line:column: message`, or `file: message` where the problem is the whole file's (line 0). */
export function formatProblem(problem: Problem): string {
  const place = problem.line === 0 ? '' : `${problem.line}:${problem.column}:`;
  return `${problem.file}:${place} ${problem.message}`;
}
