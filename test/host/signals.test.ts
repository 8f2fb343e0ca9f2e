import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { catchSignals, createEchoFilter, onSignals } from '../../src/host/signals.ts';
import { until } from './until.ts';

test('two equal signals within half a second are one, different ones and later ones are not', () => {
  const isEcho = createEchoFilter();
  expect(isEcho('SIGINT', 1000)).toBe(false);
  expect(isEcho('SIGINT', 1001)).toBe(true);
  expect(isEcho('SIGTERM', 1002)).toBe(false);
  expect(isEcho('SIGINT', 1500)).toBe(false);
});

test('an impatient person who keeps pressing gets through', () => {
  const isEcho = createEchoFilter();
  const heard = [0, 200, 400, 600, 800, 1000].filter((now) => !isEcho('SIGINT', now));
  expect(heard).toEqual([0, 600]);
});

test('the disposer takes every handler off again', () => {
  const count = (): number => process.listenerCount('SIGTERM') + process.listenerCount('SIGUSR1');
  const before = count();
  const dispose = onSignals(() => {});
  expect(count()).toBe(before + 2);
  dispose();
  expect(count()).toBe(before);
});

test('a process with these handlers survives the ignored signals, starts no inspector, and hears the others once', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures/listener.ts')]);
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
  let errors = '';
  child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  await until('it listens', () => said.includes('ready\n'));
  for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGPIPE', 'SIGHUP'] as const) child.kill(signal);
  await until('it heard', () => said.includes('SIGHUP\n'));
  child.kill('SIGHUP');
  await until('each SIGHUP counts', () => said.includes('SIGHUP\nSIGHUP\n'));
  child.kill('SIGTERM');
  child.kill('SIGTERM');
  await until('it ended', () => child.exitCode !== null);
  expect(said).toBe('ready\nSIGHUP\nSIGHUP\nSIGTERM\n');
  expect(errors).toBe('');
});

test('signals that come before anybody listens are kept, and told in their order', async () => {
  const listen = catchSignals();
  const come = Promise.all([once(process, 'SIGHUP'), once(process, 'SIGTERM')]);
  process.kill(process.pid, 'SIGHUP');
  process.kill(process.pid, 'SIGTERM');
  await come;
  const heard: string[] = [];
  listen((signal) => heard.push(signal));
  expect(heard.toSorted()).toEqual(['SIGHUP', 'SIGTERM']);
  process.kill(process.pid, 'SIGQUIT');
  await until('it is told at once', () => heard.includes('SIGQUIT'));
});
