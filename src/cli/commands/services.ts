// djsup services
import { ok } from '../../core/result.ts';
import type { ServiceInfo } from '../../wire/replies.ts';
import { absTimeOption, defineCommand, formatOption, words } from '../command.ts';
import { formatted } from '../format.ts';
import { tableText } from '../table.ts';
import { absoluteTime, timeText } from '../time-text.ts';

export const command = defineCommand({
  name: 'services',
  category: 'Services',
  summary: 'List services and how they are',
  description:
    'Lists the services of the plan, or those named, with their startup setting and how they are now. With --wide also what their processes do, and why one is not running.',
  options: [
    absTimeOption,
    formatOption,
    { name: 'wide', help: 'Add state, PID, restarts, last exit, next restart and reason.' },
  ],
  positionals: [words('service', false)],
  async run(context, input) {
    const services = await (await context.client()).services(input.words);
    if (!services.ok) return services;
    const format = input.value('format') ?? 'text';
    if (format !== 'text') {
      const byName = Object.fromEntries(services.value.map((service) => [service.name, service]));
      await context.print(await formatted(format, { services: byName }));
    } else if (services.value.length === 0) {
      context.note(input.words.length === 0 ? 'Plan has no services.' : 'No matching services.');
    } else {
      const now = context.now();
      const absolute = input.on('abs-time');
      const row = (service: ServiceInfo) => [
        ...plainRow(service, now, absolute),
        ...(input.on('wide') ? wideRow(service, now, absolute) : []),
      ];
      const head = [...plainHead, ...(input.on('wide') ? wideHead : [])];
      await context.print(tableText([head, ...services.value.map(row)]));
    }
    return ok(0);
  },
});

const plainHead = ['Service', 'Startup', 'Current', 'Since'];

function plainRow(service: ServiceInfo, now: Date, absolute: boolean): string[] {
  return [service.name, service.startup, service.current, timeText(service['current-since'], now, absolute)];
}

const wideHead = ['State', 'PID', 'Restarts', 'Last exit', 'Retry', 'Reason'];

function wideRow(service: ServiceInfo, now: Date, absolute: boolean): string[] {
  return [
    service.state ?? '-',
    String(service.pid ?? '-'),
    String(service.restarts ?? '-'),
    service['last-exit'] ?? '-',
    retryText(service['retry-at'], now, absolute),
    service.reason ?? '-',
  ];
}

/** A restart is seconds away, so the clock's minutes would not tell. */
function retryText(text: string | undefined, now: Date, absolute: boolean): string {
  if (text === undefined) return '-';
  const time = new Date(text);
  if (absolute) return absoluteTime(time);
  const seconds = (time.getTime() - now.getTime()) / 1000;
  return seconds <= 0 ? 'now' : `in ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)}s`;
}
