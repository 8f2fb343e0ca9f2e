// djsup version
import { ok } from '../../core/result.ts';
import { defineCommand, formatOption } from '../command.ts';
import { formatted } from '../format.ts';
import { tableText } from '../table.ts';

export const command = defineCommand({
  name: 'version',
  category: 'Info',
  summary: 'Show the versions of client and server',
  description:
    'Shows the version of this program and of the daemon that answers. In text a server that does not answer is shown as "-"; in json and yaml as an empty string, with exit code 1.',
  options: [{ name: 'client', help: 'Only the version of this program; asks no server.' }, formatOption],
  positionals: [],
  async run(context, input) {
    const format = input.value('format') ?? 'text';
    const client = context.version;
    if (input.on('client')) {
      await context.print(format === 'text' ? `${client}\n` : await formatted(format, { client }));
      return ok(0);
    }
    const system = await (await context.client()).systemInfo();
    const server = system.ok ? system.value.version : '';
    if (format === 'text') {
      const rows = [
        ['client', client],
        ['server', server || '-'],
      ];
      await context.print(tableText(rows));
      return ok(0);
    }
    await context.print(await formatted(format, { client, server }));
    return ok(system.ok ? 0 : 1);
  },
});
