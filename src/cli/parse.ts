// The words after a command's name against what the command takes. Law: everything typed is used, or refused by name.
import { ok, refuse, type Result } from '../core/result.ts';
import type { Command, Input, Option, Positional } from './command.ts';

// A static import of node:util evaluates all its getters: milliseconds that every command would pay.
const { parseArgs } = process.getBuiltinModule('node:util');

/** What the words ask for: the command, or one of the two things every command can do. */
export type Request =
  { readonly kind: 'run'; readonly input: Input } | { readonly kind: 'help' } | { readonly kind: 'version' };

export function parseWords(command: Command, argv: readonly string[]): Result<Request> {
  const collected = collectServiceArgs(command, argv);
  if (!collected.ok) return collected;
  const { serviceArgs, rest } = collected.value;
  const tokens = tokenize(command, rest);
  const first = tokens.find((token) => token.kind === 'positional');
  const own = command.passThrough && first !== undefined ? tokens.slice(0, tokens.indexOf(first)) : tokens;

  const given = new Map<string, readonly string[]>();
  for (const token of own) {
    if (token.kind !== 'option') continue;
    if (token.name === 'help' || token.name === 'h') return ok({ kind: 'help' });
    if (token.name === 'version') return ok({ kind: 'version' });
    const value = optionValue(command, token);
    if (!value.ok) return value;
    const { name, text } = value.value;
    given.set(name, [...(given.get(name) ?? []), ...(text === undefined ? [] : [text])]);
  }

  const words =
    command.passThrough && first !== undefined
      ? rest.slice(first.index)
      : own.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const problem = countProblem(command.positionals, words.length);
  if (problem !== undefined) return refuse('bad-request', problem);
  return ok({
    kind: 'run',
    input: {
      on: (name) => given.has(name),
      value: (name) => given.get(name)?.at(-1),
      values: (name) => given.get(name) ?? [],
      words,
      serviceArgs,
    },
  });
}

type Token = ReturnType<typeof tokenize>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

function tokenize(command: Command, args: readonly string[]) {
  const options = Object.fromEntries(
    [...command.options, { name: 'help', short: 'h', help: '' } satisfies Option].map((option) => [
      option.name,
      {
        type: 'value' in option && option.value !== undefined ? ('string' as const) : ('boolean' as const),
        ...(option.short === undefined ? {} : { short: option.short }),
      },
    ]),
  );
  return parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

/** Takes each `--args SERVICE WORD... ;` out of the words; it ends at a lone `;` or at the end. */
function collectServiceArgs(
  command: Command,
  argv: readonly string[],
): Result<{
  readonly serviceArgs: ReadonlyMap<string, readonly string[]>;
  readonly rest: readonly string[];
}> {
  const serviceArgs = new Map<string, readonly string[]>();
  let rest = argv;
  while (command.takesServiceArgs) {
    const own = tokenize(command, rest).find(
      (token) =>
        (command.passThrough && token.kind === 'positional') ||
        token.kind === 'option-terminator' ||
        (token.kind === 'option' && token.rawName === '--args'),
    );
    if (own?.kind !== 'option') break;
    const end = rest.indexOf(';', own.index);
    const following = rest.slice(own.index + 1, end === -1 ? rest.length : end);
    const [service, ...words] = own.value === undefined ? following : [own.value, ...following];
    if (service === undefined) return refuse('bad-request', '--args requires a service name');
    if (serviceArgs.has(service)) {
      return refuse('bad-request', `--args provided more than once for "${service}" service`);
    }
    serviceArgs.set(service, words);
    rest = [...rest.slice(0, own.index), ...(end === -1 ? [] : rest.slice(end + 1))];
  }
  return ok({ serviceArgs, rest });
}

function optionValue(
  command: Command,
  token: OptionToken,
): Result<{ readonly name: string; readonly text: string | undefined }> {
  const option = command.options.find(({ name }) => name === token.name);
  const dashed = `${token.rawName.startsWith('--') ? '--' : '-'}${token.name}`;
  if (option === undefined || (option.name.length === 1 && token.rawName.startsWith('--'))) {
    return refuse('bad-request', `unknown flag \`${token.name}'`);
  }
  if (option.value === undefined) {
    if (token.value === undefined) return ok({ name: option.name, text: undefined });
    return refuse('bad-request', `flag \`${dashed}' takes no value`);
  }
  const short = !token.rawName.startsWith('--') && token.inlineValue;
  const missing = token.value === undefined || (!token.inlineValue && /^-[^\d]/.test(token.value));
  if (missing) return refuse('bad-request', `expected argument for flag \`${dashed}'`);
  // `-n=5` as well as `-n5`.
  const text = short ? token.value.replace(/^=/, '') : token.value;
  if (option.choices === undefined || option.choices.includes(text)) return ok({ name: option.name, text });
  const choices = `${option.choices.slice(0, -1).join(', ')} or ${option.choices.at(-1)}`;
  return refuse('bad-request', `invalid value "${text}" for flag \`${dashed}', must be ${choices}`);
}

function countProblem(positionals: readonly Positional[], count: number): string | undefined {
  const missing = positionals.slice(count).filter(({ required }) => required);
  const [one] = missing;
  if (one !== undefined && missing.length === 1) {
    return `the required argument \`<${one.name}>${one.many ? ' (at least 1 argument)' : ''}\` was not provided`;
  }
  if (one !== undefined) {
    const names = missing.map(({ name }) => `\`<${name}>\``);
    return `the required arguments ${names.slice(0, -1).join(', ')} and ${names.at(-1)} were not provided`;
  }
  const unlimited = positionals.some(({ many }) => many);
  return count > positionals.length && !unlimited ? 'too many arguments for command' : undefined;
}
