// djsup add
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { fail, ok } from '../../core/result.ts';
import { defineCommand, word } from '../command.ts';

export const command = defineCommand({
  name: 'add',
  category: 'Plan',
  summary: 'Add a layer to the plan',
  description:
    'Adds the layer in the file to the plan under the label. It lasts until djsup stops; nothing is started or stopped before "replan".',
  options: [
    { name: 'combine', help: 'Combine with the layer of this label where there is one.' },
    { name: 'inner', help: 'Allow a place below layers that are there already.' },
  ],
  positionals: [word('label'), word('path')],
  async run(context, input) {
    const [label = '', path = ''] = input.words;
    const text = await readText(resolve(context.cwd, path));
    if (text instanceof Error) return fail({ message: `cannot read layer "${path}": ${reasonOf(text)}` });
    const client = await context.client();
    const combine = input.on('combine');
    const added = await client.addLayer({ label, combine, inner: input.on('inner'), text });
    if (!added.ok) return added;
    await context.print(`Layer "${label}" added successfully from "${path}"\n`);
    return ok(0);
  },
});

async function readText(path: string): Promise<string | Error> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function reasonOf(error: Error): string {
  const errno = 'errno' in error ? error.errno : undefined;
  return typeof errno === 'number' ? getSystemErrorMessage(errno) : error.message;
}
