// The commands that ask for a change of services and wait for it: they differ in name and words only.
import { ok } from '../core/result.ts';
import { defineCommand, noWaitOption, words, type Command } from './command.ts';
import { finishChange } from './wait.ts';

export function serviceAction(
  name: 'start' | 'stop' | 'restart' | 'autostart' | 'replan',
  takesNames: boolean,
  summary: string,
  description: string,
): Command {
  return defineCommand({
    name,
    category: 'Services',
    summary,
    description,
    options: [noWaitOption],
    positionals: takesNames ? [words('service', true)] : [],
    async run(context, input) {
      const client = await context.client();
      const id = await client.actOnServices(name, input.words);
      if (!id.ok) return id;
      if (!input.on('no-wait')) return finishChange(context, client, id.value);
      await context.print(`${id.value}\n`);
      return ok(0);
    },
  });
}
