// Two real djsups, each PID 1 of its own namespace, that elect by one lock file.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noNamespaces, program, startRig, until } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

const beat = 'beat-scheduler';
const shared = mkdtempSync(join(tmpdir(), 'djsup-leader-'));
afterAll(() => rmSync(shared, { recursive: true, force: true }));

let count = 0;
let rigs: Rig[] = [];
let diary = '';

beforeEach(({ skip }) => {
  skip(noNamespaces !== undefined, noNamespaces);
  count += 1;
  diary = join(shared, `diary-${count}`);
});
afterEach(async () => {
  for (const rig of rigs) await rig[Symbol.asyncDispose]();
  rigs = [];
});

/** One for all tests: who finds a record need not wait as long as who finds none. */
function lockFile(): string {
  return join(shared, 'lock');
}

/** Its singleton writes its epoch and replica into the diary when it starts, and what its lease is worth. */
function layerOf(): string {
  const check = `${program} leader check --min-valid=1s >> ${diary} 2>&1`;
  return `
services:
  web:
    override: replace
    command: sh -c 'trap "" TERM; while :; do sleep 0.1; done'
    startup: enabled
    kill-delay: 3s
  ${beat}:
    override: replace
    command: sh -c 'echo start $DJSUP_LEADER_EPOCH $DJSUP_LEADER_ID $(cut -d" " -f1 /proc/uptime) >> ${diary}; ${check}; exec sleep 1000'
    startup: enabled
    kill-delay: 2s
leader:
  schedulers:
    override: merge
    profile: fast
    file: {path: ${lockFile()}}
`;
}

async function joined(name: string): Promise<Rig> {
  const environment = { POD_NAME: name, DJSUP_DJANGO: 'off', TMPDIR: shared };
  const rig = await startRig({ layers: { base: layerOf() }, environment });
  rigs.push(rig);
  return rig;
}

async function current(rig: Rig): Promise<string> {
  const { json } = await rig.api('GET', `/v1/services?names=${beat}`);
  return json.result[0].current;
}

async function group(rig: Rig) {
  return (await rig.api('GET', '/v1/leader')).json.result[0];
}

function runs(rig: Rig, word = 'active'): Promise<true> {
  return until(`${beat} is ${word}`, async () => (await current(rig)) === word);
}

function starts(): readonly string[] {
  return readFileSync(diary, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('start '))
    .map((line) => line.split(' ').slice(1, 3).join(' '));
}

async function pair(): Promise<readonly [Rig, Rig]> {
  const a = await joined('web-a');
  await runs(a);
  const b = await joined('web-b');
  await until('b sees a', async () => (await group(b)).leader === 'web-a');
  return [a, b];
}

describe('two djsups', () => {
  test('one runs the singleton, the other is on standby, and both say so', async () => {
    const [a, b] = await pair();
    expect(await current(b)).toBe('standby');
    expect(a.cli('services').stdout).toMatch(/^beat-scheduler +enabled +active /m);
    expect(b.cli('services').stdout).toMatch(/^beat-scheduler +enabled +standby /m);
    expect(a.cli('leader').stdout).toMatch(/^schedulers +leading +web-a +\d+ +\d.*s +today at .* file /m);
    expect(b.cli('leader').stdout).toMatch(/^schedulers +following +web-a +\d+ +- .*"web-a" leads/m);
    const refused = b.cli('start', beat);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('"web-a" leads group "schedulers"');
    expect(JSON.parse(b.cli('leader', '--format=json').stdout).leader.schedulers.leader).toBe('web-a');
    expect(a.cli('leader', '--verbose', 'schedulers').stdout).toMatch(/timings:\n +S1: .*[^]*history:\n/);
    expect(a.cli('leader', 'history').stdout).toContain('leader gained group=schedulers');
    expect(a.cli('notices').stdout).toMatch(/^\d+ +public +custom +djsup\.dev\/leader-gained .* 1$/m);
    expect(a.cli('notice', 'custom', 'djsup.dev/leader-gained').stdout).toMatch(
      /^last-data:\n +epoch: "\d+"\n +group: schedulers\n +leader: web-a$/m,
    );
    expect(b.cli('notices').stdout).toContain('djsup.dev/leader-changed');
    expect((await b.api('GET', '/v1/health')).json.result.healthy).toBe(true);
    await until('the singleton has checked its lease', () =>
      readFileSync(diary, 'utf8').includes('leads "schedulers"'),
    );
  });

  test('SIGTERM hands over at once, while the web server still drains', async () => {
    const [a] = await pair();
    a.signal('SIGTERM');
    await until('it has started in the other', () => starts().length === 2);
    expect(a.stderr()).not.toContain('Server exiting');
    expect(await a.ended).toMatchObject({ code: 0 });
    expect(starts().map((line) => line.split(' ')[1])).toEqual(['web-a', 'web-b']);
    const [first = 0, second = 0] = starts().map((line) => Number(line.split(' ')[0]));
    expect(second).toBeGreaterThan(first);
  });

  test('after kill -9 the kernel proves all of it gone, and the other takes over in a moment', async () => {
    const [a, b] = await pair();
    // Its first renewal says that nothing older can be running.
    await until('the record is clean', () => readFileSync(lockFile(), 'utf8').includes('"clean":true'));
    a.signal('SIGKILL');
    await until('it has started in the other', () => starts().length === 2, 4_000);
    expect(b.stderr()).not.toContain('settling');
  });

  test('a djsup that is stopped cannot keep its singleton alive beyond the lease', async () => {
    const [a, b] = await pair();
    const { json } = await a.api('GET', `/v1/services?names=${beat}`);
    expect(json.result[0].pid).toBeGreaterThan(0);
    a.signal('SIGSTOP');
    await runs(b);
    a.signal('SIGCONT');
    await runs(a, 'standby');
    expect(await current(b)).toBe('active');
    expect(a.stderr()).toMatch(/leader lost group=schedulers epoch=\d+ cause=/);
  });

  test('a guard that is killed is told of as that, and the other takes over with nothing left behind', async () => {
    const [a, b] = await pair();
    const [guard, ...others] = pidsWith(diary, 'djsup-guard');
    expect([guard === undefined, others]).toEqual([false, []]);
    process.kill(guard ?? 0, 'SIGKILL');
    await until('it has started in the other', () => starts().length === 2);
    expect(starts().map((line) => line.split(' ')[1])).toEqual(['web-a', 'web-b']);
    expect(await current(b)).toBe('active');
    expect(a.stderr()).toContain(
      `Service "${beat}" stopped unexpectedly with signal SIGKILL, its guard ("djsup-guard", the process above it) was killed`,
    );
    expect(a.stderr()).toMatch(/leader lost group=schedulers epoch=\d+ cause=guard-gone/);
    expect(a.cli('notice', 'custom', 'djsup.dev/leader-lost').stdout).toContain('cause: guard-gone');
    expect(a.cli('leader', 'history').stdout).toContain('cause=guard-gone');
    expect(pidsWith(diary, 'djsup-guard')).toHaveLength(1);
  });

  test('operators move it about', async () => {
    const [a, b] = await pair();
    expect(a.cli('leader', 'step-down', '--for=1h').code).toBe(0);
    await runs(b);
    expect((await group(a)).state).toBe('paused');
    expect(a.cli('leader', 'step-down')).toMatchObject({ code: 1 });
    expect(a.cli('leader', 'resume').code).toBe(0);
    expect(b.cli('leader', 'transfer', 'schedulers', '--to=web-a').code).toBe(0);
    await runs(a);
    expect(a.cli('leader', 'pause').code).toBe(0);
    expect(b.cli('leader', 'pause').code).toBe(0);
    await until('nobody leads', async () => (await group(b)).leader === undefined);
    expect([await current(a), await current(b)]).toEqual(['standby', 'standby']);
    expect(b.cli('leader', 'resume').code).toBe(0);
    await runs(b);
    expect(b.cli('restart', beat).code).toBe(0);
    expect(await current(b)).toBe('active');
    expect(new Set(starts()).size).toBe(4);
  });

  test('words that make no sense are refused', async () => {
    const a = await joined('web-a');
    const said = (...words: readonly string[]): string => {
      const { code, stderr } = a.cli('leader', ...words);
      return `${code} ${stderr}`;
    };
    expect(said('check')).toBe(
      '1 error: cannot lead here: this is no process of a singleton that holds a lease (DJSUP_LEADER_GROUP and DJSUP_LEADER_EPOCH are not set)\n',
    );
    expect(said('transfer')).toBe('1 error: "transfer" needs --to=<replica>\n');
    expect(said('resume', '--for=1s')).toBe('1 error: --for does not go with "resume"\n');
    expect(said('--to=x')).toBe('1 error: --to needs an action, such as "step-down"\n');
    expect(said('pause', 'others')).toBe(
      '1 error: cannot find leader group "others" among those of the plan\n',
    );
  });
});

/** Processes of this name with the text in their command line, as this machine numbers them. */
function pidsWith(text: string, name: string): readonly number[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const isNamed = readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name;
      return isNamed && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text) ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}
