// djsup logs
import { fail, ok } from '../../core/result.ts';
import type { LogEntry } from '../../wire/replies.ts';
import { defineCommand, words } from '../command.ts';

export const command = defineCommand({
  name: 'logs',
  category: 'Services',
  summary: "Print the services' latest output",
  description:
    'Prints the latest log lines of all services, or of those named, in order of time. With --follow goes on until Ctrl-C.',
  options: [
    { name: 'follow', short: 'f', help: 'Go on with new lines as they come.' },
    { name: 'n', value: 'n', help: 'How many lines, or "all" (default: 30).' },
    {
      name: 'format',
      value: 'format',
      choices: ['text', 'json'],
      help: 'Print as text or json, one object a line (default: text).',
    },
  ],
  positionals: [words('service', false)],
  async run(context, input) {
    const n = input.value('n') ?? '30';
    if (n !== 'all' && !/^\d{1,9}$/.test(n)) {
      return fail({ message: `expected n to be a non-negative integer or "all", not "${n}"` });
    }
    const client = await context.client();
    const end = new AbortController();
    const follow = input.on('follow');
    // Someone who follows ends it with Ctrl-C: that is success, and exit code 0.
    const release = follow ? context.onInterrupt(() => end.abort()) : () => undefined;
    const print = input.value('format') === 'json' ? jsonLine : textLine;
    try {
      const batches = client.logs({
        services: input.words,
        count: n === 'all' ? -1 : Number(n),
        follow,
        signal: AbortSignal.any([end.signal, context.readerGone]),
      });
      for await (const batch of batches) {
        if (!batch.ok) return batch.failure.kind === 'given-up' ? ok(0) : batch;
        await context.print(batch.value.map(print).join(''));
      }
      return ok(0);
    } finally {
      release();
    }
  },
});

function textLine({ time, service, message }: LogEntry): string {
  const parsed = new Date(time);
  const stamp = Number.isNaN(parsed.getTime()) ? time : parsed.toISOString();
  return `${stamp} [${service}] ${message}\n`;
}

function jsonLine(entry: LogEntry): string {
  return `${JSON.stringify(entry)}\n`;
}
