// djsup detect
import { resolve } from 'node:path';
import { ok } from '../../core/result.ts';
import { defineCommand, formatOption, optionalWord } from '../command.ts';
import { formatted } from '../format.ts';

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
    const { ok: canRun, text, data } = await program.detect(resolve(context.cwd, input.words[0] ?? '.'));
    const isData = format === 'json' || format === 'yaml';
    await context.print(isData ? await formatted(format, data) : text);
    return ok(canRun ? 0 : 1);
  },
});
