// djsup help
import { fail, ok } from '../../core/result.ts';
import { defineCommand, optionalWord } from '../command.ts';
import { allHelp, commandHelp, shortHelp } from '../help-text.ts';

export const command = defineCommand({
  name: 'help',
  category: 'Info',
  summary: 'Show help',
  description: 'Shows an overview, or the help of one command.',
  options: [{ name: 'all', help: 'List all commands with their summaries.' }],
  positionals: [optionalWord('command')],
  async run(context, input) {
    const [name] = input.words;
    const { invokedAs } = context;
    if (name !== undefined) {
      const found = await context.findCommand(name);
      if (found === undefined) {
        return fail({ message: `unknown command "${name}", see '${invokedAs} help'` });
      }
      await context.print(commandHelp(found, invokedAs));
      return ok(0);
    }
    const commands = await context.allCommands();
    await context.print(input.on('all') ? allHelp(commands, invokedAs) : shortHelp(commands, invokedAs));
    return ok(0);
  },
});
