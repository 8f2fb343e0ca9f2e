// Replicas in worlds of fakes that share a clock and one pretend engine, for stories of elections with real keepers.
import { formatProblem } from '../../src/core/problem.ts';
import type { LeaderRecord, View } from '../../src/core/leader/record.ts';
import type { Outcome } from '../../src/core/leader/state.ts';
import type { ReplicaDeps } from '../../src/daemon/singletons.ts';
import type { LeaseStore } from '../../src/ports.ts';
import { fakeClock } from './fakes.ts';
import { viewOf } from './leader-life.ts';
import { layer, world } from './world.ts';

/** One record for each group. */
interface FakeEngine {
  /** What stands in the record of the group that was there first. */
  view: View;
  /** Replicas that cannot reach it. */
  readonly cutOff: Set<string>;
  /** What it refuses everybody with. */
  refusal: Extract<Outcome, { kind: 'failed' }> | undefined;
  /** What becomes of the next writes, one after another; those of others, and later ones, are answered at once. */
  readonly fates: WriteFate[];
  /** Replicas with a store that was opened and not closed. */
  readonly open: ReadonlySet<string>;
  store(replica: string, group: string): LeaseStore;
}

/** A write that is answered late. */
export interface WriteFate {
  readonly replica: string;
  /** At once; else only when it is answered, unless that answer is a failure. */
  readonly carriedOut: boolean;
  /** Undefined: what became of it. */
  readonly answer: Promise<Outcome | undefined>;
}

interface Register {
  view: View;
  readonly watchers: Map<string, (view: View) => void>;
  readonly open: Set<string>;
}

function fakeEngine(): FakeEngine {
  const registers = new Map<string, Register>();
  function register(group: string): Register {
    const found = registers.get(group) ?? { view: viewOf(undefined), watchers: new Map(), open: new Set() };
    registers.set(group, found);
    return found;
  }
  function first(): Register {
    const [found] = registers.values();
    return found ?? register('');
  }

  const engine: FakeEngine = {
    get view() {
      return first().view;
    },
    set view(view) {
      first().view = view;
    },
    cutOff: new Set(),
    refusal: undefined,
    fates: [],
    get open() {
      return new Set([...registers.values()].flatMap(({ open }) => [...open]));
    },
    store(replica, group) {
      const own = register(group);
      const failure = (): Extract<Outcome, { kind: 'failed' }> | undefined =>
        engine.cutOff.has(replica)
          ? { kind: 'failed', error: 'transient', message: 'ECONNREFUSED' }
          : engine.refusal;
      function put(expect: string | undefined, record: LeaderRecord): Outcome {
        if (expect !== own.view.version) return { kind: 'conflict', view: own.view };
        own.view = viewOf(record);
        for (const [other, seen] of own.watchers) if (!engine.cutOff.has(other)) seen(own.view);
        return { kind: 'ok', view: own.view };
      }
      return {
        async open() {
          own.open.add(replica);
          return failure() ?? { kind: 'ready', place: 'the pretend engine', warnings: [] };
        },
        async read() {
          return failure() ?? { kind: 'ok', view: own.view };
        },
        async write(expect, record: LeaderRecord) {
          const failed = failure();
          if (failed !== undefined) return failed;
          const fate = engine.fates[0]?.replica === replica ? engine.fates.shift() : undefined;
          if (fate === undefined) return put(expect, record);
          const outcome = fate.carriedOut ? put(expect, record) : undefined;
          return (await fate.answer) ?? outcome ?? put(expect, record);
        },
        watch(events) {
          own.watchers.set(replica, (view) => events.seen(view));
          return () => own.watchers.delete(replica);
        },
        anchor: () => undefined,
        async close() {
          own.open.delete(replica);
        },
      };
    },
  };
  return engine;
}

type World = ReturnType<typeof world>;

export interface Crew {
  readonly engine: FakeEngine;
  readonly clock: ReturnType<typeof fakeClock>;
  /** A replica with this plan, its enabled services asked for. */
  join(name: string, plan: string, backing?: ReplicaDeps['backing'], release?: () => string): World;
  /** Its supervisor does nothing any more, its processes live on: a daemon that hangs. */
  hang(name: string): void;
  /** Lets time pass for all. */
  pass(milliseconds: number): Promise<void>;
  /** Names of replicas in which a process of the service lives. */
  running(service: string): readonly string[];
  /** The most replicas in which it ever lived at the same time. */
  most(service: string): number;
}

export function leaderCrew(): Crew {
  const clock = fakeClock();
  const engine = fakeEngine();
  const worlds = new Map<string, World>();
  const hung = new Set<string>();
  const peaks = new Map<string, number>();

  function running(service: string): readonly string[] {
    return [...worlds].flatMap(([name, { spawner }]) =>
      spawner.processes.some(({ launch, alive }) => alive && launch.owner === service) ? [name] : [],
    );
  }

  async function settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      for (const [name, each] of worlds) if (!hung.has(name)) each.settle();
      const owners = new Set(
        [...worlds.values()].flatMap(({ spawner }) => spawner.processes.map(({ launch }) => launch.owner)),
      );
      for (const owner of owners) peaks.set(owner, Math.max(peaks.get(owner) ?? 0, running(owner).length));
    }
  }

  return {
    engine,
    clock,
    running,
    most: (service) => peaks.get(service) ?? 0,
    hang: (name) => void hung.add(name),
    join(name, plan, backing, release = () => 'r1') {
      const elected: ReplicaDeps['backing'] = ({ group }) =>
        Promise.resolve({
          kind: 'store',
          backend: 'pretend',
          because: 'for tests',
          store: engine.store(name, group),
        });
      const each = world({
        clock,
        plan,
        release,
        replica: {
          self: { name, instance: `pod/${name}`, boot: `boot of ${name}`, isInit: true },
          about: {},
          backing: backing ?? elected,
          kernelBoot: 'boot',
          leasePath: (group) => `/run/leader-${group}.json`,
        },
      });
      worlds.set(name, each);
      each.face.actOnServices('autostart', []);
      return each;
    },
    async pass(milliseconds) {
      await settle();
      for (let left = milliseconds; left > 0; left -= 20) {
        clock.pass(Math.min(20, left));
        await settle();
      }
    },
  };
}

/** Takes another plan; what runs goes on as it is. */
export function load(each: World, plan: string): void {
  const loaded = each.supervisor.load([layer(plan)]);
  if (!loaded.ok) throw new Error(loaded.failure.map(formatProblem).join('\n'));
}

/** Takes another plan and replans, as SIGHUP does. */
export function reload(each: World, plan: string): void {
  load(each, plan);
  each.face.actOnServices('replan', []);
}
