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

/** `file:line:column: message`, or `file: message` where the problem is the whole file's (line 0). */
export function formatProblem(problem: Problem): string {
  const place = problem.line === 0 ? '' : `${problem.line}:${problem.column}:`;
  return `${problem.file}:${place} ${problem.message}`;
}
