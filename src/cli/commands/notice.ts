// djsup notice
import { fail, ok, type Result } from '../../core/result.ts';
import type { Client, ClientFailure } from '../../wire/client.ts';
import type { NoticeInfo } from '../../wire/replies.ts';
import { defineCommand, formatOption, optionalWord, word } from '../command.ts';
import type { CommandFailure } from '../command.ts';
import { formatted, yamlText } from '../format.ts';

export const command = defineCommand({
  name: 'notice',
  category: 'Notices',
  summary: 'Show one notice in detail',
  description: 'Shows one notice with its data: by its id, or by its type and key.',
  options: [
    { name: 'uid', value: 'uid', help: 'Of this user; with type and key only (admins only).' },
    formatOption,
  ],
  positionals: [word('id-or-type'), optionalWord('key')],
  async run(context, input) {
    const [first = '', key] = input.words;
    const uid = input.value('uid');
    if (key === undefined && uid !== undefined)
      return fail({ message: 'cannot use --uid with an id, only with a type and a key' });
    if (key === undefined && first.includes('/')) return fail({ message: `invalid notice ID "${first}"` });
    const client = await context.client();
    const notice = key === undefined ? await client.notice(first) : await noticeOf(client, first, key, uid);
    if (!notice.ok) return notice;
    const format = input.value('format') ?? 'text';
    await context.print(
      format === 'text' ? await yamlText(notice.value) : await formatted(format, notice.value),
    );
    return ok(0);
  },
});

async function noticeOf(
  client: Client,
  type: string,
  key: string,
  uid: string | undefined,
): Promise<Result<NoticeInfo, ClientFailure | CommandFailure>> {
  const found = await client.notices({ users: undefined, uid, types: [type], keys: [key], timeout: 0 });
  if (!found.ok) return found;
  // One's own before a public one.
  const notice = found.value.find((one) => one['user-id'] !== null) ?? found.value[0];
  return notice === undefined
    ? fail({ message: `cannot find ${type} notice with key "${key}"` })
    : ok(notice);
}
