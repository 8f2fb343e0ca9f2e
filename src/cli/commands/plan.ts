// djsup plan
import { resolve } from 'node:path';
import { fail, ok } from '../../core/result.ts';
import { defineCommand, optionalWord } from '../command.ts';

export const command = defineCommand({
  name: 'plan',
  category: 'Plan',
  summary: 'Show the plan, or check one without a daemon',
  description:
    "Shows the daemon's combined plan as YAML. With --check combines the layers in a directory (by default the daemon's own) with no daemon running, in a Django project over the layer that djsup ships, shows the plan, and exits with 0; or lists every error as file:line:column, and exits with 1.",
  options: [{ name: 'check', help: 'Combine the layers in <layers-dir> with no daemon running.' }],
  positionals: [optionalWord('layers-dir')],
  async run(context, input) {
    const [directory] = input.words;
    if (!input.on('check')) {
      if (directory !== undefined) return fail({ message: `cannot use "${directory}" without --check` });
      const plan = await (await context.client()).planText();
      if (!plan.ok) return plan;
      await context.print(plan.value);
      return ok(0);
    }
    const program = await context.program();
    const checked = await program.checkPlan(resolve(context.cwd, directory ?? context.paths.layers));
    for (const warning of checked.warnings) context.note(`warning: ${warning}`);
    if (checked.ok) await context.print(checked.output);
    else context.note(checked.output.trimEnd());
    return ok(checked.ok ? 0 : 1);
  },
});
