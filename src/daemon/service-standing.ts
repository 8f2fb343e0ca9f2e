// Where a service stands for those that depend on it, and the end of its output for those who ask why.
import type { ServiceState } from '../core/service-state.ts';
import type { Logs } from './logs.ts';

/** `up`: counts as started; `lost`: should be up and is not (yet); `down`: nobody wants it up. */
export type Standing = 'up' | 'lost' | 'down';

export function standingOf(state: ServiceState): Standing {
  switch (state.kind) {
    case 'running':
    case 'done':
      return 'up';
    case 'idle':
    case 'stopped':
      return 'down';
    case 'terminating':
    case 'killing':
      return state.afterwards.kind === 'stopped' ? 'down' : 'lost';
    case 'clearing':
    case 'spawning':
    case 'starting':
    case 'working':
    case 'backoff':
    case 'exited':
      return 'lost';
  }
}

/** The last line that says something, printable, without the account of any address, of at most 160 characters. */
export function lastLineOf(lines: readonly string[]): string | undefined {
  const line = lines.findLast((one) => one.trim() !== '')?.trim();
  const plain = line?.replaceAll(/\p{Cc}/gu, ' ').replaceAll(/\/\/[^\s/]*@/g, '//...@');
  return plain !== undefined && plain.length > 160 ? `${plain.slice(0, 159)}…` : plain;
}

/** The last lines of this run, for a failed task. Empty when it printed nothing. */
export function recentOutput(
  logs: Pick<Logs, 'tail'>,
  name: string,
  since: Date | undefined,
): string | undefined {
  const lines = logs.tail(name, 21, since);
  if (lines.length === 0) return undefined;
  const shown = lines.length > 20 ? ['(...)', ...lines.slice(-20)] : lines;
  return `Most recent service output:\n${shown.map((line) => `    ${line}`).join('\n')}`;
}
