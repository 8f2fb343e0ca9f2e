// What happens in an election, as one line of the log with a stable code and numbers: `leader <code> group=... key=value`.
import type { LeaderTale } from '../core/leader/state.ts';
import { second } from '../core/leader/timing.ts';
import type { LogLevel } from '../ports.ts';

export interface LeaderStory {
  readonly level: LogLevel;
  /** The first word after "leader": stable, for whoever searches logs, and for metrics. */
  readonly code: string;
  readonly text: string;
}

type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

/** Undefined: not worth telling. */
export function leaderStory(group: string, tale: LeaderTale): LeaderStory | undefined {
  const story = (level: LogLevel, code: string, facts: Facts = {}): LeaderStory => ({
    level,
    code,
    text: `leader ${code} ${factsText({ group, ...facts })}`,
  });
  switch (tale.kind) {
    case 'following':
      return story('info', 'following', { epoch: tale.epoch, leader: tale.leader ?? 'nobody' });
    case 'settling':
      return story('info', 'settling', { epoch: tale.epoch, for: seconds(tale.span) });
    case 'gained':
    case 'handing-over':
      return story('info', tale.kind, { epoch: tale.epoch });
    case 'lost': {
      const { epoch, cause, age, tries, error } = tale;
      return story('error', 'lost', { epoch, cause, 'last-ok': seconds(age), tries, 'last-error': error });
    }
    case 'killing':
      return story('warn', 'killing', { epoch: tale.epoch });
    case 'undrained':
      return story('error', 'undrained', { epoch: tale.epoch });
    case 'released':
      return story('info', 'released', { epoch: tale.epoch, clean: tale.clean });
    case 'unreleased':
      return story('warn', 'unreleased', { epoch: tale.epoch });
    case 'paused':
      return story('info', 'paused');
    case 'blocked':
      return story('error', 'blocked', { kind: tale.error, reason: tale.reason });
    case 'board':
      return undefined;
  }
}

function factsText(facts: Facts): string {
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${wordText(String(value))}`)
    .join(' ');
}

/** What others have written into the record never breaks the line. */
function wordText(text: string): string {
  return /^[-\w.:/%@+]+$/.test(text) ? text : JSON.stringify(text.replaceAll(/\p{Cc}/gu, ' '));
}

function seconds(span: number): string {
  return `${(span / second).toFixed(1)}s`;
}
