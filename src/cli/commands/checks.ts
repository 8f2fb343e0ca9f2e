// djsup checks
import { ok } from '../../core/result.ts';
import type { Client } from '../../wire/client.ts';
import type { CheckInfo } from '../../wire/replies.ts';
import { latestCheckLog } from '../check-log.ts';
import { defineCommand, formatOption, levelOption, words } from '../command.ts';
import { formatted } from '../format.ts';
import { tableText } from '../table.ts';

export const command = defineCommand({
  name: 'checks',
  category: 'Checks',
  summary: 'List checks and how they are',
  description:
    'Lists the checks of the plan, or those named, with their status, successes, failures and the change that performs them.',
  options: [levelOption, formatOption],
  positionals: [words('check', false)],
  async run(context, input) {
    const client = await context.client();
    const checks = await client.checks(input.value('level'), input.words);
    if (!checks.ok) return checks;
    const format = input.value('format') ?? 'text';
    if (format !== 'text') {
      const byName = Object.fromEntries(checks.value.map((check) => [check.name, check]));
      await context.print(await formatted(format, { checks: byName }));
    } else if (checks.value.length === 0) {
      const filtered = input.words.length > 0 || input.value('level') !== undefined;
      context.note(filtered ? 'No matching health checks.' : 'Plan has no health checks.');
    } else {
      const rows = [['Check', 'Level', 'Startup', 'Status', 'Successes', 'Failures', 'Change']];
      for (const check of checks.value) rows.push(await row(client, check, context.invokedAs));
      await context.print(tableText(rows));
    }
    return ok(0);
  },
});

async function row(client: Client, check: CheckInfo, invokedAs: string): Promise<string[]> {
  const inactive = check.status === 'inactive';
  return [
    check.name,
    check.level ?? '-',
    check.startup,
    check.status,
    // A server of an older kind tells no successes.
    inactive ? '-' : String(check.successes ?? '?'),
    inactive ? '-' : `${check.failures ?? 0}/${check.threshold}`,
    await changeText(client, check, invokedAs),
  ];
}

async function changeText(client: Client, check: CheckInfo, invokedAs: string): Promise<string> {
  const id = check['change-id'];
  if (id === undefined) return '-';
  const log = (check.failures ?? 0) > 0 ? await latestCheckLog(client, check) : [];
  const last = log.at(-1);
  return last === undefined ? id : `${id} (${shorten(last, `${invokedAs} tasks ${id}`)})`;
}

const longest = 70;

/** The text of a log line without its time and level, cut to 70 bytes that then end with where the rest is. */
function shorten(line: string, tasks: string): string {
  const text = line.replace(/^\S+ (INFO|ERROR) /, '').replaceAll('\n', '\\n');
  const bytes = Buffer.from(text);
  if (bytes.length <= longest) return text;
  const more = `... run "${tasks}" for more`;
  return bytes.toString('utf8', 0, Math.max(0, longest - more.length)).replace(/\uFFFD$/, '') + more;
}
