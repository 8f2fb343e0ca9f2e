// The command line: arguments in, text and an exit code out. Loads neither the daemon nor the HTTP server;
// law: every failure is one line on stderr, whoever stops reading ends the command without a word.
import type { Client } from '../wire/client.ts';
import { commandTable, findCommand, nearestCommand } from './command-table.ts';
import type { Command, CommandFailure, Context } from './command.ts';
import { createOutput } from './output.ts';
import { parseWords } from './parse.ts';
import { resolvePaths } from './paths.ts';
import type { ExporterFlags, Program } from './program.ts';
import { reportFailure } from './report.ts';
import type { Surroundings } from './surroundings.ts';

export interface CliOptions extends Surroundings {
  readonly version: string;
  /** Loads the daemon; used by run, enter, detect and plan --check only. */
  program(): Promise<Program>;
  /** Runs the StatsD exporter until it is told to end, and returns its exit code; loads nothing of the daemon. */
  statsdExporter(flags: ExporterFlags): Promise<number>;
}

/** Does what the arguments say and returns the exit code; all output has been handed over by then. Never rejects. */
export async function runCli(options: CliOptions): Promise<number> {
  const output = createOutput(options.stdout, options.stderr);
  let client: Client | undefined;
  const { environment, invokedAs, version, cwd } = options;
  const paths = resolvePaths(environment, invokedAs, cwd, (path) => options.exists(path), options.isRoot);
  const context: Context = {
    invokedAs,
    version,
    cwd,
    environment,
    paths,
    isRoot: options.isRoot,
    stderrColumns: options.stderrColumns,
    findCommand,
    allCommands: commandTable,
    client: async () => {
      const { createClient } = await import('../wire/client.ts');
      const { baseUrl, socket } = paths;
      client ??= createClient({ address: baseUrl === undefined ? { socketPath: socket } : { baseUrl } });
      return client;
    },
    program: () => options.program(),
    statsdExporter: (flags) => options.statsdExporter(flags),
    now: () => options.now(),
    print: (text) => output.print(text),
    note: (line) => output.note(line),
    readerGone: output.readerGone,
    onInterrupt: (handler) => options.onInterrupt(handler),
  };
  let code: number;
  try {
    code = await runLine(context, options.argv);
  } catch (error) {
    reportFailure(context, { message: `cannot go on, this is a bug: ${String(error)}` });
    code = 1;
  } finally {
    client?.close();
  }
  const lost = await output.finish();
  if (lost === undefined) return code;
  reportFailure(context, { message: `cannot write the output: ${lost.message}` });
  return 1;
}

async function runLine(context: Context, argv: readonly string[]): Promise<number> {
  const [first = 'help', ...rest] = argv;
  if (first === '--version') {
    await context.print(`${context.version}\n`);
    return 0;
  }
  const name = first === '--help' || first === '-h' ? 'help' : first;
  const command = await findCommand(name);
  if (command === undefined) return failed(context, { message: unknownName(context, name) });
  const request = parseWords(command, rest);
  if (!request.ok) return failed(context, request.failure);
  switch (request.value.kind) {
    case 'help':
      await context.print(await helpOf(command, context.invokedAs));
      return 0;
    case 'version':
      await context.print(`${context.version}\n`);
      return 0;
    case 'run': {
      const outcome = await command.run(context, request.value.input);
      return outcome.ok ? outcome.value : failed(context, outcome.failure);
    }
  }
}

function failed(context: Context, failure: CommandFailure): number {
  reportFailure(context, failure);
  return 1;
}

async function helpOf(command: Command, invokedAs: string): Promise<string> {
  const { commandHelp } = await import('./help-text.ts');
  return commandHelp(command, invokedAs);
}

function unknownName({ invokedAs }: Context, name: string): string {
  if (name.startsWith('-')) return `unknown flag \`${name.replace(/^-+/, '')}'`;
  const near = nearestCommand(name);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return `unknown command "${name}", see '${invokedAs} help'${hint}`;
}
