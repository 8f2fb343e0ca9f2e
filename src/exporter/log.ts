// The exporter's own log on stderr, as logfmt or JSON lines.
// Law: what a sender does never makes more than a few lines a second.
import type { Log, LogLevel } from '../ports.ts';

export interface LogOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  readonly format: 'logfmt' | 'json';
}

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const mostLines = 20;

export function createLog({ level, format }: LogOptions, write: (line: string) => void): Log {
  let second = 0;
  let written = 0;
  return {
    write(at, message) {
      if (order.indexOf(at) < order.indexOf(level)) return;
      const time = new Date();
      const now = Math.floor(time.getTime() / 1000);
      written = now === second ? written + 1 : 0;
      second = now;
      if (written >= mostLines) return;
      const entry = { time: time.toISOString(), level: at.toUpperCase(), msg: message };
      write(
        format === 'json'
          ? `${JSON.stringify(entry)}\n`
          : `time=${entry.time} level=${entry.level} msg=${JSON.stringify(message)}\n`,
      );
    },
  };
}
