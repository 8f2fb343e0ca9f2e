// djsup changes
import { fail, ok } from '../../core/result.ts';
import { bySpawnTime } from '../change-list.ts';
import { absTimeOption, defineCommand, formatOption, optionalWord } from '../command.ts';
import { formatted } from '../format.ts';
import { tableText } from '../table.ts';
import { timeText } from '../time-text.ts';

export const command = defineCommand({
  name: 'changes',
  category: 'Changes',
  summary: 'List the changes that were made',
  description: 'Lists recent changes, or those that concern one service, oldest first.',
  options: [absTimeOption, formatOption],
  positionals: [optionalWord('service')],
  async run(context, input) {
    const [service] = input.words;
    if (service === 'everything') {
      await context.print('Yes, yes it does.\n');
      return ok(0);
    }
    if (service !== undefined && /^\d+$/.test(service)) {
      const { invokedAs } = context;
      const message = `'${invokedAs} changes' command expects a service name, try '${invokedAs} tasks ${service}'`;
      return fail({ message });
    }
    const fetched = await (await context.client()).changes('all', service);
    if (!fetched.ok) return fetched;
    const changes = bySpawnTime(fetched.value);
    const format = input.value('format') ?? 'text';
    if (format !== 'text') {
      await context.print(await formatted(format, { changes }));
    } else if (changes.length === 0) {
      context.note('no changes found');
    } else {
      const time = (text: string | undefined) => timeText(text, context.now(), input.on('abs-time'));
      const rows = changes.map((change) => [
        change.id,
        change.status,
        time(change['spawn-time']),
        time(change['ready-time']),
        change.summary,
      ]);
      await context.print(`${tableText([['ID', 'Status', 'Spawn', 'Ready', 'Summary'], ...rows])}\n`);
    }
    return ok(0);
  },
});
