// djsup tasks
import { fail, ok, type Result } from '../../core/result.ts';
import type { Client, ClientFailure } from '../../wire/client.ts';
import type { ChangeInfo, TaskInfo } from '../../wire/replies.ts';
import { bySpawnTime } from '../change-list.ts';
import { absTimeOption, defineCommand, formatOption, optionalWord, type CommandFailure } from '../command.ts';
import { formatted } from '../format.ts';
import { tableText } from '../table.ts';
import { timeText } from '../time-text.ts';

export const command = defineCommand({
  name: 'tasks',
  category: 'Changes',
  summary: 'Show the tasks of a change',
  description:
    'Shows the steps of a change, with what each has logged. Instead of an id, --last names the kind of change (start, stop, restart, ...) of which the latest is shown.',
  options: [
    {
      name: 'last',
      value: 'kind',
      help: 'The latest change of this kind; with "?" at its end it is no error that there is none.',
    },
    absTimeOption,
    formatOption,
  ],
  positionals: [optionalWord('change-id')],
  async run(context, input) {
    const [id] = input.words;
    const last = input.value('last');
    if (id === undefined && last === undefined) {
      return fail({ message: 'please provide change ID or type with --last=<type>' });
    }
    if (id !== undefined && last !== undefined) {
      return fail({ message: 'cannot use change ID and type together' });
    }
    if (id !== undefined && !/^[a-z0-9]+$/.test(id)) return fail({ message: `invalid change ID "${id}"` });
    const client = await context.client();
    const change = await (id === undefined ? latest(client, last ?? '') : client.change(id));
    if (!change.ok) return change;
    if (change.value === undefined) return ok(0);
    const tasks = change.value.tasks ?? [];
    const format = input.value('format') ?? 'text';
    const time = (text: string | undefined) => timeText(text, context.now(), input.on('abs-time'));
    await context.print(format === 'text' ? tasksText(tasks, time) : await formatted(format, change.value));
    return ok(0);
  },
});

async function latest(
  client: Client,
  asked: string,
): Promise<Result<ChangeInfo | undefined, ClientFailure | CommandFailure>> {
  const kind = asked.replace(/\?$/, '');
  const changes = await client.changes('all');
  if (!changes.ok) return changes;
  const found = bySpawnTime(changes.value).findLast((change) => change.kind === kind);
  if (found === undefined && !asked.endsWith('?'))
    return fail({ message: `no changes of type "${kind}" found` });
  return ok(found);
}

const separator = '.'.repeat(70);

function tasksText(tasks: readonly TaskInfo[], time: (text: string | undefined) => string): string {
  const rows = tasks.map((task) => [
    task.status,
    time(task['spawn-time']),
    time(task['ready-time']),
    task.summary + progressText(task),
  ]);
  const logs = tasks
    .filter((task) => (task.log ?? []).length > 0)
    .map((task) => `\n${separator}\n${task.summary}\n\n${(task.log ?? []).join('\n')}\n`);
  return `${tableText([['Status', 'Spawn', 'Ready', 'Summary'], ...rows])}${logs.join('')}\n`;
}

function progressText({ status, progress: { done, total } }: TaskInfo): string {
  return status === 'Doing' && total > 1 ? ` (${((done / total) * 100).toFixed(2)}%)` : '';
}
