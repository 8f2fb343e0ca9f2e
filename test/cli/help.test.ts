import { describe, expect, test } from 'vitest';
import { commandTable } from '../../src/cli/command-table.ts';
import { categories, type Command } from '../../src/cli/command.ts';
import { cliReference } from '../../src/cli/reference.ts';
import { sync } from '../wire/fake-server.ts';
import { djsup, djsupAgainst } from './harness.ts';

const commands = await commandTable();

/** What is wrong with a command as data; the help and the reference rely on it. */
function faults(command: Command): string[] {
  const spellings = command.options.flatMap(({ name, short }) =>
    short === undefined ? [name] : [name, short],
  );
  const optional = command.positionals.findIndex(({ required }) => !required);
  return [
    ...(new Set(spellings).size === spellings.length ? [] : ['an option twice']),
    ...(spellings.includes('h') || spellings.includes('help') ? ['an option that is the help'] : []),
    ...(optional !== -1 && command.positionals.slice(optional).some(({ required }) => required)
      ? ['a required word after an optional one']
      : []),
    ...(command.positionals.slice(0, -1).some(({ many }) => many) ? ['a word after all words'] : []),
    ...(/^[A-Z].*[^.]$/.test(command.summary) ? [] : ['a summary that is no title']),
    ...(command.options.every(({ help }) => /^[A-Z].*\.$/.test(help)) ? [] : ['a help that is no sentence']),
  ];
}

describe('the command table', () => {
  test.each(commands.map((command) => [command.name, command] as const))(
    '%s is well formed',
    (_, command) => {
      expect(faults(command)).toEqual([]);
    },
  );

  test('is judged by a check that finds faults', () => {
    const bad: Command = {
      name: 'bad',
      category: 'Info',
      summary: 'no title.',
      description: '',
      options: [
        { name: 'x', help: 'nothing' },
        { name: 'x', short: 'h', help: 'Twice.' },
      ],
      positionals: [
        { name: 'a', required: false, many: true },
        { name: 'b', required: true, many: false },
      ],
      run: () => Promise.resolve({ ok: true, value: 0 }),
    };
    expect(faults(bad)).toHaveLength(6);
  });

  test('names each command as its file does', async () => {
    for (const { name } of commands) {
      expect((await djsup([name, '--help'])).stdout).toMatch(new RegExp(`^Usage: djsup ${name} `));
    }
  });
});

describe('help', () => {
  test('lists every command in its category, in the order of the table', async () => {
    const { code, stdout } = await djsup([]);
    expect(code).toBe(0);
    for (const category of categories) {
      const names = commands.filter((command) => command.category === category).map(({ name }) => name);
      expect(stdout).toContain(`${category}: ${names.join(', ')}\n`);
    }
    expect(await djsup(['help'])).toMatchObject({ code: 0, stdout });
    expect(await djsup(['-h'])).toMatchObject({ code: 0, stdout });
  });

  test('--all lists every command with its summary', async () => {
    const { stdout } = await djsup(['help', '--all']);
    for (const { name, summary } of commands) {
      expect(stdout).toMatch(new RegExp(`^    ${name} +${summary}$`, 'm'));
    }
  });

  test('of one command is that of its --help', async () => {
    const { stdout } = await djsup(['help', 'logs']);
    expect(stdout).toBe(
      `Usage: djsup logs [<options>] [<service>...]

Prints the latest log lines of all services, or of those named, in order of
time. With --follow goes on until Ctrl-C.

Options:
  -f, --follow        Go on with new lines as they come.
  -n <n>              How many lines, or "all" (default: 30).
  --format=<format>   Print as text or json, one object a line (default: text).
  -h, --help          Show this help.
`,
    );
    expect((await djsup(['logs', '-h'])).stdout).toBe(stdout);
  });

  test('speaks under the name it was called by', async () => {
    expect((await djsup(['help', 'services'], { invokedAs: 'pebble' })).stdout).toContain(
      'Usage: pebble services',
    );
  });

  test.each([
    [['help', 'nope'], 'unknown command "nope", see \'djsup help\''],
    [['nope'], 'unknown command "nope", see \'djsup help\''],
    [['servcies'], 'unknown command "servcies", see \'djsup help\'; did you mean "services"?'],
    [['strat', 'web'], 'unknown command "strat", see \'djsup help\'; did you mean "start"?'],
    [['constructor'], 'unknown command "constructor", see \'djsup help\''],
    [['--bogus'], "unknown flag `bogus'"],
  ])('%j is refused', async (argv, message) => {
    expect(await djsup(argv)).toEqual({ code: 1, stdout: '', stderr: `error: ${message}\n` });
  });
});

describe('version', () => {
  const server = { 'GET /v1/system-info': sync({ version: 'v2', 'boot-id': 'x' }) };

  test('shows client and server', async () => {
    expect(await djsupAgainst(server, ['version'])).toMatchObject({
      code: 0,
      stdout: 'client  1.2.3\nserver  v2\n',
    });
    expect((await djsupAgainst(server, ['version', '--format=json'])).stdout).toBe(
      '{"client":"1.2.3","server":"v2"}\n',
    );
  });

  test('shows a server that does not answer as missing', async () => {
    expect(await djsup(['version'])).toEqual({ code: 0, stdout: 'client  1.2.3\nserver  -\n', stderr: '' });
    expect(await djsup(['version', '--format=json'])).toEqual({
      code: 1,
      stdout: '{"client":"1.2.3","server":""}\n',
      stderr: '',
    });
  });

  test.each([[['--version']], [['version', '--client']], [['services', '--version']]])('%j', async (argv) => {
    expect(await djsup(argv)).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' });
  });
});

test('the reference has every command and every option', async () => {
  const reference = await cliReference();
  for (const { name, options } of commands) {
    const section = reference.split(`### ${name}\n`)[1]?.split('\n### ')[0] ?? '';
    for (const option of options) expect(section).toContain(option.name);
  }
});
