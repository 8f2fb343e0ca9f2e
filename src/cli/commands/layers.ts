// djsup layers: djsup's own, Pebble has no such command
import { ok } from '../../core/result.ts';
import { defineCommand, formatOption } from '../command.ts';
import { formatted } from '../format.ts';
import { tableText } from '../table.ts';

export const command = defineCommand({
  name: 'layers',
  category: 'Plan',
  summary: 'List the layers of the plan',
  description: 'Lists the layers that make up the plan, lowest first, and where each came from.',
  options: [formatOption],
  positionals: [],
  async run(context, input) {
    const layers = await (await context.client()).layers();
    if (!layers.ok) return layers;
    const format = input.value('format') ?? 'text';
    if (format !== 'text') {
      await context.print(await formatted(format, { layers: layers.value }));
    } else if (layers.value.length === 0) {
      context.note('Plan has no layers.');
    } else {
      const rows = layers.value.map(({ order, label, origin }) => [String(order), label, origin]);
      await context.print(tableText([['Order', 'Label', 'Origin'], ...rows]));
    }
    return ok(0);
  },
});
