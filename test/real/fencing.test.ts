// The fence in a real Django transaction: of an older epoch nothing is kept once a newer one has acted, whatever the order in
// which they began, on SQLite and on PostgreSQL with two connections at the same time.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeLeaseFile } from '../../src/core/leader/lease-file.ts';
import { monotonicNow } from '../../src/host/clock.ts';
import { postgresMissing, startPostgres } from '../support/engines/postgres.ts';
import type { Postgres } from '../support/engines/postgres.ts';
import { pythonForTests } from '../support/python.ts';
import { root, until } from '../support/rig.ts';

const helper = join(root, 'examples/fencing');
const directory = mkdtempSync(join(tmpdir(), 'djsup-fence-'));
afterAll(() => rmSync(directory, { recursive: true }));

interface Answer {
  readonly value?: unknown;
  readonly error?: string;
  readonly message?: string;
}

interface Site extends AsyncDisposable {
  /** One step of test/support/fence_site.py; resolves with its answer. */
  ask(what: string, further?: Readonly<Record<string, unknown>>): Promise<Answer>;
}

/** A process of a singleton in this epoch; undefined: of no singleton. */
function startSite(
  database: Readonly<Record<string, unknown>>,
  epoch: number | undefined,
  environment: Readonly<Record<string, string>> = {},
): Site {
  const leader = {
    DJSUP_LEADER_GROUP: 'schedulers',
    DJSUP_LEADER_EPOCH: String(epoch),
    DJSUP_LEADER_ID: 'web-1',
  };
  const script = join(root, 'test/support/fence_site.py');
  const child = spawn(pythonForTests(), [script, JSON.stringify(database), helper], {
    env: {
      PATH: '/usr/bin:/bin',
      PYTHONDONTWRITEBYTECODE: '1',
      ...(epoch === undefined ? {} : leader),
      ...environment,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return {
    async ask(what, further = {}) {
      child.stdin.write(`${JSON.stringify({ do: what, ...further })}\n`);
      const line = await lines.next();
      return JSON.parse(String(line.value)) as Answer;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}

const stale = { error: 'StaleLeader' };

/** What holds in every database. */
function laws(database: () => Readonly<Record<string, unknown>>): void {
  beforeAll(async () => {
    await using site = startSite(database(), 0);
    expect(await site.ask('prepare')).toEqual({ value: null });
  });

  test('epochs act one after the other, and each as often as it likes', async () => {
    await using site = startSite(database(), 1);
    await using next = startSite(database(), 2);
    for (const one of [site, site, next, next]) {
      expect(await one.ask('begin')).toEqual({ value: null });
      await one.ask('effect');
      await one.ask('commit');
    }
    expect(await next.ask('effects')).toEqual({ value: [1, 1, 2, 2] });
  });

  test('after a newer one an older one is refused, and says by whom', async () => {
    await using old = startSite(database(), 1);
    const answer = await old.ask('begin');
    expect(answer).toMatchObject(stale);
    expect(answer.message).toBe('cannot act for "schedulers" in epoch 1: epoch 2 has acted already');
    expect(await old.ask('effects')).toEqual({ value: [1, 1, 2, 2] });
  });

  test('planted fault: without the fence the old effect is kept', async () => {
    await using old = startSite(database(), 1);
    await old.ask('begin', { fenced: false });
    await old.ask('effect');
    await old.ask('commit');
    expect(await old.ask('effects')).toEqual({ value: [1, 1, 1, 2, 2] });
  });

  test('outside of a transaction, without a row, or in no singleton, it is refused with what to do', async () => {
    await using site = startSite(database(), 9);
    expect((await site.ask('fence')).message).toContain('use it within transaction.atomic()');
    await using other = startSite(database(), 9, { DJSUP_LEADER_GROUP: 'others' });
    expect((await other.ask('begin')).message).toContain(`insert ('others', 0)`);
    await using none = startSite(database(), undefined);
    expect((await none.ask('begin')).message).toContain('DJSUP_LEADER_EPOCH is not set');
  });
}

describe('on SQLite', () => {
  laws(() => ({ ENGINE: 'django.db.backends.sqlite3', NAME: join(directory, 'db.sqlite3') }));
});

const missing = postgresMissing();
// oxlint-disable-next-line no-console -- why it is skipped
if (missing !== undefined) console.warn(`skipped: the fence on PostgreSQL: ${missing}`);
describe.skipIf(missing !== undefined)('on PostgreSQL', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());
  const database = (): Readonly<Record<string, unknown>> => ({
    ENGINE: 'django.db.backends.postgresql',
    NAME: 'postgres',
    USER: 'djsup',
    HOST: '127.0.0.1',
    PORT: postgres.port,
  });

  laws(database);

  test('an old transaction that fenced first makes the newer one wait, and is kept', async () => {
    await using old = startSite(database(), 10);
    await using next = startSite(database(), 11);
    await old.ask('begin');
    await old.ask('effect');
    let isIn = false;
    const entered = next.ask('begin').then((answer) => {
      isIn = true;
      return answer;
    });
    await waiting(postgres);
    expect(isIn).toBe(false);
    await old.ask('commit');
    expect(await entered).toEqual({ value: null });
    await next.ask('effect');
    await next.ask('commit');
    expect((await next.ask('effects')).value).toEqual(expect.arrayContaining([10, 11]));
  });

  test('an old transaction that comes to its fence while a newer one is at work waits, and then nothing of it is kept', async () => {
    await using old = startSite(database(), 20);
    await using next = startSite(database(), 21);
    await next.ask('begin');
    await next.ask('effect');
    const answer = old.ask('begin');
    await waiting(postgres);
    await next.ask('commit');
    expect(await answer).toMatchObject(stale);
    expect((await next.ask('effects')).value).not.toContain(20);
  });

  test('an old transaction that acted before its fence loses that too', async () => {
    await using old = startSite(database(), 30);
    await using next = startSite(database(), 31);
    await old.ask('begin', { fenced: false });
    await old.ask('effect');
    await next.ask('begin');
    await next.ask('commit');
    expect(await old.ask('fence')).toMatchObject(stale);
    expect((await next.ask('effects')).value).not.toContain(30);
  });
});

/** Until a session of this server waits for a lock. */
async function waiting(postgres: Postgres): Promise<void> {
  await until('somebody waits for a lock', async () => {
    const waits = await postgres.query(`SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
    return waits.length > 0;
  });
}

describe('require()', () => {
  const file = join(directory, 'lease.json');
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const database = { ENGINE: 'django.db.backends.sqlite3', NAME: ':memory:' };

  function write(further: Partial<Parameters<typeof encodeLeaseFile>[0]>): void {
    const lease = {
      group: 'schedulers',
      id: 'web-1',
      epoch: 5,
      validUntil: monotonicNow() + 10_000,
      bootId,
      ...further,
    };
    writeFileSync(file, encodeLeaseFile(lease));
  }

  test('says how long the lease holds that djsup wrote down', async () => {
    await using site = startSite(database, 5, { DJSUP_LEADER_FILE: file });
    write({});
    const { value } = await site.ask('require', { min_valid: 2 });
    expect(value).toBeGreaterThan(5);
    expect(value).toBeLessThan(10);
    expect(await site.ask('require', { min_valid: 20 })).toMatchObject(stale);
  });

  test.each([
    ['another epoch', { epoch: 6 }],
    ['another group', { group: 'x' }],
    ['another boot', { bootId: 'x' }],
    ['a lease that has run out', { validUntil: 1 }],
    ['a lease that was given up', { validUntil: 0 }],
  ])('refuses %s', async (_, further) => {
    await using site = startSite(database, 5, { DJSUP_LEADER_FILE: file });
    write(further);
    expect(await site.ask('require', { min_valid: 0 })).toMatchObject(stale);
  });

  test('refuses a damaged file, and none', async () => {
    await using site = startSite(database, 5, { DJSUP_LEADER_FILE: file });
    writeFileSync(file, '{"epoch": 5');
    expect(await site.ask('require', { min_valid: 0 })).toMatchObject(stale);
    rmSync(file);
    expect(await site.ask('require', { min_valid: 0 })).toMatchObject(stale);
  });
});
