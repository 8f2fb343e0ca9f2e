// djsup detect
import { resolve } from 'node:path';
import { ok } from '../../core/result.ts';
import { defineCommand, formatOption, optionalWord } from '../command.ts';

export const command = defineCommand({
  name: 'detect',
  category: 'Django',
  summary: 'Show what djsup finds out about a Django project',
  description:
    'Shows the facts about the Django project in a directory (by default this one) and where each came from. Exits with 1 when there is no project that can be run. Needs no daemon.',
  options: [formatOption],
  positionals: [optionalWord('dir')],
  async run(context, input) {
    const program = await context.program();
    const format = input.value('format');
    const { output, code } = await program.detect(
      resolve(context.cwd, input.words[0] ?? '.'),
      format === 'json' || format === 'yaml' ? format : 'text',
    );
    await context.print(output);
    return ok(code);
  },
});
