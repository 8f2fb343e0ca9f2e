// djsup notices
import { formatDuration, parseDuration } from '../../core/duration.ts';
import { fail, ok } from '../../core/result.ts';
import type { NoticeInfo } from '../../wire/replies.ts';
import { absTimeOption, defineCommand, formatOption } from '../command.ts';
import { formatted } from '../format.ts';
import { tableText } from '../table.ts';
import { timeText } from '../time-text.ts';

export const command = defineCommand({
  name: 'notices',
  category: 'Notices',
  summary: 'List what has happened',
  description:
    'Lists the public notices and your own by when they were last news: changes whose status changed, leaders gained and lost, services that the kernel killed for want of memory, and what "notify" recorded. With --timeout waits for the first one where there are none yet.',
  options: [
    { name: 'users', value: 'all', help: 'With "all": the notices of all users (admins only).' },
    { name: 'uid', value: 'uid', help: 'The notices of this user and the public ones (admins only).' },
    { name: 'type', value: 'type', help: 'Only change-update, custom or warning (repeatable).' },
    { name: 'key', value: 'key', help: 'Only notices with this key (repeatable).' },
    { name: 'timeout', value: 'duration', help: 'How long to wait for the first, as 30s.' },
    absTimeOption,
    formatOption,
  ],
  positionals: [],
  async run(context, input) {
    const timeout = parseDuration(input.value('timeout') ?? '0s');
    if (!timeout.ok) return fail({ message: `cannot use --timeout: ${timeout.failure}` });
    const client = await context.client();
    const notices = await client.notices({
      users: input.value('users'),
      uid: input.value('uid'),
      types: input.values('type'),
      keys: input.values('key'),
      timeout: timeout.value,
    });
    if (!notices.ok) return notices;
    const format = input.value('format') ?? 'text';
    if (format !== 'text') {
      await context.print(await formatted(format, { notices: notices.value }));
    } else if (notices.value.length === 0) {
      const waited = timeout.value > 0 ? ` after waiting ${formatDuration(timeout.value)}` : '';
      context.note(`No matching notices${waited}.`);
    } else {
      const time = (text: string) => timeText(text, context.now(), input.on('abs-time'));
      await context.print(tableText([head, ...notices.value.map((notice) => row(notice, time))]));
    }
    return ok(0);
  },
});

const head = ['ID', 'User', 'Type', 'Key', 'First', 'Repeated', 'Occurrences'];

function row(notice: NoticeInfo, time: (text: string) => string): string[] {
  return [
    notice.id,
    String(notice['user-id'] ?? 'public'),
    notice.type,
    shortened(notice.key),
    time(notice['first-occurred']),
    time(notice['last-repeated']),
    String(notice.occurrences),
  ];
}

/** Start and end of what is longer than 32 bytes. */
function shortened(key: string): string {
  const bytes = Buffer.from(key);
  return bytes.length <= 32
    ? key
    : `${bytes.toString('utf8', 0, 14)}...${bytes.toString('utf8', bytes.length - 15)}`;
}
