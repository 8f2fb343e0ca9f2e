// The options that `run` and `enter` share.
import type { Context, Input, Option } from './command.ts';
import type { RunOptions } from './program.ts';

export const runOptionList = [
  { name: 'create-dirs', help: 'Create the directory of djsup if it is missing.' },
  { name: 'hold', help: 'Do not start the default services.' },
  {
    name: 'http',
    value: 'address',
    help: 'Also answer over HTTP on this address: ":4000", "192.0.2.0:4000" or "[2001:db8::1]:4000".',
  },
  { name: 'verbose', short: 'v', help: "Copy the services' output to stdout (also: DJSUP_VERBOSE=1)." },
] as const satisfies readonly Option[];

type RunOptionName = (typeof runOptionList)[number]['name'];

export function runOptions(context: Context, input: Input<RunOptionName>): RunOptions {
  const { environment } = context;
  return {
    createDirs: input.on('create-dirs'),
    hold: input.on('hold'),
    http: input.value('http'),
    verbose:
      input.on('verbose') || environment['DJSUP_VERBOSE'] === '1' || environment['PEBBLE_VERBOSE'] === '1',
    args: input.serviceArgs,
    quiet: false,
  };
}
