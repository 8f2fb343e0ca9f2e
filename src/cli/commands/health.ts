// djsup health
import { ok } from '../../core/result.ts';
import { defineCommand, formatOption, levelOption, words } from '../command.ts';
import { formatted } from '../format.ts';

export const command = defineCommand({
  name: 'health',
  category: 'Checks',
  summary: 'Say whether all is healthy',
  description:
    'Prints "healthy" and exits with 0 when no check is down, else "unhealthy" and 1. Level ready looks at ready and alive checks, level alive at alive ones only. With json or yaml the exit code is 0 either way.',
  options: [levelOption, formatOption],
  positionals: [words('check', false)],
  async run(context, input) {
    const healthy = await (await context.client()).health(input.value('level'), input.words);
    if (!healthy.ok) return healthy;
    const format = input.value('format') ?? 'text';
    if (format === 'text') {
      await context.print(healthy.value ? 'healthy\n' : 'unhealthy\n');
      return ok(healthy.value ? 0 : 1);
    }
    await context.print(await formatted(format, { healthy: healthy.value }));
    return ok(0);
  },
});
