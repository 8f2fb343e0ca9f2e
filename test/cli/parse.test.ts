import { describe, expect, test } from 'vitest';
import { command as enter } from '../../src/cli/commands/enter.ts';
import { command as logs } from '../../src/cli/commands/logs.ts';
import { command as run } from '../../src/cli/commands/run.ts';
import { command as signal } from '../../src/cli/commands/signal.ts';
import { command as start } from '../../src/cli/commands/start.ts';
import { command as version } from '../../src/cli/commands/version.ts';
import type { Command } from '../../src/cli/command.ts';
import { parseWords } from '../../src/cli/parse.ts';

/** What was understood: switches and values by name, the words, and the words of each --args. */
function understood(command: Command, argv: readonly string[]) {
  const parsed = parseWords(command, argv);
  if (!parsed.ok) return parsed.failure.message;
  const request = parsed.value;
  if (request.kind !== 'run') return request.kind;
  const { input } = request;
  const given = command.options.filter(({ name }) => input.on(name));
  return {
    options: Object.fromEntries(given.map(({ name }) => [name, input.value(name) ?? true])),
    words: input.words,
    args: Object.fromEntries(input.serviceArgs),
  };
}

describe('options', () => {
  test.each([
    ['-f -n 5 a', { follow: true, n: '5' }, ['a']],
    ['a -f b -n5', { follow: true, n: '5' }, ['a', 'b']],
    ['-fn 5', { follow: true, n: '5' }, []],
    ['--follow --format=json', { follow: true, format: 'json' }, []],
    ['--format json a', { format: 'json' }, ['a']],
    ['-n all', { n: 'all' }, []],
    ['-n=5', { n: '5' }, []],
    ['-n -1', { n: '-1' }, []],
    ['-n 1 -n 2', { n: '2' }, []],
    ['-- -f --format', {}, ['-f', '--format']],
  ])('logs %s', (line, options, words) => {
    expect(understood(logs, line.split(' '))).toEqual({ options, words, args: {} });
  });

  test.each([
    ['--bogus', "unknown flag `bogus'"],
    ['-x', "unknown flag `x'"],
    ['--bogus=1 a', "unknown flag `bogus'"],
    ['--n 5', "unknown flag `n'"],
    ['--follow=yes', "flag `--follow' takes no value"],
    ['-n', "expected argument for flag `-n'"],
    ['-n -f', "expected argument for flag `-n'"],
    ['--format', "expected argument for flag `--format'"],
    ['--format=yaml', 'invalid value "yaml" for flag `--format\', must be text or json'],
  ])('logs %s is refused', (line, message) => {
    expect(understood(logs, line.split(' '))).toBe(message);
  });

  test.each(['-h', '--help', 'a --help', '-f -h'])('%s asks for help', (line) => {
    expect(understood(logs, line.split(' '))).toBe('help');
  });

  test('--version works with every command', () => {
    expect(understood(start, ['--version'])).toBe('version');
  });
});

describe('words', () => {
  test.each([
    [start, '', 'the required argument `<service> (at least 1 argument)` was not provided'],
    [signal, '', 'the required arguments `<SIGNAL>` and `<service>` were not provided'],
    [signal, 'HUP', 'the required argument `<service> (at least 1 argument)` was not provided'],
    [version, 'x', 'too many arguments for command'],
  ] satisfies [Command, string, string][])(
    'that are too few or too many are refused',
    (command, line, message) => {
      expect(understood(command, line === '' ? [] : line.split(' '))).toBe(message);
    },
  );
});

describe('--args', () => {
  test.each([
    ['--args django sync', {}, { django: ['sync'] }],
    ['--args django gevent --workers 3', {}, { django: ['gevent', '--workers', '3'] }],
    ['--args django sync ; --hold', { hold: true }, { django: ['sync'] }],
    ['--hold --args a 1 ; --args b 2 -v ;', { hold: true }, { a: ['1'], b: ['2', '-v'] }],
    ['--args django', {}, { django: [] }],
    ['--args=django sync', {}, { django: ['sync'] }],
    ['--http :4000 --args a --help', { http: ':4000' }, { a: ['--help'] }],
  ])('run %s', (line, options, args) => {
    expect(understood(run, line.split(' '))).toEqual({ options, words: [], args });
  });

  test.each([
    ['--args', '--args requires a service name'],
    ['--args ; --hold', '--args requires a service name'],
    ['--args a 1 ; --args a 2', '--args provided more than once for "a" service'],
    ['--http --args a', "expected argument for flag `--http'"],
    ['x', 'too many arguments for command'],
  ])('run %s is refused', (line, message) => {
    expect(understood(run, line.split(' '))).toBe(message);
  });

  test('is not for commands that start no daemon', () => {
    expect(understood(start, ['a', '--args', 'b'])).toBe("unknown flag `args'");
  });
});

describe('enter', () => {
  test.each([
    ['', {}, [], {}],
    ['--args django sync', {}, [], { django: ['sync'] }],
    ['--hold --args django sync ; start a', { hold: true }, ['start', 'a'], { django: ['sync'] }],
    ['--run exec ls -l --args x', { run: true }, ['exec', 'ls', '-l', '--args', 'x'], {}],
    ['services --format json', {}, ['services', '--format', 'json'], {}],
    ['-v -- start -h', { verbose: true }, ['start', '-h'], {}],
  ])('%s', (line, options, words, args) => {
    expect(understood(enter, line === '' ? [] : line.split(' '))).toEqual({ options, words, args });
  });
});
