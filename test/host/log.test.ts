import { expect, test } from 'vitest';
import { createLog, gapLine } from '../../src/host/log.ts';
import type { LogOptions } from '../../src/host/log.ts';

function logInto(lines: string[], options: Partial<LogOptions> = {}): ReturnType<typeof createLog> {
  const output = { write: (text: string) => void lines.push(text) };
  return createLog({ name: 'djsup', output, level: 'debug', json: false, ...options });
}

test('text lines are what tools of Pebble parse, whatever the message holds', () => {
  const lines: string[] = [];
  const log = logInto(lines);
  log.write('info', 'Started daemon.');
  log.write('warn', 'two\nlines\r, a\ttab, \u001b[31m, \u0085 and \u2028');
  log.write('error', '{"type":"security"}');
  log.write('debug', 'details');
  const [first = ''] = lines;
  expect(first).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[djsup\] Started daemon\.\n$/);
  expect(lines.map((line) => line.slice(25))).toEqual([
    '[djsup] Started daemon.\n',
    '[djsup] two\\nlines\\r, a\ttab, \\u001b[31m, \\u0085 and \\u2028\n',
    '[djsup] {"type":"security"}\n',
    '[djsup] DEBUG details\n',
  ]);
});

test('lower levels are left out, and the name is what djsup was called', () => {
  const lines: string[] = [];
  const log = logInto(lines, { level: 'info', name: 'pebble' });
  log.write('debug', 'not this');
  log.write('info', 'this');
  expect(lines.map((line) => line.slice(25))).toEqual(['[pebble] this\n']);
});

test('JSON lines hold level, time, name and message', () => {
  const lines: string[] = [];
  logInto(lines, { json: true }).write('warn', 'two\nlines');
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'warn',
    time: expect.stringMatching(/\.\d{3}Z$/) as string,
    name: 'djsup',
    msg: 'two\nlines',
  });
});

test('a gap is said in the form of the lines around it', () => {
  expect(gapLine('djsup', 7, false)).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z \[djsup\] 7 lines dropped: /);
  expect(JSON.parse(gapLine('djsup', 7, true))).toMatchObject({ level: 'warn', name: 'djsup' });
});
