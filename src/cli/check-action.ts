// The commands that start and stop checks: they differ in name and words only.
import { ok } from '../core/result.ts';
import { defineCommand, words, type Command } from './command.ts';

export function checkAction(action: 'start' | 'stop', summary: string, description: string): Command {
  const past = action === 'start' ? 'started' : 'stopped';
  return defineCommand({
    name: `${action}-checks`,
    category: 'Checks',
    summary,
    description,
    options: [],
    positionals: [words('check', true)],
    async run(context, { words: names }) {
      const client = await context.client();
      const changed = await (action === 'start' ? client.startChecks(names) : client.stopChecks(names));
      if (!changed.ok) return changed;
      const list = changed.value.join(', ');
      await context.print(list === '' ? `Checks already ${past}.\n` : `Checks ${past}: ${list}\n`);
      return ok(0);
    },
  });
}
