// djsup beside Pebble: the same requests, layers and command lines to both. Where djsup means to do better than Pebble the
// difference is written down here, so that one that nobody meant fails.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findPebble } from '../pebble/original.ts';
import { answers, launch, ownPebble, startPair } from '../pebble/pair.ts';
import type { Daemon, LayerFiles, Pair, Run } from '../pebble/pair.ts';
import { additions, alike, base, directories, stricter } from '../pebble/layers.ts';
import { gets, layers, methods, noticeGets, noticePosts, posts, wrongTypes } from '../pebble/requests.ts';
import { until } from '../support/rig.ts';

const found = findPebble();
const [pebble, missing] = 'path' in found ? [found.path, undefined] : ['', found.reason];
beforeEach(({ skip }) => skip(missing !== undefined, missing));

/** A pair that the tests of a block share. */
function sharedPair(files: LayerFiles): () => Pair {
  let pair: Pair | undefined;
  beforeAll(async () => {
    if (missing === undefined) pair = await startPair(pebble, files);
  });
  afterAll(() => pair?.[Symbol.asyncDispose]());
  return () => {
    if (pair === undefined) throw new Error('no pair was started');
    return pair;
  };
}

async function settled(daemon: Daemon): Promise<void> {
  await until('the default services are up', async () => {
    const changes = (await daemon.json('GET', '/v1/changes?select=in-progress')).result;
    return changes.every(({ kind }: { kind: string }) => kind === 'perform-check');
  });
}

describe('a request', () => {
  const pair = sharedPair(layers);

  test('gets the same reply to GET', async () => {
    await pair().both(async (daemon) => {
      await settled(daemon);
      const { change } = await daemon.json('POST', '/v1/services', { action: 'start', services: ['loud'] });
      await daemon.ask('GET', `/v1/changes/${change}/wait`);
    });
    for (const path of gets) {
      const [original, own] = await pair().both(async (daemon) => sorted(await daemon.ask('GET', path)));
      expect({ path, ...own }).toEqual({ path, ...original });
    }
  });

  test.each(methods)('with a method that no route has gets the same reply: %s', async (method) => {
    const [original, own] = await pair().both((daemon) => daemon.ask(method, '/v1/services'));
    expect(own).toEqual(original);
  });

  test('gets the same reply to POST', async () => {
    for (const [path, body] of posts) {
      const [original, own] = await pair().both((daemon) => daemon.ask('POST', path, body));
      expect({ path, body, ...own }).toEqual({ path, body, ...original });
    }
  });

  test('of the wrong type is refused alike, in words of its own', async () => {
    for (const [path, body] of wrongTypes) {
      const [original, own] = await pair().both(async (daemon) => {
        const { result, ...rest } = await daemon.json('POST', path, body);
        return { path, body, ...rest, prefix: String(result.message).split(':')[0] };
      });
      expect(own).toEqual(original);
    }
  });
});

/** Pebble lists changes in no order. */
function sorted<T extends { readonly text: string }>(reply: T): T {
  const lines = reply.text.includes('"kind"') ? JSON.parse(reply.text) : undefined;
  if (!Array.isArray(lines?.result)) return reply;
  // Both number their first checks in an order of their own.
  lines.result.sort((a: { summary: string }, b: { summary: string }) => (a.summary < b.summary ? -1 : 1));
  return { ...reply, text: JSON.stringify(lines) };
}

describe('a layer', () => {
  test('is taken or refused alike, and what is taken makes the same plan', async () => {
    await using shared = await startPair(pebble, base);
    for (const [index, text] of alike.entries()) {
      const [original, own] = await shared.both((daemon) => add(daemon, `layer${index}`, text));
      expect({ text, status: own.status }).toEqual({ text, status: original.status });
      const [theirs, ours] = await shared.both((daemon) => daemon.ask('GET', '/v1/plan?format=yaml'));
      expect({ text, plan: ours.text }).toEqual({ text, plan: theirs.text });
    }
  });

  test('that nobody can mean is refused where Pebble takes it', async () => {
    await using pair = await startPair(pebble, base);
    for (const [index, text] of stricter.entries()) {
      const [original, own] = await pair.both((daemon) => add(daemon, `layer${index}`, text));
      expect({ text, original: original.status, own: own.status }).toEqual({
        text,
        original: 200,
        own: 400,
      });
    }
  });

  test('combines with any others into the same plan, to the letter', async () => {
    await using pair = await startPair(pebble, {});
    for (const { label, combine, inner, layer } of fc.sample(additions, { numRuns: 150, seed: 2 })) {
      const body = { action: 'add', format: 'yaml', label, combine, inner, layer: JSON.stringify(layer) };
      const [original, own] = await pair.both((daemon) => daemon.ask('POST', '/v1/layers', body));
      expect({ body, status: own.status }).toEqual({ body, status: original.status });
      const [theirs, ours] = await pair.both((daemon) => daemon.ask('GET', '/v1/plan?format=yaml'));
      expect({ body, plan: ours.text }).toEqual({ body, plan: theirs.text });
    }
  });
});

function add(daemon: Daemon, label: string, layer: string) {
  return daemon.ask('POST', '/v1/layers', { action: 'add', label, format: 'yaml', layer });
}

describe('a directory of layers', () => {
  test.each(directories.map((files) => [Object.keys(files).join(' '), files] as const))(
    'is read alike: %s',
    async (_name, files) => {
      const [original, own] = await Promise.all(
        [pebble, ownPebble()].map(async (executable) => {
          // Prints the plan and ends, or fails.
          await using daemon = launch(executable, files, ['enter', 'plan']);
          const { code, stdout } = await daemon.ended;
          return { code, stdout };
        }),
      );
      expect(own).toEqual(original);
    },
  );
});

describe('a change', () => {
  const pair = sharedPair({
    '001-base.yaml': `
services:
  a: {override: replace, command: sleep 1000}
  b: {override: replace, command: sleep 1001, requires: [a]}
  fail: {override: replace, command: "sh -c 'echo oops; exit 3'", on-failure: ignore}
  long: {override: replace, command: "sh -c 'for i in $(seq 30); do echo line $i; done; exit 1'", on-failure: ignore}
  never: {override: replace, command: sleep 1002}
  stubborn: {override: replace, command: "sh -c 'trap \\"\\" TERM; sleep 1003'", kill-delay: 200ms}
  hasty: {override: replace, command: sleep 1004, kill-delay: 0s}
`,
  });

  const steps: readonly (readonly [action: string, ...names: string[]])[] = [
    ['start', 'b'],
    ['start', 'b', 'a'],
    ['restart', 'a'],
    ['restart', 'b'],
    ['stop', 'b'],
    ['stop', 'b'],
    ['stop', 'never'],
    ['start', 'fail'],
    ['stop', 'fail'],
    ['start', 'long'],
    ['start', 'stubborn', 'hasty'],
    ['stop', 'stubborn', 'hasty'],
    ['start', 'a', 'a'],
    ['replan'],
  ];

  test('ends alike, with the same words', async () => {
    for (const [action, ...services] of steps) {
      const [original, own] = await pair().both(async (daemon) => {
        const { change } = await daemon.json('POST', '/v1/services', { action, services });
        const { text } = await daemon.ask('GET', `/v1/changes/${change}/wait?timeout=15s`);
        const states = await daemon.ask('GET', '/v1/services');
        return { action, services, change: JSON.parse(text), states: JSON.parse(states.text) };
      });
      expect(own).toEqual(original);
    }
  });

  test('that is aborted ends alike', async () => {
    const [original, own] = await pair().both(async (daemon) => {
      const { change } = await daemon.json('POST', '/v1/services', {
        action: 'start',
        services: ['never'],
      });
      const aborted = await daemon.ask('POST', `/v1/changes/${change}`, { action: 'abort' });
      const end = await daemon.ask('GET', `/v1/changes/${change}/wait`);
      return [JSON.parse(aborted.text), JSON.parse(end.text)];
    });
    expect(own).toEqual(original);
  });
});

describe('a check', () => {
  test('that goes down tells the same of it, and recovers alike', async () => {
    const files = {
      '001-base.yaml': `checks:
  c: {override: replace, level: ready, period: 100ms, threshold: 3, exec: {command: "sh -c 'echo no; test -e $DIR/well || exit 7'"}}
`,
    };
    await using pair = await startPair(pebble, files);
    const [original, own] = await pair.both(async (daemon) => {
      const checks = async () => (await daemon.json('GET', '/v1/checks')).result[0];
      const down = await until('it is down', async () => {
        const { status, ...ids } = await checks();
        return status === 'down' && ids;
      });
      const refreshed = await daemon.json('POST', '/v1/checks/refresh', { name: 'c' });
      writeFileSync(join(daemon.directory, 'well'), '');
      await until('it is up again', async () => (await checks()).status === 'up');
      const { text } = await daemon.ask('GET', `/v1/changes/${down['prev-change-id']}`);
      const recovery = await daemon.json('GET', `/v1/changes/${down['change-id']}`);
      return [JSON.parse(text), refreshed.result.error, recovery.result.status, recovery.result.summary];
    });
    expect(own).toEqual(original);
  });

  test('is started, stopped and refreshed alike', async () => {
    const files = {
      '001-base.yaml': `checks:
  c: {override: replace, period: 1000s, exec: {command: 'true'}}
`,
    };
    await using pair = await startPair(pebble, files);
    const lines = ['stop', 'stop', 'refresh', 'start', 'start', 'refresh', 'refresh'];
    for (const action of lines) {
      const [original, own] = await pair.both(async (daemon) => {
        const [path, body] =
          action === 'refresh'
            ? ['/v1/checks/refresh', { name: 'c' }]
            : ['/v1/checks', { action, checks: ['c'] }];
        const { text } = await daemon.ask('POST', path, body);
        const checks = (await daemon.json('GET', '/v1/checks')).result;
        return { action, text: withoutIds(text), checks: withoutIds(JSON.stringify(checks)) };
      });
      expect(own).toEqual(original);
    }
  });
});

/** djsup remembers the change before in more cases than Pebble. */
function withoutIds(text: string): string {
  return text.replaceAll(/,"(?:prev-)?change-id":"\d+"/g, '');
}

describe('a notice', () => {
  const pair = sharedPair({
    '001-base.yaml': 'services: {a: {override: replace, command: sleep 1000, startup: enabled}}',
  });

  test('is recorded and told alike, of changes too', async () => {
    await pair().both(async (daemon) => {
      await settled(daemon);
      const { change } = await daemon.json('POST', '/v1/services', { action: 'restart', services: ['a'] });
      await daemon.ask('GET', `/v1/changes/${change}/wait`);
    });
    for (const body of noticePosts) {
      const [original, own] = await pair().both((daemon) => daemon.ask('POST', '/v1/notices', body));
      expect({ body, ...own }).toEqual({ body, ...original });
    }
    for (const query of noticeGets) {
      const [original, own] = await pair().both((daemon) => daemon.ask('GET', `/v1/notices${query}`));
      expect({ query, ...own }).toEqual({ query, ...original });
    }
  });

  test('that somebody waits for is told as soon as it comes', async () => {
    const [original, own] = await pair().both(async (daemon) => {
      const waiting = daemon.ask('GET', '/v1/notices?keys=a.b/later&timeout=20s');
      await daemon.cli(pebble, 'notify', 'a.b/later', 'x=y');
      const { status, text } = await waiting;
      return { status, notices: JSON.parse(text).result.length };
    });
    expect(own).toEqual(original);
    expect(own).toEqual({ status: 200, notices: 1 });
  });
});

describe('a command line', () => {
  const pair = sharedPair(layers);

  /** What each client prints for each daemon, the original's for its own first. */
  async function all(words: readonly string[]): Promise<readonly Run[]> {
    const runs = await pair().both(async (daemon) => [
      await daemon.cli(pebble, ...words),
      await daemon.cli(ownPebble(), ...words),
    ]);
    return runs.flat();
  }

  const same: readonly string[] = [
    'services',
    'services a zz',
    'services zz',
    'services --format json zz',
    'services --bogus',
    'services -- a',
    'start',
    'start zz',
    'start loud',
    'start fail',
    'signal hup a',
    'signal SIGURG a',
    'signal URG zz',
    'logs loud',
    'logs -n 1 loud',
    'logs -n all loud',
    'logs -n x',
    'logs -n=1 loud',
    'logs --format json loud',
    'logs zz',
    'changes zz',
    'changes 5',
    'changes everything',
    'changes --format json zz',
    'tasks 999',
    'tasks',
    'tasks --last=zip',
    'tasks --last=zip?',
    'tasks --last=autostart --format=json',
    'tasks --last start 3',
    'tasks a/b',
    'checks',
    'checks zz',
    'checks --level=ready',
    'check zz',
    'check off',
    'check one --format json',
    'start-checks one',
    'stop-checks off',
    'start-checks zz',
    'notify',
    'notify bad',
    'notify a.b/c x',
    'notices --key zz.a/b',
    'notices --key zz.a/b --timeout 50ms',
    'notices --type zz',
    'notices --users zz',
    'notices --format json --key zz.a/b',
    'notice 999',
    'notice zz',
    'notice a.b/c',
    'notice custom zz.a/b',
    'health',
    'health one',
    'health --level alive',
    'health --format json',
    'health --format yaml zz',
    'plan',
    'version x',
    'help nope',
    'bogus',
    '--bogus',
  ];
  beforeAll(async () => {
    if (missing === undefined) await pair().both(settled);
  });

  test.each(same)('says the same in both clients to both daemons: %s', async (line) => {
    const [original, ...others] = await all(line.split(' '));
    for (const other of others) expect(other).toEqual(original);
  });

  test('of the new client lists the changes of the old daemon, and the other way round', async () => {
    const runs = await all(['changes', 'a']);
    for (const run of runs) {
      expect(run.code).toBe(0);
      expect(run.stdout).toMatch(/^ID +Status +Spawn +Ready +Summary\n/);
      expect(run.stdout).toMatch(/^\d+ +Done +TIME +TIME +Autostart service "a"\n/m);
    }
  });

  test('runs what its words say, however they are quoted', async () => {
    const lines = [
      "'a b' c",
      '"a\\"b"',
      'a\\ b',
      'a#b #c',
      "''",
      '$HOME ~ *',
      'a [ "x y" ]',
      'é',
      'a\nb #c\nd',
    ];
    const files = {
      '001-words.yaml': JSON.stringify({
        services: Object.fromEntries(
          lines.map((line, index) => [
            `s${index}`,
            {
              override: 'replace',
              command: `sh -c 'printf "<%s>" "$@"; echo; exec sleep 1000' sh ${line}`,
              startup: 'enabled',
            },
          ]),
        ),
      }),
    };
    await using words = await startPair(pebble, files);
    const [original, own] = await words.both(async (daemon) => {
      await settled(daemon);
      const { text } = await daemon.ask('GET', '/v1/logs?n=-1');
      const entries = text
        .trim()
        .split('\n')
        .map((entry) => JSON.parse(entry));
      return entries.map(({ service: name, message }) => `${name} ${message}`).toSorted();
    });
    expect(own).toEqual(original);
    expect(own).toHaveLength(lines.length);
  });
});

describe('enter', () => {
  const files = {
    '001-base.yaml': `
services:
  a: {override: replace, command: "sh -c 'echo A $0 $1; sleep 1000' [ one two ]", startup: enabled}
  b: {override: replace, command: sleep 1001}
  bad: {override: replace, command: "sh -c 'exit 3'", on-failure: ignore}
`,
  };
  const ending: readonly string[] = [
    'services a',
    'plan',
    '--args a x ; services',
    '--run services',
    'start bad',
    'start zz',
    'stop a',
    'logs',
    '--bogus',
    'start',
    'services --bogus',
    '--args',
    '--args zz q',
    '--args a x ; --args a y',
  ];

  test.each(ending)('ends alike with: %s', async (line) => {
    const [original, own] = await Promise.all(
      [pebble, ownPebble()].map(async (executable) => {
        await using daemon = launch(executable, files, ['enter', ...line.split(' ')]);
        const { code, stdout } = await daemon.ended;
        return { code, stdout };
      }),
    );
    expect(own).toEqual(original);
  });

  const staying = ['', '--hold', 'start b', '--run start b', '--run stop a', '--args a x y', '-v'];

  test.each(staying)('stays alike with: %s', async (line) => {
    const words = line.split(' ').filter((word) => word !== '');
    const [original, own] = await Promise.all(
      [pebble, ownPebble()].map(async (executable) => {
        await using daemon = launch(executable, files, ['enter', ...words]);
        await answers(daemon);
        // Until the sub-command's change, or the daemon's own, is over.
        const expected = words.includes('--hold') ? 0 : words.includes('--run') ? 2 : 1;
        const changes = await until('its changes are over', async () => {
          const { result } = await daemon.json('GET', '/v1/changes?select=ready');
          return result.length >= expected && result;
        });
        const states = await daemon.json('GET', '/v1/services');
        // Not its code: Pebble's is 1 where it is told to end while its sub-command still looks at the change.
        const { stdout } = await daemon.stop();
        return {
          kinds: changes
            .map(({ kind, status }: { kind: string; status: string }) => `${kind} ${status}`)
            .toSorted(),
          states: states.result.map(
            ({ name, current }: { name: string; current: string }) => `${name} ${current}`,
          ),
          stdout,
        };
      }),
    );
    expect(own).toEqual(original);
  });
});
