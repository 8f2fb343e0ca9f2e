// Three real djsups, each PID 1 of its own namespace, with a real Django whose migration is slow: it runs once, the others
// wait, all serve afterwards. In the lock file of one host, and in PostgreSQL where it can be had.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { postgresMissing, startPostgres } from '../support/engines/postgres.ts';
import type { Postgres } from '../support/engines/postgres.ts';
import { freePort } from '../support/free-port.ts';
import { noNamespaces, startRig, until } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';
import { virtualEnvironment } from '../support/shop-site.ts';
import { writeStockSite } from '../support/stock-site.ts';

const patience = 60_000;

let place = '';
let replicas: { readonly rig: Rig; readonly url: string }[] = [];

beforeEach(({ skip }) => {
  skip(noNamespaces !== undefined, noNamespaces);
  place = mkdtempSync(join(tmpdir(), 'djsup-stock-'));
  writeStockSite(join(place, 'app'));
});
afterEach(async () => {
  for (const { rig } of replicas) await rig[Symbol.asyncDispose]();
  replicas = [];
  rmSync(place, { recursive: true, force: true });
});

async function join3(environment: Readonly<Record<string, string>>, layer: string): Promise<void> {
  for (const name of ['web-a', 'web-b', 'web-c']) await joined(name, environment, layer);
}

async function joined(
  name: string,
  environment: Readonly<Record<string, string>>,
  layer: string,
): Promise<void> {
  const port = await freePort();
  const rig = await startRig({
    cwd: join(place, 'app'),
    layers: { own: layer },
    environment: {
      PATH: `${virtualEnvironment()}/bin:${process.env['PATH'] ?? ''}`,
      POD_NAME: name,
      PORT: String(port),
      WEB_CONCURRENCY: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      RUNS: join(place, 'runs'),
      GO: join(place, 'go'),
      FAIL: join(place, 'fail'),
      ...environment,
    },
  });
  replicas.push({ rig, url: `http://127.0.0.1:${port}/` });
}

function runs(): readonly string[] {
  const path = join(place, 'runs');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
}

async function health(level: string): Promise<readonly boolean[]> {
  const answers = replicas.map(({ rig }) => rig.api('GET', `/v1/health?level=${level}`));
  return (await Promise.all(answers)).map(({ json }) => json.result.healthy);
}

async function pages(): Promise<readonly string[]> {
  const answers = replicas.map(({ url }) => fetch(url).then((answer) => answer.text()));
  return Promise.all(answers.map((answer) => answer.catch(() => 'nobody')));
}

function release(): void {
  writeFileSync(join(place, 'go'), '');
}

async function ready(): Promise<void> {
  await until('all are ready', async () => (await health('ready')).every(Boolean), patience);
}

async function current(task = 'migrate'): Promise<readonly string[]> {
  const answers = replicas.map(({ rig }) => rig.api('GET', `/v1/services?names=${task}`));
  return (await Promise.all(answers)).map(({ json }) => json.result[0].reason ?? json.result[0].state);
}

/** What `level=alive` says from now on; the returned function ends it. */
function watchAlive(): () => Promise<readonly boolean[]> {
  const seen: boolean[] = [];
  let over = false;
  const watched = until(
    'nobody watches any more',
    async () => {
      seen.push(...(await health('alive')));
      return over;
    },
    2 * patience,
  );
  return async () => {
    over = true;
    await watched;
    return seen;
  };
}

/** The story that both engines have to tell. */
async function story(): Promise<void> {
  const alive = watchAlive();
  await until('somebody migrates', () => runs().length > 0, patience);
  const [runner = ''] = runs();
  const waiting = `waits until it is done for release .*: leader group "releases": "${runner}" leads`;
  await until(
    'the others say who does',
    async () => (await current()).filter((reason) => new RegExp(waiting).test(reason)).length === 2,
  );
  expect(await health('ready')).toEqual([false, false, false]);
  expect(await pages()).toEqual(['nobody', 'nobody', 'nobody']);
  release();
  await ready();
  const seen = await alive();
  expect(seen.length).toBeGreaterThan(3);
  expect(new Set(seen)).toEqual(new Set([true]));
  expect(await pages()).toEqual(['items: 1', 'items: 1', 'items: 1']);
  for (const reason of await current()) expect(reason).toMatch(/^done for release \S+ \(by \D/);
}

describe('with a lock file', () => {
  const layer = () => `
services:
  migrate:
    override: replace
    type: task
    once: release
    startup: enabled
    command: ${virtualEnvironment()}/bin/python3 manage.py migrate --noinput
    service-context: django
    before: [django]
leader:
  releases: {override: merge, profile: fast}
`;
  const environment = () => ({
    DATABASE_URL: `sqlite:///${join(place, 'db.sqlite3')}`.replace('////', '///'),
    DJSUP_LEADER_LOCK: join(place, 'lock'),
  });

  test('three replicas migrate once, wait for it, and then serve', async () => {
    await join3(environment(), layer());
    await story();
    expect(runs()).toHaveLength(1);
  });

  test('a failure is seen in all replicas, and another try goes well', async () => {
    writeFileSync(join(place, 'fail'), '');
    await join3(environment(), layer());
    await until('it has failed', () => runs().length > 1, patience);
    await until('all have heard why', async () =>
      (await current()).every((reason) =>
        /failed (?:once|\d+ times, last) in web-[abc]: exit 1 \(see the log of/.test(reason),
      ),
    );
    expect(await health('alive')).toEqual([true, true, true]);
    expect(await health('ready')).toEqual([false, false, false]);
    rmSync(join(place, 'fail'));
    release();
    await ready();
    expect(await pages()).toEqual(['items: 1', 'items: 1', 'items: 1']);
  });

  test('a replica that is killed in the middle leaves it to another one', async () => {
    await join3(environment(), layer());
    await until('somebody migrates', () => runs().length === 1, patience);
    const index = ['web-a', 'web-b', 'web-c'].indexOf(runs()[0] ?? '');
    const [killed] = replicas.splice(index, 1);
    killed?.rig.signal('SIGKILL');
    await until('another one migrates', () => runs().length === 2, patience);
    release();
    await ready();
    expect(await pages()).toEqual(['items: 1', 'items: 1']);
    expect(runs()).toHaveLength(2);
    await killed?.rig[Symbol.asyncDispose]();
  });
});

const noPostgres = postgresMissing();
describe.skipIf(noPostgres !== undefined)(
  `with PostgreSQL${noPostgres ? `: skipped, ${noPostgres}` : ''}`,
  () => {
    let postgres: Postgres;
    beforeAll(async () => {
      postgres = await startPostgres();
    });
    afterAll(() => postgres.stop());

    test('three replicas with the layer that djsup ships migrate once, wait for it, and then serve', async () => {
      await join3({ DATABASE_URL: postgres.dsn() }, 'leader: {releases: {override: merge, profile: fast}}');
      await story();
      const rows = await postgres.query(`SELECT count(*) AS many FROM stock_item`);
      expect(rows).toEqual([{ many: '1' }]);

      // One that comes later finds it done.
      await joined(
        'web-d',
        { DATABASE_URL: postgres.dsn() },
        'leader: {releases: {override: merge, profile: fast}}',
      );
      await ready();
      expect(runs()).toHaveLength(1);
    });
  },
);
