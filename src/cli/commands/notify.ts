// djsup notify
import { fail, ok } from '../../core/result.ts';
import { defineCommand, word, words } from '../command.ts';

export const command = defineCommand({
  name: 'notify',
  category: 'Notices',
  summary: 'Record a notice of your own',
  description:
    'Records a custom notice with a key such as "example.com/path" and data, which "notices" lists and others may wait for. The same key again is the same notice, once more.',
  options: [
    {
      name: 'repeat-after',
      value: 'duration',
      help: 'It is no news again before this has passed, as 1h.',
    },
  ],
  positionals: [word('key'), words('name=value', false)],
  async run(context, input) {
    const [key = '', ...args] = input.words;
    const stray = args.find((arg) => !arg.includes('='));
    if (stray !== undefined)
      return fail({ message: `data args must be in "name=value" format, not "${stray}"` });
    const data = Object.fromEntries(args.map(pairOf));
    const id = await (await context.client()).notify(key, data, input.value('repeat-after'));
    if (!id.ok) return id;
    await context.print(`Recorded notice ${id.value}\n`);
    return ok(0);
  },
});

function pairOf(arg: string): [string, string] {
  const at = arg.indexOf('=');
  return [arg.slice(0, at), arg.slice(at + 1)];
}
