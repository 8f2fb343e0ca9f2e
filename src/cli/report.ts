// How a failure is told: one `error: ` line on stderr. Only for a terminal is a long message of the server's broken into lines.
import type { CommandFailure, Context } from './command.ts';

export function reportFailure(context: Context, failure: CommandFailure): void {
  const hint = failure.reason === 'login-required' && !context.isRoot ? ' (try with sudo)' : '';
  const text = `error: ${failure.message}${hint}`;
  const wrap = failure.kind === 'refused' && context.stderrColumns !== undefined;
  context.note(wrap ? wrapText(text, Math.min(context.stderrColumns, 100)) : text);
}

const indent = ' '.repeat(7);

/** Breaks at blanks; further lines are indented by 7, below the message. Words longer than a line stay whole. */
export function wrapText(text: string, columns: number): string {
  return text
    .split('\n')
    .map((paragraph) => wrapParagraph(paragraph, columns))
    .join('\n');
}

function wrapParagraph(paragraph: string, columns: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
