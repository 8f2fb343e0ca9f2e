// A world of replicas and one engine, a nemesis, and what came of it. Law: a fault begins only while somebody leads, and the
// next one only when somebody leads again, so that each gap in the history has one cause.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicNow } from '../../src/host/clock.ts';
import { createRandom } from '../sim/schedule.ts';
import { noNamespaces, until } from '../support/rig.ts';
import { judgeCalm } from './calm.ts';
import type { Calm } from './calm.ts';
import { judge } from './check.ts';
import type { Fault, Verdict } from './check.ts';
import type { ChaosEngine, EngineKind } from './engine.ts';
import { findClock, removeClocks } from './fake-clock.ts';
import type { FakeClock } from './fake-clock.ts';
import { judgeFence, makeResource, readEffects } from './fence.ts';
import type { FenceVerdict } from './fence.ts';
import { latestLife, readLives } from './history.ts';
import type { Life } from './history.ts';
import { hostOf, networkMissing, openLink } from './link.ts';
import { leftOut, possible, strike } from './nemesis.ts';
import type { LeftOut } from './nemesis.ts';
import { createReplica } from './replica.ts';
import type { Replica } from './replica.ts';

export interface ChaosOptions {
  readonly engine: EngineKind;
  /** How many; undefined: each of `kinds` once. */
  readonly faults?: number;
  readonly seed: number;
  readonly replicas?: number;
  /** These kinds alone, in turn. */
  readonly kinds?: readonly string[];
  /** Told of each fault when it is over. */
  readonly progress?: (done: number, fault: Fault) => void;
}

export interface ChaosReport {
  /** Which of several it ran on; undefined: there is but one. */
  readonly variant: string | undefined;
  readonly faults: readonly Fault[];
  readonly lives: readonly Life[];
  readonly verdict: Verdict;
  readonly fence: FenceVerdict;
  /** Where there was no peace although there should have been, in words. */
  readonly unrest: readonly string[];
  /** Kinds that could not be played. */
  readonly leftOut: readonly LeftOut[];
  /** What the replicas logged, for a failing test; the end of each, enough for minutes. */
  readonly logs: string;
}

/** How long a lease is in this world, s. */
export const lease = 2.4;
/** A quick profile for a machine that is not idle: S4 holds with two tries. */
const timings = [
  'profile: fast',
  `lease-duration: ${lease * 1000}ms`,
  'renew-period: 400ms',
  'request-timeout: 400ms',
  'lost-kill-delay: 200ms',
];
/** After this long somebody leads again, or something is wrong, ms. */
const patience = 30_000;
/** A leader has to have led for so long before the next fault, ms. */
const steady = 250;

/** Why there can be no world of this engine here. */
export function chaosMissing(engine: EngineKind): string | undefined {
  return noNamespaces ?? networkMissing() ?? engine.missing();
}

export async function play(options: ChaosOptions): Promise<ChaosReport> {
  const random = createRandom(options.seed);
  await using world = await openWorld(options);
  const { replicas, beats } = world;
  const kinds = possible(world, options.kinds);
  const count = options.faults ?? kinds.length;
  const faults: Fault[] = [];
  const calms: Calm[] = [];
  try {
    calms.push(await restFor(1, world));
    while (faults.length < count) {
      let leader = await untilLed(beats, replicas);
      const kind = options.kinds === undefined ? random.pick(kinds) : kinds[faults.length % kinds.length];
      if (kind === undefined) throw new Error('there is no such fault in this world');
      // Every second one comes like any other day; the others in the wake of what was before.
      if (kind.isMeasured && random.chance(0.5)) {
        await sleep(lease * 1000);
        leader = await untilLed(beats, replicas);
      }
      const fault = await strike(world, kind, leader, random);
      faults.push(fault);
      options.progress?.(faults.length, fault);
    }
    // What the last fault has led to is over within a lease.
    await untilLed(beats, replicas);
    await sleep(lease * 1000);
    calms.push(await restFor(3, world));
  } catch (error) {
    const after = faults.at(-1)?.parts.join(', ') ?? 'the start';
    throw new Error(`${String(error)} after ${after}\n${world.logs()}`, { cause: error });
  }
  const over = monotonicNow() / 1000;
  await world.end();
  const lives = readLives(beats);
  const verdict = judge(lives, faults);
  // The replicas end one after the other, and who is left may take over for a moment.
  const gaps = verdict.gaps.filter(({ to }) => to <= over);
  return {
    variant: world.engine.variant,
    faults,
    lives,
    verdict: { ...verdict, gaps },
    fence: judgeFence(readEffects(findPython(), world.effects), lives),
    unrest: judgeCalm(
      lives.filter(({ start }) => start <= over),
      faults,
      calms,
      lease,
    ),
    leftOut: leftOut(world, options.kinds),
    logs: world.logs(),
  };
}

/** Once somebody leads: so many leases in which nothing is done to anybody. */
async function restFor(leases: number, { beats, replicas }: World): Promise<Calm> {
  await untilLed(beats, replicas);
  const from = monotonicNow() / 1000;
  await sleep(leases * lease * 1000);
  return { from, to: monotonicNow() / 1000 };
}

interface World extends AsyncDisposable {
  readonly engine: ChaosEngine;
  readonly replicas: readonly Replica[];
  readonly beats: string;
  /** The database to which they send effects. */
  readonly effects: string;
  logs(): string;
  /** Ends replicas and engine; what was written stays until it is disposed of. */
  end(): Promise<void>;
}

async function openWorld(options: ChaosOptions): Promise<World> {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'djsup-chaos-'));
  chmodSync(directory, 0o755);
  const beats = join(directory, 'beats');
  mkdirSync(beats);
  const effects = join(directory, 'effects');
  makeResource(findPython(), effects);
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rmSync(directory, { recursive: true }));
  const running = opened.use(new AsyncDisposableStack());
  const indexes = Array.from({ length: options.replicas ?? 3 }, (_, index) => index + 1);
  // Only where it is played: a djsup under it is not quite as others run it.
  const wantsClock = options.kinds?.some((kind) => kind === 'clock step' || kind === 'pair') ?? true;
  const clock: FakeClock = wantsClock ? findClock() : { isThere: false, why: 'it was not asked for' };
  running.defer(removeClocks);
  const engine = await options.engine.start(indexes.map(hostOf));
  running.defer(() => engine.stop());
  const replicas: Replica[] = [];
  for (const index of indexes) {
    const own = join(directory, `r${index}`);
    mkdirSync(own);
    const link = await openLink(index, engine.port);
    const replica = createReplica({
      name: `r${index}`,
      directory: own,
      beats,
      python: findPython(),
      leader: [...engine.layer, ...timings],
      environment: engine.environment(link.host, link.port),
      account: engine.account,
      link,
      stubborn: index === 3,
      effects,
      clock,
    });
    replicas.push(running.use(replica));
    await replica.start();
  }
  const kept = opened.move();
  return {
    engine,
    replicas,
    beats,
    effects,
    logs: () => logsOf(directory, replicas),
    end: () => running.disposeAsync(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Whose scheduler beats, has for a while, and goes on. */
async function untilLed(beats: string, replicas: readonly Replica[]): Promise<Replica> {
  let seen: readonly [file: Life, to: number] | undefined;
  return until(
    'somebody leads',
    () => {
      const life = latestLife(beats);
      const [from, to] = life?.stretches.at(-1) ?? [0, 0];
      if (life === undefined || (to - from) * 1000 < steady || monotonicNow() / 1000 - to > 0.05)
        seen = undefined;
      else if (seen?.[0].start !== life.start) seen = [life, to];
      else if ((to - seen[1]) * 1000 > steady) return replicas.find(({ name }) => name === life.replica);
      return undefined;
    },
    patience,
  );
}

function logsOf(directory: string, replicas: readonly Replica[]): string {
  return replicas
    .map(({ name }) => `${name}:\n${readFileSync(join(directory, name, 'log'), 'utf8').slice(-200_000)}`)
    .join('\n');
}

/** As the guard would find it. */
function findPython(): string {
  const found = ['/usr/bin/python3', '/usr/local/bin/python3'].find((path) => existsSync(path));
  if (found === undefined) throw new Error('cannot find "python3": install it (Debian: apt install python3)');
  return found;
}
