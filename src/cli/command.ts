// What a command of the CLI is: data that parsing, help and the reference are made from, and a run function.
import type { Result } from '../core/result.ts';
import type { Client } from '../wire/client.ts';
import type { Paths } from './paths.ts';
import type { ExporterFlags, Program } from './program.ts';

/** The headings of the short help, in its order. */
export const categories = [
  'Run',
  'Info',
  'Plan',
  'Services',
  'Checks',
  'Changes',
  'Notices',
  'Django',
] as const;
type Category = (typeof categories)[number];

export interface Option<Name extends string = string> {
  /** Long name, without the dashes; of one letter: an option that has no long name. */
  readonly name: Name;
  readonly short?: string;
  /** What the value is called in the help; absent: a switch. */
  readonly value?: string;
  /** The values that are accepted; absent: any. */
  readonly choices?: readonly string[];
  readonly help: string;
}

export interface Positional {
  readonly name: string;
  readonly required: boolean;
  /** Takes all the words that are left. */
  readonly many: boolean;
}

/** What was typed after a command's name. */
export interface Input<Name extends string = string> {
  /** Whether the switch was given. */
  on(name: Name): boolean;
  value(name: Name): string | undefined;
  /** All that were given, of an option that may be repeated. */
  values(name: Name): readonly string[];
  /** The positionals, one after the other. */
  readonly words: readonly string[];
  /** Words of each `--args SERVICE WORD... ;`, for commands that take it. */
  readonly serviceArgs: ReadonlyMap<string, readonly string[]>;
}

/** Why a command ended without success; printed as `error: <message>`, exit code 1. */
export interface CommandFailure {
  readonly message: string;
  /** `refused`: the message is the server's. */
  readonly kind?: string;
  /** `result.kind` of the server's answer. */
  readonly reason?: string;
}

/** An exit code, or what went wrong. */
export type Outcome = Result<number, CommandFailure>;

/** What commands may use of the world. */
export interface Context {
  /** `djsup` or `pebble`: the name that help and hints use. */
  readonly invokedAs: string;
  readonly version: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly paths: Paths;
  readonly isRoot: boolean;
  /** Width of the terminal behind stderr; undefined where there is none. */
  readonly stderrColumns: number | undefined;
  /** Undefined where there is no such command. */
  findCommand(name: string): Promise<Command | undefined>;
  allCommands(): Promise<readonly Command[]>;
  /** Loaded at the first call. */
  client(): Promise<Client>;
  /** The rest of the program: the daemon and what it can do without running. */
  program(): Promise<Program>;
  /** Runs the StatsD exporter until it is told to end, and returns its exit code. */
  statsdExporter(flags: ExporterFlags): Promise<number>;
  now(): Date;
  /** Text to stdout, as it is. Resolves when stdout takes more. */
  print(text: string): Promise<void>;
  /** One line to stderr. */
  note(line: string): void;
  /** Aborts when whoever reads stdout has gone. */
  readonly readerGone: AbortSignal;
  /** Calls `handler` at each Ctrl-C until the returned function is called. */
  onInterrupt(handler: () => void): () => void;
}

export interface Command<Name extends string = string> {
  readonly name: string;
  readonly category: Category;
  readonly summary: string;
  readonly description: string;
  readonly options: readonly Option<Name>[];
  readonly positionals: readonly Positional[];
  /** What follows the first positional belongs to the positional: a sub-command's line. */
  readonly passThrough?: boolean;
  /** Takes `--args SERVICE WORD... ;`. */
  readonly takesServiceArgs?: boolean;
  run(context: Context, input: Input<Name>): Promise<Outcome>;
}

/** Checks that `run` asks for no option that the command does not have. */
export function defineCommand<const Name extends string>(command: Command<Name>): Command {
  return command;
}

/** A required word. */
export function word(name: string): Positional {
  return { name, required: true, many: false };
}

/** Any number of words, `required`: at least one. */
export function words(name: string, required: boolean): Positional {
  return { name, required, many: true };
}

export function optionalWord(name: string): Positional {
  return { name, required: false, many: false };
}

export const formatOption = {
  name: 'format',
  value: 'format',
  choices: ['text', 'json', 'yaml'],
  help: 'Print as text, json or yaml (default: text).',
} as const satisfies Option;

export const absTimeOption = {
  name: 'abs-time',
  help: 'Show times as RFC 3339, not as "today at 15:04".',
} as const satisfies Option;

export const noWaitOption = {
  name: 'no-wait',
  help: 'Do not wait for the change to finish; print its id.',
} as const satisfies Option;

export const levelOption = {
  name: 'level',
  value: 'level',
  choices: ['alive', 'ready'],
  help: 'Only checks of this level: alive or ready.',
} as const satisfies Option;
