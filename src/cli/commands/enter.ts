// djsup enter: the daemon as the entry point of a container, with an optional sub-command.
import { fail, ok, type Result } from '../../core/result.ts';
import { defineCommand, type Command, type CommandFailure, type Context, type Input } from '../command.ts';
import { commandHelp } from '../help-text.ts';
import { parseWords } from '../parse.ts';
import type { Session } from '../program.ts';
import { reportFailure } from '../report.ts';
import { runOptionList, runOptions } from '../run-options.ts';

export const command = defineCommand({
  name: 'enter',
  category: 'Run',
  summary: 'Run the daemon as a container entry point',
  description:
    'Runs the daemon as "run" does. With a sub-command the default services are not started unless --run is given: "version", "plan" and "services" print what they print and the daemon ends; "start" and "stop" (with --run) leave it running; "help" starts no daemon. "--args SERVICE WORD... ;" replaces the default arguments of a service\'s command, as with "run".',
  options: [...runOptionList, { name: 'run', help: 'Start the default services before the sub-command.' }],
  positionals: [{ name: 'subcommand', required: false, many: true }],
  passThrough: true,
  takesServiceArgs: true,
  async run(context, input) {
    const options = runOptions(context, input);
    const [name, ...rest] = input.words;
    if (name === undefined) return ok(await (await context.program()).run(options));

    const conduct = conductOf(name, input.on('run'));
    if (!conduct.ok) return conduct;
    const sub = await context.findCommand(name);
    if (sub === undefined) return notSupported(name);
    const request = parseWords(sub, rest);
    if (!request.ok) return request;
    if (request.value.kind !== 'run' || conduct.value === 'no-daemon') {
      return runWithoutDaemon(context, sub, request.value);
    }

    const { input: subInput } = request.value;
    const session: Session = async () => {
      if (input.on('run')) await defaultServicesStarted(context);
      // Ctrl-C is the daemon's affair here: it stops everything.
      const code = await runSub({ ...context, onInterrupt: () => () => undefined }, sub, subInput);
      (await context.client()).close();
      return conduct.value === 'stay' && code === 0 ? 'stay' : code;
    };
    const program = await context.program();
    const quiet = conduct.value === 'leave' && !options.verbose;
    return ok(await program.run({ ...options, hold: options.hold || !input.on('run'), quiet }, session));
  },
});

/** What becomes of the daemon after the sub-command; each sub-command that `enter` takes has one row. */
type Conduct = 'no-daemon' | 'leave' | 'stay';

const conducts: ReadonlyMap<string, Conduct> = new Map([
  ['help', 'no-daemon'],
  ['version', 'leave'],
  ['plan', 'leave'],
  ['services', 'leave'],
  ['start', 'stay'],
  ['stop', 'stay'],
]);

function conductOf(name: string, run: boolean): Result<Conduct, CommandFailure> {
  const conduct = conducts.get(name);
  if (conduct === undefined) return notSupported(name);
  if (run && conduct === 'leave') {
    return fail({ message: `enter: cannot provide --run before "${name}" subcommand` });
  }
  if (!run && name === 'stop') return fail({ message: 'enter: must use --run before "stop" subcommand' });
  return ok(conduct);
}

function notSupported(name: string): Result<never, CommandFailure> {
  return fail({ message: `enter: subcommand "${name}" is not supported` });
}

async function runWithoutDaemon(
  context: Context,
  sub: Command,
  request: { readonly kind: 'help' | 'version' } | { readonly kind: 'run'; readonly input: Input },
) {
  if (request.kind === 'run') return sub.run(context, request.input);
  const text = request.kind === 'help' ? commandHelp(sub, context.invokedAs) : `${context.version}\n`;
  await context.print(text);
  return ok(0);
}

/** The daemon starts them by a change of its own; how that ends is not the sub-command's affair. */
async function defaultServicesStarted(context: Context): Promise<void> {
  const client = await context.client();
  const changes = await client.changes('in-progress');
  if (!changes.ok) return;
  for (const change of changes.value) {
    if (change.kind === 'autostart') await client.waitChange(change.id);
  }
}

async function runSub(context: Context, sub: Command, input: Input): Promise<number> {
  const outcome = await sub.run(context, input);
  if (outcome.ok) return outcome.value;
  reportFailure(context, outcome.failure);
  return 1;
}
