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
  const directory = mkdtempSync(join(tmpdir(), 'djsup-check-'));
  try {
    writeLayers(directory, mine);
    const PATH = `${dirname(pythonForTests())}:${process.env['PATH'] ?? ''}`;
    const check = (cwd: string) =>
      spawnSync(program, ['plan', '--check'], { cwd, env: { PATH, DJSUP: directory }, encoding: 'utf8' });

    const inProject = check(join(root, 'examples/hello'));
    expect(inProject).toMatchObject({ status: 0, stderr: '' });
    expect(inProject.stdout).toContain('WEB_CONCURRENCY: "2"');
    expect(inProject.stdout).toContain('-m gunicorn');

    const elsewhere = check(directory);
    expect(elsewhere.status).toBe(1);
    expect(elsewhere.stderr).toContain('plan must define "command" for service "django"');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('SIGHUP names a file that looks like a layer and is not read', async () => {
  await using rig = await startRig({ through: [], layers: { one: '{}' } });
  writeFileSync(join(rig.directory, 'layers/002-two.yml'), '');
  rig.signal('SIGHUP');
  await until('the file is named', () => /002-two\.yml: ignored/.test(rig.stderr()));
  expect(rig.stderr()).toContain('Re-read the layers');
});
