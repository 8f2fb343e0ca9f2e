// djsup check
import { fail, ok, type Result } from '../../core/result.ts';
import type { Client, ClientFailure } from '../../wire/client.ts';
import type { CheckInfo } from '../../wire/replies.ts';
import { latestCheckLog } from '../check-log.ts';
import { defineCommand, formatOption, word, type CommandFailure } from '../command.ts';
import { formatted, yamlText } from '../format.ts';

export const command = defineCommand({
  name: 'check',
  category: 'Checks',
  summary: 'Show one check in detail',
  description:
    'Shows one check with what it has logged lately. With --refresh runs it now and shows what came of that. The exit code is 0 for a failing check too.',
  options: [{ name: 'refresh', help: 'Run the check now.' }, formatOption],
  positionals: [word('check')],
  async run(context, input) {
    const client = await context.client();
    const found = await fetchCheck(client, input.words[0] ?? '', input.on('refresh'));
    if (!found.ok) return found;
    const { info, error } = found.value;
    const log = await latestCheckLog(client, info);
    const details = {
      name: info.name,
      level: info.level,
      startup: info.startup,
      status: info.status,
      successes: info.successes,
      failures: info.failures ?? 0,
      threshold: info.threshold,
      'change-id': info['change-id'],
      'prev-change-id': info['prev-change-id'],
      'waiting-for': info['waiting-for'],
      error,
      logs: log.length === 0 ? undefined : `${log.join('\n')}\n`,
    };
    // YAML would write undefined values as null.
    const shown = Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined));
    const format = input.value('format') ?? 'text';
    await context.print(format === 'text' ? await yamlText(shown) : await formatted(format, shown));
    return ok(0);
  },
});

async function fetchCheck(
  client: Client,
  name: string,
  refresh: boolean,
): Promise<Result<{ readonly info: CheckInfo; readonly error?: string }, ClientFailure | CommandFailure>> {
  if (refresh) return client.refreshCheck(name);
  const checks = await client.checks(undefined, [name]);
  if (!checks.ok) return checks;
  const info = checks.value.find((check) => check.name === name);
  return info === undefined ? fail({ message: `cannot find check "${name}"` }) : ok({ info });
}
