// djsup's own log by pino: Pebble's text lines, which tools parse, or JSON lines.
// Law: one line a message, whatever the message holds, and never a wait.
import { pino } from 'pino';
import type { Log, LogLevel } from '../ports.ts';
import type { Output } from './output.ts';

export interface LogOptions {
  /** The word in brackets: `pebble` where djsup stands in for it. */
  readonly name: 'djsup' | 'pebble';
  readonly output: Pick<Output, 'write'>;
  /** The lowest level that is written. */
  readonly level: LogLevel;
  /** JSON lines in place of text. */
  readonly json: boolean;
}

/** pino sets these on a destination that asks for them with the symbol: what the line says, with no need to parse it. */
interface Destination {
  lastLevel: number;
  lastMsg: string;
  /** In its quotes, as it stands in the line. */
  lastTime: string;
  write(line: string): void;
}

export function createLog({ name, output, level, json }: LogOptions): Log {
  const debug = pino.levels.values['debug'];
  const text: Destination = {
    lastLevel: 0,
    lastMsg: '',
    lastTime: '',
    write() {
      const message = escapeLine(this.lastMsg);
      output.write(
        logLine(name, this.lastTime.slice(1, -1), this.lastLevel === debug ? `DEBUG ${message}` : message),
      );
    },
  };
  const logger = pino(
    {
      level,
      base: { name },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    json ? { write: (line: string) => output.write(line) } : Object.assign(text, { [metadata]: true }),
  );
  return { write: (at, message) => logger[at](message) };
}

const metadata = Symbol.for('pino.metadata');

/** `2026-11-20T22:55:49.020Z [djsup] message`, with its newline. `time`: RFC 3339, UTC, three digits of a second. */
function logLine(name: string, time: string, message: string): string {
  return `${time} [${name}] ${message}\n`;
}

/** What is said where `lines` could not be written, without its newline. */
export function gapLine(name: string, lines: number, json: boolean): string {
  const time = new Date().toISOString();
  const msg = `${lines} lines dropped: the reader of this output is too slow`;
  return json ? JSON.stringify({ level: 'warn', time, name, msg }) : logLine(name, time, msg).trimEnd();
}

/** Control characters but the tab, and Unicode's line breaks, as escapes: a message may quote what a stranger wrote. */
function escapeLine(message: string): string {
  return message.replaceAll(/(?!\t)[\p{Cc}\u2028\u2029]/gu, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
