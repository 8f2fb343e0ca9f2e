// djsup leader
import { formatDuration, parseDuration } from '../../core/duration.ts';
import { nearest } from '../../core/nearest.ts';
import { fail, ok } from '../../core/result.ts';
import type { Result } from '../../core/result.ts';
import type { LeaderInfo } from '../../wire/replies.ts';
import { absTimeOption, defineCommand, formatOption, noWaitOption, words } from '../command.ts';
import type { CommandFailure, Context, Input, Outcome } from '../command.ts';
import { formatted } from '../format.ts';
import { tableText } from '../table.ts';
import { timeText } from '../time-text.ts';
import { finishChange } from '../wait.ts';

/** Each action of the daemon, and the options it takes. */
const actions: Readonly<Record<string, readonly OptionName[]>> = {
  'step-down': ['for', 'no-wait'],
  transfer: ['to', 'no-wait'],
  pause: ['for', 'no-wait'],
  resume: ['no-wait'],
};
const ownOptions = ['for', 'to', 'no-wait'] as const;
type OptionName = (typeof ownOptions)[number];

export const command = defineCommand({
  name: 'leader',
  category: 'Services',
  summary: 'Show who leads, and hand over',
  description:
    'Shows the leader groups of the plan: who runs the services that only one replica runs. With "step-down" this replica lets go and, with --for, stays out that long; "transfer --to" hands over to a replica by name; "pause" stays out until "resume", for the time of --for, or until djsup is started anew; "history" lists the latest transitions; "check" exits with 0 only inside a service whose lease still stands (see --min-valid). Groups may be named after the action; without any all are meant, and for step-down and transfer those that this replica leads.',
  options: [
    { name: 'verbose', help: 'Show services, timings, warnings and history of each group.' },
    { name: 'for', value: 'duration', help: 'How long to stay out, as 5m (step-down, pause).' },
    { name: 'to', value: 'replica', help: 'Who takes over (transfer).' },
    {
      name: 'min-valid',
      value: 'duration',
      help: 'How much longer the lease must stand (check), never more than its timings allow; default 2s.',
    },
    noWaitOption,
    absTimeOption,
    formatOption,
  ],
  positionals: [words('action or group', false)],
  async run(context, input) {
    const [first = '', ...rest] = input.words;
    if (Object.hasOwn(actions, first)) return act(context, input, first, rest);
    const stray = ownOptions.find((name) => input.on(name));
    if (stray !== undefined) return fail({ message: `--${stray} needs an action, such as "step-down"` });
    if (first === 'check') return check(context, input);
    const all = await (await context.client()).leaders([]);
    if (!all.ok) return all;
    const isHistory = first === 'history';
    const names = isHistory ? rest : input.words;
    const leaders = chosen(all.value, names, !isHistory);
    if (!leaders.ok) return leaders;
    const format = input.value('format') ?? 'text';
    const now = context.now();
    const when = (time: string): string => timeText(time, now, input.on('abs-time'));
    if (format !== 'text') {
      const byGroup = Object.fromEntries(leaders.value.map((one) => [one.group, one]));
      await context.print(await formatted(format, { leader: byGroup }));
    } else if (leaders.value.length === 0) {
      context.note('Plan has no leader groups in use.');
    } else if (isHistory) await context.print(historyText(leaders.value, when));
    else if (input.on('verbose'))
      await context.print(leaders.value.map((one) => detailsText(one, when)).join('\n'));
    else await context.print(tableText([head, ...leaders.value.map((one) => row(one, when))]));
    return ok(0);
  },
});

type LeaderInput = Input<'verbose' | 'for' | 'to' | 'min-valid' | 'no-wait' | 'abs-time' | 'format'>;

/** Those that are named, or all. `mayAct`: the first word may be meant as an action. */
function chosen(
  leaders: readonly LeaderInfo[],
  names: readonly string[],
  mayAct: boolean,
): Result<readonly LeaderInfo[], CommandFailure> {
  const known = leaders.map(({ group }) => group);
  const index = names.findIndex((name) => !known.includes(name));
  const stranger = names[index];
  if (stranger === undefined)
    return ok(names.length === 0 ? leaders : leaders.filter(({ group }) => names.includes(group)));
  const isFirst = mayAct && index === 0;
  const near = nearest(stranger, isFirst ? [...Object.keys(actions), 'history', 'check', ...known] : known);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  const what = isFirst ? 'action or leader group' : 'leader group';
  return fail({ message: `cannot find ${what} "${stranger}"${hint}` });
}

async function act(
  context: Context,
  input: LeaderInput,
  action: string,
  groups: readonly string[],
): Promise<Outcome> {
  const stray = ownOptions.find((name) => input.on(name) && actions[action]?.includes(name) === false);
  if (stray !== undefined) return fail({ message: `--${stray} does not go with "${action}"` });
  if (action === 'transfer' && !input.on('to')) return fail({ message: '"transfer" needs --to=<replica>' });
  const client = await context.client();
  const id = await client.actOnLeaders({ action, groups, for: input.value('for'), to: input.value('to') });
  if (!id.ok) return id;
  if (!input.on('no-wait')) return finishChange(context, client, id.value);
  await context.print(`${id.value}\n`);
  return ok(0);
}

async function check(context: Context, input: LeaderInput): Promise<Outcome> {
  const least = parseDuration(input.value('min-valid') ?? '2s');
  if (!least.ok) return fail({ message: `cannot use --min-valid: ${least.failure}` });
  const { checkLease } = await import('../../core/leader/lease-file.ts');
  const { environment } = context;
  const now = Number(process.hrtime.bigint()) / 1e6;
  const boot = readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  const lease = checkLease(
    readText(environment['DJSUP_LEADER_FILE'] ?? ''),
    environment,
    now,
    boot,
    least.value,
  );
  if (!lease.ok) return fail({ message: lease.failure });
  const { group, epoch, left } = lease.value;
  await context.print(`leads "${group}" in epoch ${epoch}, valid for ${formatDuration(Math.floor(left))}\n`);
  return ok(0);
}

function readText(path: string): string | undefined {
  try {
    return process.getBuiltinModule('node:fs').readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const head = ['Group', 'State', 'Leader', 'Epoch', 'Valid', 'Since', 'Backend', 'Detail'];

function row(info: LeaderInfo, when: (time: string) => string): string[] {
  return [
    info.group,
    info.state,
    info.leader ?? '-',
    String(info.epoch ?? '-'),
    info['valid-for'] ?? '-',
    when(info.since),
    info.backend,
    info.detail === '' ? '-' : info.detail,
  ];
}

function historyText(leaders: readonly LeaderInfo[], when: (time: string) => string): string {
  const rows = leaders.flatMap(({ group, history }) =>
    history.map(({ time, text }) => [group, when(time), text]),
  );
  return tableText([['Group', 'Time', 'Transition'], ...rows]);
}

function detailsText(info: LeaderInfo, when: (time: string) => string): string {
  const list = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
  const lines = [
    `${info.group}: ${info.state}`,
    `  replica:  ${info.replica}`,
    `  leader:   ${info.leader ?? '-'}`,
    `  epoch:    ${info.epoch ?? '-'}`,
    `  valid:    ${info['valid-for'] ?? '-'}`,
    `  since:    ${when(info.since)}`,
    `  backend:  ${info.backend} (${info.because})`,
    `  detail:   ${info.detail}`,
    `  services: ${info.services.length === 0 ? '-' : info.services.join(', ')}`,
    ...list(
      '  warnings',
      info.warnings.map((line) => `  ${line}`),
    ),
    ...list(
      '  timings',
      info.timings.map((line) => `  ${line}`),
    ),
    ...list(
      '  history',
      info.history.map(({ time, text }) => `  ${when(time)}  ${text}`),
    ),
  ];
  return `${lines.join('\n')}\n`;
}
