// What happens in an election, as one line of the log with a stable code and numbers, `leader <code> group=... key=value`,
// and what of it becomes a notice.
import { strangeText } from '../core/leader/outlook.ts';
import type { LeaderTale } from '../core/leader/state.ts';
import { second } from '../core/leader/timing.ts';
import type { LogLevel } from '../ports.ts';

export interface LeaderStory {
  readonly level: LogLevel;
  /** The first word after "leader": stable, for whoever searches logs, and for metrics. */
  readonly code: string;
  readonly text: string;
  readonly notice?: LeaderNotice;
}

/** `name`: of the key `djsup.dev/leader-<name>`. */
interface LeaderNotice {
  readonly name: 'gained' | 'lost' | 'changed' | 'blocked' | 'warning';
  readonly data: Readonly<Record<string, string>>;
}

type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

/** `self`: this replica's name. Undefined: not worth telling. */
export function leaderStory(group: string, self: string, tale: LeaderTale): LeaderStory | undefined {
  const story = (level: LogLevel, code: string, facts: Facts = {}, notice?: LeaderNotice): LeaderStory => ({
    level,
    code,
    text: `leader ${code} ${factsText({ group, ...facts })}`,
    ...(notice && { notice }),
  });
  const notice = (name: LeaderNotice['name'], facts: Facts): LeaderNotice => ({
    name,
    data: noticeData(facts),
  });
  switch (tale.kind) {
    case 'following':
      return story(
        'info',
        'following',
        { epoch: tale.epoch, leader: tale.leader ?? 'nobody' },
        notice('changed', { epoch: tale.epoch, leader: tale.leader }),
      );
    case 'settling':
      return story('info', 'settling', { epoch: tale.epoch, for: seconds(tale.span) });
    case 'gained':
      return story(
        'info',
        'gained',
        { epoch: tale.epoch },
        notice('gained', { epoch: tale.epoch, leader: self }),
      );
    case 'handing-over':
      return story(
        'info',
        'handing-over',
        { epoch: tale.epoch },
        notice('lost', { epoch: tale.epoch, cause: tale.kind }),
      );
    case 'lost': {
      const { epoch, cause, age, tries, error } = tale;
      return story(
        'error',
        'lost',
        { epoch, cause, 'last-ok': seconds(age), tries, 'last-error': error },
        notice('lost', { epoch, cause, 'last-error': error }),
      );
    }
    case 'killing':
      return story('warn', 'killing', { epoch: tale.epoch });
    case 'undrained':
      return story(
        'error',
        'undrained',
        { epoch: tale.epoch },
        notice('warning', { epoch: tale.epoch, cause: tale.kind }),
      );
    case 'released':
      return story('info', 'released', { epoch: tale.epoch, clean: tale.clean });
    case 'unreleased':
      return story(
        'warn',
        'unreleased',
        { epoch: tale.epoch },
        notice('warning', { epoch: tale.epoch, cause: tale.kind }),
      );
    case 'paused':
      return story('info', 'paused');
    case 'blocked':
      return story(
        'error',
        'blocked',
        { kind: tale.error, reason: tale.reason },
        notice('blocked', { cause: tale.error, reason: tale.reason }),
      );
    case 'newer':
    case 'unreadable': {
      const reason = strangeText(tale);
      const format = tale.kind === 'newer' ? tale.format : undefined;
      const code = `${tale.kind}-record`;
      return story('error', code, { format, reason }, notice('warning', { cause: code, format, reason }));
    }
    case 'board':
      return undefined;
  }
}

/** An outage of the engine begins, or ends after `span` ms; `error`: what was wrong. */
export function outageStory(
  group: string,
  outage: { readonly turn: 'begins' | 'ends'; readonly error: string; readonly span: number },
): LeaderStory {
  const { error } = outage;
  if (outage.turn === 'begins') {
    const text = `leader unreachable ${factsText({ group, error })}`;
    return leaderWarning('unreachable', text, { error });
  }
  const span = `${(outage.span / 1000).toFixed(1)}s`;
  const text = `leader reachable ${factsText({ group, after: span, 'last-error': error })}`;
  return { ...leaderWarning('reachable', text, { after: span, 'last-error': error }), level: 'info' };
}

/** A warning about a group in words of its own. */
export function leaderWarning(
  code: string,
  text: string,
  facts: Readonly<Record<string, string>>,
): LeaderStory {
  return {
    level: 'warn',
    code,
    text,
    notice: { name: 'warning', data: noticeData({ cause: code, ...facts }) },
  };
}

/** The place where it would be elected is unfit, or there is none. */
export function backingBlocked(group: string, backend: string, because: string): LeaderStory {
  const text = `leader blocked group=${group} backend=${backend}: ${because}`;
  const data = noticeData({ cause: backend, reason: because });
  return { level: 'error', code: 'blocked', text, notice: { name: 'blocked', data } };
}

/** Texts of others are cut. */
const longestValue = 512;

function noticeData(facts: Facts): Record<string, string> {
  const given = Object.entries(facts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([key, value]) => [key, String(value).slice(0, longestValue)]));
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
