// djsup run
import { ok } from '../../core/result.ts';
import { defineCommand } from '../command.ts';
import { runOptionList, runOptions } from '../run-options.ts';

export const command = defineCommand({
  name: 'run',
  category: 'Run',
  summary: 'Run the daemon and start the default services',
  description:
    'Runs the daemon in the foreground until it is told to stop. In the directory of a Django project (or with one in /django/app) it serves the project. "--args SERVICE WORD... ;" replaces the default arguments (those in [ ]) of a service\'s command; it ends with ";" or with the line.',
  options: runOptionList,
  positionals: [],
  takesServiceArgs: true,
  async run(context, input) {
    const program = await context.program();
    return ok(await program.run(runOptions(context, input)));
  },
});
