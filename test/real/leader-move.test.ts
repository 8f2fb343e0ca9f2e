// An election moves from Redis to PostgreSQL by two roll-outs, replica by replica, with real processes and engines: first all
// go by both records, then by the new one alone. And what happens to a replica that knows of an engine the others do not.
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LeaderConfig } from '../../src/core/config.ts';
import { openBacking } from '../../src/host/backing.ts';
import { describeOverlap, judge } from '../chaos/check.ts';
import { makeResource } from '../chaos/fence.ts';
import { lastBeat, readLives } from '../chaos/history.ts';
import type { Link } from '../chaos/link.ts';
import { createReplica } from '../chaos/replica.ts';
import type { Replica } from '../chaos/replica.ts';
import { monotonicNow } from '../../src/host/clock.ts';
import { openLeaseStore } from '../../src/host/leases.ts';
import { planOf } from '../core/plan-kit.ts';
import { look, recordFor, soon } from '../host/leases.contract.ts';
import { storeDeps } from '../host/machine.ts';

import { postgresMissing, startPostgres } from '../support/engines/postgres.ts';
import type { Postgres } from '../support/engines/postgres.ts';
import { redisMissing, startRedis } from '../support/engines/redis.ts';
import type { Redis } from '../support/engines/redis.ts';
import { noNamespaces, until } from '../support/rig.ts';

const why = redisMissing() ?? postgresMissing() ?? noNamespaces;

/** No network in between: both engines are on loopback. */
const noLink: Link = {
  prefix: ['env'],
  host: '127.0.0.1',
  port: 0,
  set() {},
  redirect() {},
  plug() {},
  through: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

const python = '/usr/bin/python3';

const timings = [
  'profile: fast',
  'lease-duration: 2400ms',
  'renew-period: 400ms',
  'request-timeout: 400ms',
  'lost-kill-delay: 200ms',
];

describe.skipIf(why !== undefined)(`a move${why === undefined ? '' : `, left out: ${why}`}`, () => {
  let redis: Redis;
  let postgres: Postgres;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'djsup-move-'));
    chmodSync(directory, 0o755);
    [redis, postgres] = await Promise.all([startRedis(), startPostgres(['fsync=on'])]);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([redis?.stop(), postgres?.stop()]);
    rmSync(directory, { recursive: true, force: true });
  });

  const environment = () => ({
    REDIS_DB_CONNECT_STRING: redis.dsn(),
    POSTGRESQL_DB_CONNECT_STRING: `${postgres.dsn('djsup')}?sslmode=disable`,
  });

  /**
   * Three replicas are there first; then each template replaces them one by one, as a roll-out does. `ready`: the young one is, so that
   * the old one may go.
   */
  async function rollOut(
    name: string,
    templates: readonly (readonly string[])[],
    ready: (young: Replica) => Promise<void> = () => Promise.resolve(),
  ) {
    const beats = join(directory, name);
    mkdirSync(beats);
    const effects = join(directory, `${name}-effects`);
    makeResource(python, effects);
    const pods = new Map<number, Replica>();
    await using replicas = new AsyncDisposableStack();
    replicas.defer(async () => {
      for (const pod of pods.values()) await pod[Symbol.asyncDispose]();
    });
    const open = async (leader: readonly string[], number: string): Promise<Replica> => {
      const own = join(directory, `${name}-${number}`);
      mkdirSync(own);
      const replica = createReplica({
        name: `${name}-${number}`,
        directory: own,
        beats,
        python,
        effects,
        clock: { isThere: false, why: 'no clock is set here' },
        leader: [...leader, ...timings],
        environment: environment(),
        account: undefined,
        link: noLink,
        stubborn: false,
      });
      await replica.start();
      return replica;
    };
    for (const [stage, leader] of templates.entries()) {
      for (const index of [0, 1, 2]) {
        const young = await open(leader, `${stage}${index}`);
        const old = pods.get(index);
        pods.set(index, young);
        await ready(young);
        if (stage === 0) continue;
        // As Kubernetes does it: the new one is there before the old one goes; one of them goes without a word.
        old?.signal('djsup', index === 1 ? 'SIGKILL' : 'SIGTERM');
        await old?.ended();
        await old?.[Symbol.asyncDispose]();
        await untilLed(beats, pods.values());
      }
      await untilLed(beats, pods.values());
    }
    return { lives: readLives(beats), pods: [...pods.values()].map((pod) => pod.name) };
  }

  const onRedis = ['backend: redis'];
  const onPostgres = ['backend: postgres'];
  // All records of these replicas have one name.
  const onBoth = [...onPostgres, 'moved-from: { backend: redis, name: chaos }'];

  test('by way of both records, pod by pod, never two run, and epochs rise', async () => {
    const { lives, pods } = await rollOut('move', [onRedis, onBoth, onPostgres]);
    const { overlaps, disorder } = judge(lives, []);
    expect(overlaps.map((one) => describeOverlap(one, lives[0]?.start ?? 0))).toEqual([]);
    expect(disorder).toEqual([]);
    expect(pods).toContain(lives.at(-1)?.replica);
    expect(lives.length).toBeGreaterThan(3);
  }, 120_000);

  test('planted fault: straight from one to the other two run, and the judge says so', async () => {
    const beats = join(directory, 'straight');
    const runs = (name: string): boolean => readLives(beats).some((life) => life.replica === name);
    const { lives } = await rollOut('straight', [onRedis, onPostgres], async ({ name }) => {
      if (['straight-00', 'straight-10'].includes(name))
        await until(`${name} runs it`, () => runs(name), 10_000);
    });
    expect(judge(lives, []).overlaps).not.toEqual([]);
  }, 120_000);

  const configOf = (keys: string): LeaderConfig => {
    const plan = planOf(
      `services: {a-scheduler: {override: replace, command: x}}\nleader: {schedulers: {override: replace${keys}}}`,
    );
    const config = plan.leader.get('schedulers');
    if (config === undefined) throw new Error('there is no group');
    return config;
  };

  async function choose(keys: string, further: Readonly<Record<string, string>> = {}) {
    const { signal } = new AbortController();
    const deps = { ...(await storeDeps()), environment: { ...environment(), ...further }, directory };
    return openBacking(configOf(keys), signal, deps);
  }

  test('a record of before that is not there is warned of', async () => {
    const backing = await choose(', backend: postgres, name: new, moved-from: {backend: redis, name: wrong}');
    if (backing.kind !== 'store') throw new Error(backing.because);
    await using stack = new AsyncDisposableStack();
    stack.defer(() => backing.store.close());
    expect(backing.backend).toBe('redis+postgres');
    expect(await backing.store.open(soon())).toMatchObject({
      kind: 'ready',
      place: expect.stringMatching(/^Redis at .*wrong.* and PostgreSQL at /),
      warnings: expect.arrayContaining([
        expect.stringMatching(/"moved-from" names a record that is not there: Redis/),
      ]),
    });
  });

  test('one record under two addresses is refused, with the way out', async () => {
    const backing = await choose(
      ', backend: redis, name: one, moved-from: {backend: redis, redis: {dsn-env: ALIAS}}',
      {
        ALIAS: redis.dsn().replace('127.0.0.1', 'localhost'),
      },
    );
    if (backing.kind !== 'store') throw new Error(backing.because);
    await using stack = new AsyncDisposableStack();
    stack.defer(() => backing.store.close());
    const view = await look(backing.store);
    expect(await backing.store.write(view.version, recordFor(view), soon())).toMatchObject({
      kind: 'failed',
      error: 'unsafe',
      message: expect.stringMatching(/one and the same record; leave "moved-from" out/),
    });
  });

  test('a replica that finds another engine first sees who leads by the one of before, and waits', async () => {
    const deps = await storeDeps();
    const settings = {
      kind: 'redis',
      name: 'djsup-schedulers',
      dsn: redis.dsn(),
      prefix: 'djsup:leader:',
    } as const;
    await using stack = new AsyncDisposableStack();
    const former = await openLeaseStore(settings, deps);
    stack.defer(() => former.close());
    const write = async (): Promise<void> => {
      const seen = await former.read(soon());
      if (seen.kind === 'failed') throw new Error(seen.message);
      await former.write(
        seen.view.version,
        recordFor(seen.view, { holder: 'web-old', lease: 1_200e6 }),
        soon(),
      );
    };
    await write();
    const renewals = setInterval(() => void write(), 100);
    const refused = await choose('');
    clearInterval(renewals);
    expect(refused).toMatchObject({
      kind: 'blocked',
      backend: 'postgres',
      because: expect.stringMatching(
        /"web-old" leads group "schedulers" by its record in Redis at .*"moved-from".*DJSUP_APP/,
      ),
    });
    expect(JSON.stringify(refused)).not.toContain('pass-word');
    const taken = await choose('');
    expect(taken).toMatchObject({ kind: 'store', backend: 'postgres' });
    if (taken.kind === 'store') await taken.store.close();
  }, 60_000);
});

/** A scheduler of one of these has begun a while ago, and runs. */
async function untilLed(beats: string, pods: Iterable<Replica>): Promise<void> {
  const names = new Set([...pods].map(({ name }) => name));
  await until(
    'somebody leads',
    () => {
      const now = monotonicNow() / 1000;
      return readLives(beats).some(
        (life) => names.has(life.replica) && now - lastBeat(life) < 0.05 && now - life.start > 0.3,
      );
    },
    30_000,
  );
}
