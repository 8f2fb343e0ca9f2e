import { describe, expect, test } from 'vitest';
import { sync } from '../wire/fake-server.ts';
import { djsupAgainst } from './harness.ts';

const group = (name: string) => ({
  group: name,
  state: 'leading',
  replica: 'a',
  leader: 'a',
  epoch: 7,
  since: '2026-11-20T22:55:49Z',
  backend: 'redis',
  because: 'the layer says so',
  detail: '',
  services: [],
  warnings: [],
  timings: [],
  history: [{ time: '2026-11-20T22:55:49Z', text: `gained ${name}` }],
});
const both = [group('mailers'), group('schedulers')];

const leader = (groups: unknown, ...argv: readonly string[]) =>
  djsupAgainst({ 'GET /v1/leader': sync(groups) }, ['leader', ...argv]);

describe('leader', () => {
  test('lists all groups, or those that are named', async () => {
    const head = 'Group       State    Leader  Epoch  Valid  Since               Backend  Detail\n';
    const mailers = 'mailers     leading  a       7      -      today at 22:55 UTC  redis    -\n';
    const schedulers = 'schedulers  leading  a       7      -      today at 22:55 UTC  redis    -\n';
    expect(await leader(both)).toMatchObject({ code: 0, stderr: '', stdout: head + mailers + schedulers });
    expect(await leader(both, 'schedulers')).toMatchObject({ code: 0, stdout: head + schedulers });
    const history = await leader(both, 'history', 'schedulers');
    expect(history).toMatchObject({ code: 0, stderr: '' });
    expect(history.stdout).toMatch(/^Group .*\nschedulers .* gained schedulers\n$/);
  });

  test('a plan without groups is no error where none is named', async () => {
    for (const words of [[], ['history']])
      expect(await leader([], ...words)).toMatchObject({
        code: 0,
        stdout: '',
        stderr: 'Plan has no leader groups in use.\n',
      });
  });

  test.each([
    [['stepdown'], 'cannot find action or leader group "stepdown"; did you mean "step-down"?'],
    [['histroy'], 'cannot find action or leader group "histroy"; did you mean "history"?'],
    [['scheduler'], 'cannot find action or leader group "scheduler"; did you mean "schedulers"?'],
    [['nosuch'], 'cannot find action or leader group "nosuch"'],
    [['schedulers', 'nosuch'], 'cannot find leader group "nosuch"'],
    [['history', 'nosuch'], 'cannot find leader group "nosuch"'],
    [['history', 'mailer'], 'cannot find leader group "mailer"; did you mean "mailers"?'],
    [['nosuch', '--format=json'], 'cannot find action or leader group "nosuch"'],
  ])('%j, which names nothing that there is, is an error', async (words, message) => {
    expect(await leader(both, ...words)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `error: ${message}\n`,
    });
    expect(await leader([], ...words)).toMatchObject({ code: 1, stdout: '' });
  });
});
