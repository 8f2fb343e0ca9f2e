// A user's layers over the shipped one, with a real djsup: checked with no daemon, and read again at SIGHUP.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { pythonForTests } from '../support/python.ts';
import { program, root, startRig, until, writeLayers } from '../support/rig.ts';

const mine = { mine: `services: {django: {override: merge, environment: {WEB_CONCURRENCY: '2'}}}` };

test('"plan --check" in a project takes a layer that changes a part of the shipped one, elsewhere it does not', () => {
  const inProject = check(mine);
  expect(inProject).toMatchObject({ status: 0, problems: [''] });
  expect(inProject.stdout).toContain('WEB_CONCURRENCY: "2"');
  expect(inProject.stdout).toContain('-m gunicorn');

  const elsewhere = check(mine, {}, tmpdir());
  expect(elsewhere.status).toBe(1);
  expect(elsewhere.problems.join('\n')).toContain('plan must define "command" for service "django"');
});

test('SIGHUP names a file that looks like a layer and is not read', async () => {
  await using rig = await startRig({ through: [], layers: { one: '{}' } });
  writeFileSync(join(rig.directory, 'layers/002-two.yml'), '');
  rig.signal('SIGHUP');
  await until('the file is named', () => /002-two\.yml: ignored/.test(rig.stderr()));
  expect(rig.stderr()).toContain('Re-read the layers');
});

/** `plan --check` with these layers, in the example project by default. */
function check(
  layers: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
  cwd = join(root, 'examples/hello'),
) {
  const directory = mkdtempSync(join(tmpdir(), 'djsup-check-'));
  try {
    writeLayers(directory, layers);
    const PATH = `${dirname(pythonForTests())}:${process.env['PATH'] ?? ''}`;
    const env = { PATH, DJSUP: directory, ...environment };
    const { status, stdout, stderr } = spawnSync(program, ['plan', '--check'], {
      cwd,
      env,
      encoding: 'utf8',
    });
    return { status, stdout, problems: stderr.split('\n').map((line) => line.replace(/^.*layers\//, '')) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test('what layers put into the environment of django decides where it is probed, as djsup does itself', () => {
  const django = (environment: string) =>
    check({ own: `services: {django: {override: merge, environment: ${environment}}}` }).stdout;
  expect(django('{PORT: "23487"}')).toContain('url: http://127.0.0.1:23487/');
  expect(django('{GUNICORN_CMD_ARGS: "--bind 127.0.0.1:23488"}')).toContain('url: http://127.0.0.1:23488/');
  const workload = `
workloads: {web: {override: replace, environment: {PORT: "23489"}}}
services: {django: {override: merge, workload: web}}`;
  expect(check({ own: workload }).stdout).toContain('url: http://127.0.0.1:23489/');
});

test('all that is wrong with a plan is told at once, and no echo of it', () => {
  const { status, problems } = check({
    one: `services:
  p: {override: replace, command: x, after: [q], zork: 1}
  q: {override: replace, command: x, after: [p], requires: [zz]}
  r: {override: replace}
  s: {override: replace, comand: x}
  t: text
  v: {override: replace, command: x, requires: [t, django]}
checks:
  k: {override: replace, http: {url: http://localhost/}, tcp: {port: 1}}
log-targets:
  u: {override: replace, type: syslog, services: [nope]}
`,
  });
  expect(status).toBe(1);
  const told = problems.filter((line) => line !== '').map((line) => line.replace(/:\d+: /, ': '));
  expect(told.toSorted()).toEqual(
    [
      '001-one.yaml:2: cannot use key "zork" of service "p": there is no such key',
      '001-one.yaml:2: services in before/after loop: p, q',
      '001-one.yaml:3: service "zz" does not exist, service "q" requires it',
      '001-one.yaml:4: plan must define "command" for service "r"',
      '001-one.yaml:5: cannot use key "comand" of service "s": there is no such key, did you mean "command"?',
      '001-one.yaml:6: cannot use service "t": must be a map, not text',
      '001-one.yaml:9: plan must specify one of "http", "tcp", or "exec" for check "k", not "http" and "tcp"',
      '001-one.yaml:11: plan must define "location" for log target "u"',
      '001-one.yaml:11: log target "u" names service "nope", which does not exist',
    ].toSorted(),
  );
});

test('a number of workers that is none is refused before the start', () => {
  const { problems } = check({}, { WEB_CONCURRENCY: 'abc' });
  expect(problems.join('\n')).toContain('cannot start WEB_CONCURRENCY="abc" workers');
});

test('a file in the place of the directory is refused, as root too', () => {
  const { status, stderr } = spawnSync(program, ['run'], {
    env: { PATH: process.env['PATH'], DJSUP: join(root, 'package.json') },
    encoding: 'utf8',
    timeout: 10_000,
  });
  expect(status).toBe(1);
  expect(stderr).toContain('package.json" is not a directory');
});
