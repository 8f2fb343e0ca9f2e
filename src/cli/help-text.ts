// Help, made from the commands' own data.
import { categories, type Command, type Option, type Positional } from './command.ts';

/** What `djsup` and `djsup help` print: the commands by category. */
export function shortHelp(commands: readonly Command[], invokedAs: string): string {
  const width = Math.max(...categories.map((category) => category.length)) + 2;
  const lines = categories.map((category) => {
    const names = commands.filter((command) => command.category === category).map(({ name }) => name);
    return `${category.padStart(width)}: ${names.join(', ')}\n`;
  });
  return `${overview(invokedAs)}
Commands:

${lines.join('')}
${footer(invokedAs)}`;
}

/** What `djsup help --all` prints: every command with its summary. */
export function allHelp(commands: readonly Command[], invokedAs: string): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  const sections = categories.map((category) => {
    const lines = commands
      .filter((command) => command.category === category)
      .map(({ name, summary }) => `    ${name.padEnd(width)}${summary}\n`);
    return `  ${category}:\n${lines.join('')}`;
  });
  return `${overview(invokedAs)}
${sections.join('\n')}
${footer(invokedAs)}`;
}

function overview(invokedAs: string): string {
  const name = invokedAs === 'djsup' ? 'djsup' : `djsup, here as ${invokedAs},`;
  return `${name} runs the services of a container and knows Django.

Usage: ${invokedAs} <command> [<options>...]
`;
}

function footer(invokedAs: string): string {
  return `DJSUP names the directory of djsup (default /var/lib/djsup/default), DJSUP_SOCKET
the socket that commands talk to (default $DJSUP/.djsup.socket). Where only PEBBLE
is set, the directory and the file names are Pebble's, as PEBBLE and PEBBLE_SOCKET say.

'${invokedAs} help <command>' explains a command, '${invokedAs} help --all' lists them all.
`;
}

/** What `djsup help <command>` and `djsup <command> --help` print. */
export function commandHelp(command: Command, invokedAs: string): string {
  const options = optionRows(command);
  const width = Math.max(...options.map(([spelling]) => spelling.length)) + 3;
  const lines = options.map(([spelling, help]) => `  ${spelling.padEnd(width)}${help}\n`);
  return `Usage: ${usage(command, invokedAs)}

${fill(command.description, 80)}

Options:
${lines.join('')}`;
}

/** The line that shows how a command is written. */
export function usage(command: Command, invokedAs: string): string {
  return [`${invokedAs} ${command.name}`, '[<options>]', ...command.positionals.map(positionalText)].join(
    ' ',
  );
}

/** Each option's spelling and its help, `--args` and `--help` included. */
export function optionRows(command: Command): readonly (readonly [string, string])[] {
  return [
    ...command.options.map((option) => [optionText(option), option.help] as const),
    ...(command.takesServiceArgs
      ? [
          [
            '--args <service> <word>... ;',
            "Replace the default arguments of a service's command (repeatable).",
          ] as const,
        ]
      : []),
    ['-h, --help', 'Show this help.'],
  ];
}

function optionText({ name, short, value }: Option): string {
  const assign = value === undefined ? '' : name.length === 1 ? ` <${value}>` : `=<${value}>`;
  const long = `${name.length === 1 ? '-' : '--'}${name}${assign}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

function positionalText({ name, required, many }: Positional): string {
  const text = `<${name}>${many ? '...' : ''}`;
  return required ? text : `[${text}]`;
}

/** Breaks at blanks so that no line is longer than `columns`. */
function fill(text: string, columns: number): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}
